"""Builds the C library with Cargo and puts it into the wheel.

SATORI_STORE_CARGO_FLAGS replaces the features it is built with, such as
`--no-default-features --features capi,system-sqlite`.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

LIBRARIES = {"libsatori_store.so", "libsatori_store.dylib", "satori_store.dll"}


class CargoHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatch's hook: runs before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds the library, and marks the wheel as one for this platform."""
        package = Path(self.root)
        library = build(package.parent)
        target = package / "satori_store" / f"libsatori_store{library.suffix}"
        # Removed first: a running program may have loaded the file.
        target.unlink(missing_ok=True)
        shutil.copyfile(library, target)
        build_data["pure_python"] = False
        # Any Python 3: nothing is compiled against Python.
        build_data["tag"] = f"py3-none-{platform()}"


def platform() -> str:
    """Returns the wheel's platform tag. On Linux it is the one that names this machine's C
    library, because that one or a newer one is needed; every machine would take
    `linux_…`."""
    tags = list(platform_tags())
    return next((tag for tag in tags if tag.startswith(("manylinux_", "musllinux_"))), tags[0])


def build(crate: Path) -> Path:
    """Builds the crate in this folder, and returns the shared library."""
    if not (crate / "Cargo.toml").exists():
        raise SystemExit(f"{crate} has no Cargo.toml: build from a clone of satori-store")
    flags = os.environ.get("SATORI_STORE_CARGO_FLAGS", "--features capi")
    command = ["cargo", "rustc", "--release", "--locked", "--lib", "--package", "satori-store"]
    # Beside the Rust library, it would not be optimised as a whole.
    command += ["--crate-type", "cdylib"]
    command += [*shlex.split(flags), "--message-format", "json-render-diagnostics"]
    built = subprocess.run(command, cwd=crate, stdout=subprocess.PIPE, check=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        for file in message.get("filenames", []):
            if Path(file).name in LIBRARIES:
                return Path(file)
    raise SystemExit("cargo built no shared library")
