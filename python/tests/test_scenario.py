"""The scenario that Rust, C and C++ play, played through Python."""

from __future__ import annotations

from pathlib import Path

from .conftest import ROOT
from .scenario import Player


def test_the_answers_are_the_same(tmp_path: Path) -> None:
    player = Player(tmp_path)
    operation, wanted, said, played = "", [""], [""], 0
    wanted.clear()
    said.clear()
    lines = (ROOT / "tests/scenario.txt").read_text(encoding="utf-8").split("\n")
    for number, line in enumerate([*lines, "# the end"], 1):
        if line.startswith("= "):
            wanted.append(line[2:])
            continue
        if line == "" or line.startswith("#"):
            continue
        assert said == wanted, f"line {number}: {operation}"
        operation, said = line, player.play(line)
        wanted.clear()
        played += 1
    assert said == wanted, operation
    assert played > 200
