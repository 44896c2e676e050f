"""Copies what jails bind to a folder of the worker's own, by digest, once. Nothing is bound from the clone:
below a home of mode 0700 a jail could not reach it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from exercises.sandbox.interface import SandboxBroken

MADE_ETC: Mapping[str, bytes] = {
    "passwd": b"student:x:1000:1000::/box:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
    "group": b"student:x:1000:\nnogroup:x:65534:\n",
    "hosts": b"127.0.0.1 localhost box\n",
    "nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
}
# What toolchains below /usr read in /etc: where libraries lie, which program a name means, Java's settings.
COPIED_ETC = ("ld.so.cache", "alternatives", "java-*-openjdk")


class Stage:
    """The staged copies below `root`, which this user owns and every parent of which can be traversed."""

    def __init__(self, root: Path) -> None:
        """Raises SandboxBroken, with the remedy, where `root` is not fit to bind from."""
        self.root = root
        self._known: dict[tuple[object, ...], Path] = {}
        try:
            root.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError as error:
            raise SandboxBroken(
                f"No se puede crear {root}: {error.strerror}. Indica otro SANDBOX_DIR."
            ) from error
        refuse_unfit(root)

    def put(self, source: Path) -> Path:
        """Copy a file or folder, symbolic links as links. Returns the staged path, of the same name."""
        source = Path(os.path.abspath(source))
        try:
            # Names, sizes and times stand for the content within one process: Envoy alone has 100 MB to digest.
            seen = (source, *(_identity(path) for path in _walk(source)))
            if seen not in self._known:
                self._known[seen] = self._copy(source, _digest(source))
            return self._known[seen]
        except OSError as error:
            raise SandboxBroken(f"No se puede preparar {source} para las jaulas: {error}") from error

    def put_text(self, name: str, text: str) -> Path:
        """A staged file with that text."""
        with tempfile.TemporaryDirectory(dir=self.root) as workshop:
            source = Path(workshop) / name
            source.write_text(text, encoding="utf-8")
            return self.put(source)

    def put_etc(self, machine: Path = Path("/etc")) -> Path:
        """The /etc of every jail: nobody real, and what toolchains read."""
        with tempfile.TemporaryDirectory(dir=self.root) as workshop:
            etc = Path(workshop) / "etc"
            etc.mkdir()
            for name, content in MADE_ETC.items():
                (etc / name).write_bytes(content)
            for pattern in COPIED_ETC:
                for found in machine.glob(pattern):
                    _copy_tree(found, etc / found.name, skip_unreadable=True)
            return self.put(etc)

    def holds(self, path: Path) -> bool:
        """True where the path lies below the stage, links followed."""
        return path.resolve().is_relative_to(self.root.resolve())

    def _copy(self, source: Path, digest: str) -> Path:
        target = self.root / digest[:32]
        if not target.exists():
            workshop = Path(tempfile.mkdtemp(dir=self.root, prefix=".new-"))
            try:
                _copy_tree(source, workshop / source.name)
                workshop.chmod(0o755)
                try:
                    os.rename(workshop, target)
                except OSError:
                    if not target.exists():  # another worker may have been first
                        raise
            finally:
                shutil.rmtree(workshop, ignore_errors=True)
        return target / source.name


def refuse_unfit(root: Path) -> None:
    """/var/tmp is everybody's: somebody else may have made the folder, or a link in its place, before us."""
    status = root.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise SandboxBroken(f"{root} no es una carpeta propia. Bórrala o indica otro SANDBOX_DIR.")
    if status.st_mode & 0o022:
        raise SandboxBroken(f"Otros pueden escribir en {root}. Ejecuta chmod 711 {root}.")
    for folder in (root.resolve(), *root.resolve().parents):
        if not folder.stat().st_mode & 0o001:
            raise SandboxBroken(f"Una jaula no puede atravesar {folder}. Indica otro SANDBOX_DIR, o chmod o+x.")


def _walk(source: Path) -> Iterator[Path]:
    """The path and all below it, sorted, links not followed, Python's caches left out."""
    yield source
    if source.is_dir() and not source.is_symlink():
        for child in sorted(source.iterdir()):
            if child.name != "__pycache__":
                yield from _walk(child)


def _identity(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    return (str(path), status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)


def _digest(source: Path) -> str:
    digest = hashlib.sha256()
    for path in _walk(source):
        status = path.lstat()
        kind = stat.S_IFMT(status.st_mode)
        name = path.relative_to(source.parent).as_posix()
        digest.update(f"{name}\0{kind:o}\0{bool(status.st_mode & 0o111)}\0".encode(errors="surrogateescape"))
        if stat.S_ISLNK(status.st_mode):
            digest.update(os.fsencode(os.readlink(path)))
        elif stat.S_ISREG(status.st_mode):
            digest.update(_file_digest(path))
        digest.update(b"\0")
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _copy_tree(source: Path, target: Path, *, skip_unreadable: bool = False) -> None:
    for path in _walk(source):
        place = target if path == source else target / path.relative_to(source)
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            place.symlink_to(os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            place.mkdir(mode=0o755)
            place.chmod(0o755)
        elif stat.S_ISREG(status.st_mode):
            try:
                shutil.copyfile(path, place)
            except PermissionError:
                if skip_unreadable:
                    continue
                raise
            place.chmod(0o755 if status.st_mode & 0o111 else 0o644)
