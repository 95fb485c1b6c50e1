"""The examples in the package's documentation run, and everything public has some."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import satori_store
from satori_store import engine, errors, instants, store, uuids

from .conftest import FEEDS


@pytest.mark.parametrize("module", [satori_store, instants, store, uuids])
def test_examples(module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = (FEEDS / "bitcoin.ndjson").read_bytes()
    failed, tried = doctest.testmod(module, extraglobs={"answer": answer})
    assert failed == 0 and tried > 0


def public(module: ModuleType) -> list[Any]:
    names = getattr(module, "__all__", None) or [
        name for name in vars(module) if not name.startswith("_")
    ]
    found = [getattr(module, name) for name in names]
    return [one for one in found if getattr(one, "__module__", "").startswith("satori_store")]


def members(one: type) -> list[tuple[str, Any]]:
    """Lists the methods and properties that a class of ours has, inherited ones among them."""
    return [
        (name, member)
        for base in inspect.getmro(one)
        if base.__module__.startswith("satori_store")
        for name, member in vars(base).items()
        if (callable(member) or isinstance(member, (property, classmethod, staticmethod)))
        and not name.startswith("_")
    ]


@pytest.mark.parametrize("module", [satori_store, engine, errors])
def test_everything_public_is_documented(module: ModuleType) -> None:
    assert inspect.getdoc(module)
    for one in public(module):
        assert inspect.getdoc(one), one
        if inspect.isclass(one):
            for name, member in members(one):
                assert inspect.getdoc(member), f"{one.__name__}.{name}"


def test_the_control_inherited_methods_are_among_the_members() -> None:
    names = [name for name, _ in members(satori_store.Store)]
    assert {"close", "closed", "upsert_stream", "insert", "ingest", "in_memory"} <= set(names)
