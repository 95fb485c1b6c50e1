"""The package's modules import down the plan, never up, and in no circle."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import satori_store

PACKAGE = Path(satori_store.__file__).parent

#: Each module or folder and what it may import, from top to bottom. Imports for types
#: alone and imports inside functions count too.
PLAN: dict[str, set[str]] = {
    "__init__": {
        "store",
        "observations",
        "summaries",
        "aligned",
        "follow",
        "latest",
        "uuids",
        "sqlite",
        "instants",
        "errors",
        "reports",
        "records",
    },
    "engine": {"store", "frames", "instants", "_text", "errors", "reports", "records"},
    "store": {"_operations", "_handle", "sqlite", "_html", "errors"},
    "_operations": {
        "rows",
        "observations",
        "summaries",
        "aligned",
        "follow",
        "latest",
        "_steps",
        "_handle",
        "_reading",
        "instants",
        "_capi",
        "_text",
        "errors",
        "reports",
        "records",
    },
    "rows": {
        "frames",
        "_handle",
        "_reading",
        "instants",
        "_capi",
        "_text",
        "errors",
        "reports",
        "records",
    },
    "frames": {"instants", "errors"},
    "observations": {
        "_excerpt",
        "_plot",
        "_picture",
        "_handle",
        "_reading",
        "instants",
        "_capi",
        "errors",
        "records",
        "_html",
    },
    "summaries": {
        "_plot",
        "_picture",
        "_handle",
        "_reading",
        "instants",
        "_capi",
        "records",
        "_html",
    },
    "aligned": {"_plot", "_picture", "instants", "_html"},
    "latest": {"instants", "records", "_html"},
    "_excerpt": {"_picture", "_reading", "instants", "errors", "records"},
    "_plot": {"_picture"},
    "_picture": {"instants", "_html"},
    "follow": {"_handle", "_reading", "instants", "_capi", "records"},
    "_steps": {"instants", "_text", "errors"},
    "_handle": {"_capi", "_text", "errors", "reports"},
    "_reading": {"instants", "_capi", "errors", "reports", "records"},
    "uuids": {"_capi", "_text"},
    "sqlite": {"_capi"},
    "instants": {"_capi", "_text", "errors"},
    "_capi": {"_text", "errors"},
    "_text": {"errors"},
    "errors": {"reports", "store_error"},
    "reports": {"store_error"},
    "records": {"_html"},
    "store_error": set(),
    "_html": set(),
}


def imports(package: Path) -> dict[str, set[str]]:
    """Reads which modules of a package each of its modules imports, by dotted names. The
    package's own module is `__init__`."""
    files = {
        ".".join(path.relative_to(package).with_suffix("").parts): path
        for path in sorted(package.rglob("*.py"))
    }
    found: dict[str, set[str]] = {}
    for name, path in files.items():
        candidates = named(package.name, name, ast.parse(path.read_text(encoding="utf-8")))
        # `from x import y` imports the module x.y if there is one, else x.
        paths = (next((way for way in ways if way in files), None) for ways in candidates)
        found[name] = {path for path in paths if path is not None}
    return found


def named(package: str, name: str, tree: ast.Module) -> Iterator[list[str]]:
    """Yields, for each name that a module imports from the package, the modules that it may
    stand for, the most likely first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == package:
                    yield ways(alias.name.split(".")[1:])
        elif isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            if node.level > 0:
                parts = [*name.split(".")[: -node.level], *parts]
            elif parts[0] == package:
                parts = parts[1:]
            else:
                continue
            for alias in node.names:
                yield [*ways([*parts, alias.name]), *ways(parts)]


def ways(parts: list[str]) -> list[str]:
    """Returns the names that a module has as a file and as a folder."""
    return [".".join(parts), ".".join([*parts, "__init__"])]


def place(name: str) -> str:
    """Returns the line of the plan that a module belongs to."""
    return name.split(".")[0]


def faults(package: Path) -> Iterator[str]:
    """Yields what is not as the plan has it."""
    found = imports(package)
    for name, targets in found.items():
        if place(name) not in PLAN:
            yield f"{name} has no place in the plan"
            continue
        for target in sorted(targets):
            if place(target) not in {place(name), *PLAN[place(name)]}:
                yield f"{name} imports {target}: {place(name)} may not import {place(target)}"
    while found:
        # What imports nothing that is left is in no circle.
        ends = [name for name, targets in found.items() if not targets & set(found)]
        if not ends:
            yield f"a circle of imports is among {', '.join(sorted(found))}"
            return
        for name in ends:
            del found[name]


def drawn(package: Path) -> dict[str, set[str]]:
    """Returns which places each place imports."""
    arrows: dict[str, set[str]] = {name: set() for name in PLAN}
    for name, targets in imports(package).items():
        arrows[place(name)] |= {place(target) for target in targets} - {place(name)}
    return arrows


def test_imports_follow_the_plan() -> None:
    assert list(faults(PACKAGE)) == []
    # The plan allows no more than there is: it is a map.
    assert drawn(PACKAGE) == PLAN
    for name, targets in PLAN.items():
        print(f"{name} -> {', '.join(sorted(targets)) or 'nothing'}")


def test_the_plan_runs_down() -> None:
    order = list(PLAN)
    for at, (name, targets) in enumerate(PLAN.items()):
        assert targets <= set(order[at + 1 :]), name


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("rows.py", "from .store import Store", "rows imports store"),
        ("rows.py", "from . import store", "rows imports store"),
        ("sqlite.py", "import satori_store.store", "sqlite imports store"),
        ("records.py", "import satori_store.engine", "records imports engine.__init__"),
        ("engine/frames.py", "from satori_store import Store", "engine.frames imports __init__"),
        ("engine/frames.py", "from .._capi.call import call", "engine.frames imports _capi.call"),
        (
            "observations.py",
            "if TYPE_CHECKING:\n    from .store import Store",
            "observations imports store",
        ),
        (
            "_capi/call.py",
            "def late() -> None:\n    from ..records import Stream",
            "_capi.call imports records",
        ),
        ("_capi/structs.py", "from .call import call", "a circle of imports"),
        ("stray.py", "", "stray has no place in the plan"),
    ],
)
def test_the_control_a_wrong_import_is_found(
    tmp_path: Path, file: str, line: str, fault: str
) -> None:
    copy = tmp_path / "satori_store"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("libsatori_store.*"))
    assert list(faults(copy)) == []
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    found = list(faults(copy))
    assert any(one.startswith(fault) for one in found), found
