"""The ctypes declarations are those of include/satori_store.h."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

import pytest

from satori_store import _handle, errors
from satori_store._capi import library, structs
from satori_store._operations import observations, payloads, streams
from satori_store._reading import lookup

from .conftest import ROOT

HEADER = (ROOT / "include/satori_store.h").read_text(encoding="utf-8")
CODE = re.sub(r"/\*.*?\*/|//[^\n]*", "", HEADER, flags=re.DOTALL)
DEFINED = dict(re.findall(r"#define (SATORI_\w+) (\w+)", CODE))

STRUCTS: dict[str, type[ctypes.Structure]] = {
    "satori_error": structs.Error,
    "satori_text": structs.Text,
    "satori_summary": structs.Summary,
    "satori_library_info": structs.LibraryInfo,
    "satori_open_options": structs.OpenOptions,
    "satori_stream_patch": structs.StreamPatch,
    "satori_stream": structs.Stream,
    "satori_insert_report": structs.InsertReport,
    "satori_statistics": structs.Statistics,
    "satori_verification": structs.Verification,
    "satori_ingest_options": structs.IngestOptions,
    "satori_ingest_report": structs.IngestReport,
}
NUMBERS: dict[str, Any] = {
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "double": ctypes.c_double,
    "satori_status": ctypes.c_int32,
}
HANDLES = {"satori_store", "satori_stream_list", "satori_cursor", "satori_string"}


def ctypes_of(declared: str) -> list[Any]:
    """Returns what a C type may be in ctypes. A pointer to items of an array may be an
    address."""
    kind = declared.replace("const ", "").replace("struct ", "").strip()
    base, stars = kind.rstrip("* "), kind.count("*")
    if base in HANDLES:
        return [ctypes.c_void_p] if stars == 1 else [ctypes.POINTER(ctypes.c_void_p)]
    if base == "char":
        if stars == 2:
            return [ctypes.POINTER(ctypes.c_void_p)]
        return [ctypes.c_char_p] if "const" in declared else [ctypes.c_void_p]
    if base == "ArrowArrayStream":
        return [ctypes.c_void_p]
    item: Any = NUMBERS.get(base) or STRUCTS[base]
    return [item] if stars == 0 else [ctypes.POINTER(item), ctypes.c_void_p]


def declarations() -> dict[str, list[str]]:
    """Reads the header's functions, each with the types of its arguments."""
    found = re.findall(r"\nsatori_status (satori_\w+)\((.*?)\);", CODE, flags=re.DOTALL)
    return {
        name: [
            re.sub(r"\s+", " ", re.sub(r"\w+$", "", argument.strip())).strip()
            for argument in arguments.split(",")
        ]
        for name, arguments in found
    }


def test_every_function_is_declared() -> None:
    symbols = (ROOT / "capi/symbols.txt").read_text(encoding="utf-8").split()
    symbols.remove("satori_status_name")  # an exception's `code` is the name
    assert sorted(library.FUNCTIONS) == sorted(symbols) == sorted(declarations())


@pytest.mark.parametrize("name", sorted(declarations()))
def test_arguments(name: str) -> None:
    declared, ours = declarations()[name], library.FUNCTIONS[name]
    assert len(declared) == len(ours), declared
    for position, (c_type, ours_type) in enumerate(zip(declared, ours)):
        assert ours_type in ctypes_of(c_type), f"argument {position}: {c_type}"


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_fields(name: str) -> None:
    body = re.search(r"typedef struct \{([^}]*)\} " + name + ";", CODE)
    assert body is not None
    declared = []
    for line in filter(None, (line.strip() for line in body[1].split(";"))):
        kind, field, size = re.fullmatch(r"(.*?)(\w+)(?:\[(\w+)\])?", line).groups()  # type: ignore[union-attr]
        # A pointer to text is kept as an address: it may be NULL, and need no NUL.
        kinds = [*ctypes_of(kind), ctypes.c_void_p]
        if size is not None:
            kinds = [ctypes.c_char * int(DEFINED[size])]
        declared.append((field, kinds))
    ours = STRUCTS[name]._fields_
    assert [field for field, *_ in ours] == [field for field, _ in declared]
    for (field, kind, *_), (_, kinds) in zip(ours, declared):
        assert kind in kinds, field


def test_every_struct_is_compared() -> None:
    assert set(re.findall(r"\} (satori_\w+);", CODE)) == set(STRUCTS)


def test_statuses_are_exceptions() -> None:
    found = re.search(r"enum satori_code\b.*?\{(.*?)\};", CODE, flags=re.DOTALL)
    assert found is not None
    codes = {int(number): name for name, number in re.findall(r"SATORI_(\w+) = (\d+)", found[1])}
    del codes[0]  # SATORI_OK
    # What only a misuse of pointers brings about, and Python's side never does; and what
    # Python's side answers with more room.
    assert codes.pop(101) == "NULL_POINTER"
    assert codes.pop(106) == "BUFFER_TOO_SMALL"
    assert codes == {kind.status: kind.code for kind in errors.KINDS.values()}


@pytest.mark.parametrize(
    ("name", "prefix", "ours"),
    [
        ("satori_synchronous", "SATORI_SYNCHRONOUS_", _handle._SYNCHRONOUS),
        ("satori_remove_what", "SATORI_REMOVE_", streams._REMOVE),
        ("satori_format", "SATORI_FORMAT_", payloads._FORMATS),
        (
            "satori_insertion",
            "SATORI_",
            {name: number for number, name in enumerate(observations._INSERTIONS)},
        ),
        (
            "satori_field",
            "SATORI_FIELD_",
            {name: 1 << number for number, name in enumerate(structs.FIELDS)},
        ),
    ],
)
def test_choices(name: str, prefix: str, ours: dict[str, int]) -> None:
    found = re.search(r"enum " + name + r"\b.*?\{(.*?)\};", CODE, flags=re.DOTALL)
    assert found is not None
    choices = re.findall(prefix + r"(\w+) = (\d+)", found[1])
    assert {choice.lower(): int(number) for choice, number in choices} == ours


def test_numbers_of_the_header() -> None:
    version = tuple(int(DEFINED[f"SATORI_VERSION_{part}"]) for part in ("MAJOR", "MINOR", "PATCH"))
    assert version == library.VERSION
    assert int(DEFINED["SATORI_UUID_SIZE"]) == library.UUID_SIZE
    assert DEFINED["SATORI_NO_INSTANT"] == "INT64_MIN"


def test_the_control_a_changed_signature_is_noticed() -> None:
    assert library.FUNCTIONS["satori_count"][3] in ctypes_of("int64_t")
    assert library.FUNCTIONS["satori_count"][3] not in ctypes_of("int32_t")
    assert Path(ROOT / "include/satori_store.h").exists()


def test_a_stream_is_unpacked_as_it_is_declared() -> None:
    stream, pattern = structs.Stream(), []
    for place, (name, kind) in enumerate(structs.Stream._fields_[1:]):  # type: ignore[misc]
        setattr(stream, name, (place + 1, place + 101) if kind is structs.Text else place + 1)
        pattern += [place + 1, place + 101] if kind is structs.Text else [place + 1]
    assert lookup._MEMBERS.size == ctypes.sizeof(structs.Stream)
    assert list(lookup._MEMBERS.unpack(bytes(stream)))[1:] == pattern
