"""The notebook of examples/ runs, and shows what it says."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

# No test of this file is skipped: the packages are among those that the tests need.
import ipykernel  # noqa: F401
import matplotlib  # noqa: F401
import nbclient
import nbformat
import pytest

from .conftest import ROOT

NOTEBOOK = ROOT / "examples/engine.ipynb"


def read() -> Any:
    """Reads the notebook as it is stored."""
    text = NOTEBOOK.read_text(encoding="utf-8")
    return nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]


def code(notebook: Any) -> list[Any]:
    """Returns the cells of code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def ran() -> Any:
    """Runs the notebook where it lies, in a kernel of its own."""
    notebook = read()
    folder = {"metadata": {"path": str(NOTEBOOK.parent)}}
    client = nbclient.NotebookClient(
        notebook, timeout=300, startup_timeout=300, kernel_name="python3", resources=folder
    )
    with warnings.catch_warnings():
        # What the kernel's own packages find to say of each other.
        warnings.simplefilter("ignore")
        client.execute()
    return notebook


def shown(notebook: Any, source: str, kind: str) -> str:
    """Returns what the cell of this first line shows in a kind of output."""
    (cell,) = [one for one in code(notebook) if one.source.split("\n")[0] == source]
    outputs = [one.data for one in cell.outputs if "data" in one]
    found = [one[kind] for one in outputs if kind in one]
    assert found, f"{source} shows no {kind}"
    return str(found[-1])


def printed(notebook: Any) -> list[str]:
    """Returns the lines that the notebook prints."""
    outputs = [one for cell in code(notebook) for one in cell.outputs]
    lines = [one.text for one in outputs if one.get("name") == "stdout"]
    return "".join(lines).splitlines()


def test_it_is_stored_without_outputs() -> None:
    """So that a change shows what has changed; and without a path of whoever has run it."""
    notebook = read()
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in code(notebook))
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|tmp|work|Users|usr)\b", text)


def test_it_runs(ran: Any) -> None:
    assert all(cell.execution_count for cell in code(ran))
    errors = [one for cell in code(ran) for one in cell.outputs if one.output_type == "error"]
    assert errors == []
    assert printed(ran) == [
        "bitcoin.ndjson 156 new, 0 already there",
        "batch.json 69 new, 30 already there",
        "new: ['ethereum']",
        "2025-01-31 102405.02 engine",
        "2025-02-28 84373.01 engine",
    ]


def test_it_shows_tables_and_pictures(ran: Any) -> None:
    html, png = "text/html", "image/png"
    years = 'store.resample(bitcoin.uuid, "1y")'
    assert "4 streams in " in shown(ran, "store", html)
    assert "<td>bitcoin</td>" in shown(ran, 'bitcoin = store.stream_by_name("bitcoin")', html)
    assert "93381.0" in shown(ran, "store.latest_of_all().to_pandas()", html)
    observations = shown(ran, "observations = store.observations(bitcoin.uuid)", html)
    assert "156 rows of" in observations and "<svg" in observations
    assert "13 steps of" in shown(ran, years, html)
    assert "1.22904" in shown(ran, 'eurusd = store.stream_by_name("eurusd")', html)
    for source in ("ax = observations.plot()", f"ax = {years}.plot()"):
        assert len(shown(ran, source, png)) > 5_000
    assert "closed" in shown(ran, "store.close()", html)


def test_it_leaves_nothing_behind(ran: Any) -> None:
    left = [path.name for path in Path(NOTEBOOK.parent).iterdir()]
    assert not [name for name in left if name.endswith((".db", "-wal", "-shm"))]
