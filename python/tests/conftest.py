"""What the tests share. `tests/fixtures` and `tests/feeds` of the project hold real data."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from satori_store import Store

ROOT = Path(__file__).resolve().parents[2]
FEEDS = ROOT / "tests/feeds"
FIXTURES = ROOT / "tests/fixtures"
BITCOIN = "d39cd529-5dd4-5e4b-abc9-90b3751e71f1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Returns the path of a test's store."""
    return tmp_path / "engine.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """Opens a new store."""
    with Store(path) as store:
        yield store


@pytest.fixture
def fixture(tmp_path: Path) -> Callable[[str], Path]:
    """Copies an engine.db as found in the field, by its name."""

    def copy(name: str) -> Path:
        return Path(shutil.copy(FIXTURES / name, tmp_path / name))

    return copy
