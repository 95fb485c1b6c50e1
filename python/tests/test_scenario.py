"""The scenario that Rust, C and C++ play, played through Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT
from .scenario import Player

#: A PostgreSQL server; the library must have the feature then.
SERVER = os.environ.get("SATORI_STORE_POSTGRES")


def play(scenario: Path, scratch: Path, renumbers: bool = False) -> int:
    """Plays the scenario, and returns the number of operations. With ``renumbers`` the ids of a
    store's streams are compared by the order in which they appear: SQLite leaves numbers out."""
    player = Player(scratch)
    ids: list[dict[str, int]] = [{}, {}]

    def seen(answer: list[str], side: int) -> list[str]:
        return [renumbered(line, ids[side]) if renumbers else line for line in answer]

    operation, wanted, said, played = "", [""], [""], 0
    wanted.clear()
    said.clear()
    lines = scenario.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate([*lines, "# the end"], 1):
        if line.startswith("= "):
            wanted.append(line[2:])
            continue
        if line == "" or line.startswith("#"):
            continue
        assert seen(said, 0) == seen(wanted, 1), f"line {number}: {operation}"
        if line.startswith("open\t"):
            ids = [{}, {}]
        operation, said = line, player.play(line)
        wanted.clear()
        played += 1
    assert seen(said, 0) == seen(wanted, 1), operation
    return played


def renumbered(line: str, ids: dict[str, int]) -> str:
    """Returns a line with the id of its stream, if it has one, as a number of ``ids``."""
    word, *rest = line.split("\t")
    if word != "stream":
        return line
    return "\t".join([word, str(ids.setdefault(rest[0], len(ids))), *rest[1:]])


def test_the_answers_are_the_same(tmp_path: Path) -> None:
    assert play(ROOT / "tests/scenario.txt", tmp_path) > 200


@pytest.mark.skipif(SERVER is None, reason="SATORI_STORE_POSTGRES names no server")
def test_the_answers_are_the_same_on_a_server(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.txt"
    subprocess.run([ROOT / "scripts/scenario-postgres", str(SERVER), scenario], check=True)
    assert play(scenario, tmp_path, renumbers=True) > 200
