"""Reading the cited lines from a bare Git repository, and locking references with what is there.

A mirror is read at a commit and has no work tree. Only `git cat-file` runs, one process for each mirror, and
nothing is ever fetched.
"""

import functools
import os
import re
import subprocess
import threading
from pathlib import Path
from types import TracebackType

from courses.rendering.locks import LockRow, digest_of
from courses.rendering.references import Reference
from courses.rendering.symbols import enclosing_symbol

COMMIT = re.compile(r"[0-9a-f]{40}")
KEPT_FILES = 64


class NotInMirror(LookupError):
    """The mirror has no such commit, file or lines. The message, in Spanish, says which."""


class MirrorBroken(RuntimeError):
    """The folder is not a Git repository, or git does not answer."""


class Mirror:
    """A bare repository (or the `.git` of one that is not). Threads may share it; close it when done."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.file = functools.lru_cache(maxsize=KEPT_FILES)(self._read_file)

    def __enter__(self) -> "Mirror":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End git. A mirror that is asked again starts another."""
        with self._lock:
            if self._process:
                self._process.kill()
                self._process.communicate()
            self._process = None

    def lines(self, commit: str, path: str, first: int, last: int) -> bytes:
        """Lines `first` to `last`, both included, counted from 1, each with its line ending.

        Raises NotInMirror, MirrorBroken.
        """
        lines = self.file(commit, path).splitlines(keepends=True)
        if not 1 <= first <= last <= len(lines):
            raise NotInMirror(f"{path} tiene {len(lines)} líneas en {commit[:9]}, y se citan {first}-{last}")
        return b"".join(lines[first - 1 : last])

    def has(self, commit: str) -> bool:
        """Whether the mirror knows the commit."""
        return COMMIT.fullmatch(commit) is not None and self._ask(f"{commit}^{{commit}}")[0] == "commit"

    def _read_file(self, commit: str, path: str) -> bytes:
        """A file's bytes at a commit; `file` is this, with the last ones kept. Raises NotInMirror."""
        if not COMMIT.fullmatch(commit):
            raise NotInMirror(f"«{commit}» no es un commit completo, de 40 cifras hexadecimales")
        if "\n" in path or {"", ".", ".."} & set(path.split("/")):  # git would end at `commit:../path`
            raise NotInMirror(f"«{path}» no es una ruta desde la raíz del repositorio")
        kind, content = self._ask(f"{commit}:{path}")
        if kind == "blob":
            return content
        if self.has(commit):
            raise NotInMirror(f"{path} no existe en {commit[:9]}")
        raise NotInMirror(f"el espejo {self.path} no tiene el commit {commit[:9]}: actualízalo")

    def _ask(self, name: str) -> tuple[str, bytes]:
        """Kind and content of an object; kind `missing` where there is none."""
        with self._lock:
            process = self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(f"{name}\n".encode())
                process.stdin.flush()
            except BrokenPipeError:
                raise MirrorBroken(f"{self.path} is not a Git repository") from None
            head = process.stdout.readline().decode()
            if not head:
                raise MirrorBroken(f"{self.path} is not a Git repository")
            # "<digest> <kind> <size>", or the name as it was asked for and "missing" or "ambiguous"
            found = re.fullmatch(r"[0-9a-f]{40,64} (\w+) (\d+)\n", head)
            if found is None:
                return "missing", b""
            content = process.stdout.read(int(found[2]))
            process.stdout.read(1)
            return found[1], content

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process and self._process.poll() is None:
            return self._process
        # The folder may be another user's (a mounted volume), and a partial clone must not go to the network.
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_DIR": str(self.path),
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        try:
            self._process = subprocess.Popen(
                ["git", "cat-file", "--batch"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise MirrorBroken(f"git does not start: {error}") from error
        return self._process


def lock_reference(mirror: Mirror, commit: str, reference: Reference) -> LockRow:
    """The row that proves a reference at a commit. Raises NotInMirror, MirrorBroken."""
    lines = mirror.lines(commit, reference.path, reference.first, reference.last)
    text = mirror.file(commit, reference.path).decode(errors="replace")
    symbol = enclosing_symbol(text, reference.path, reference.first, reference.last)
    return LockRow(reference, symbol, digest_of(lines))


def prove(mirror: Mirror, commit: str, row: LockRow) -> str | None:
    """What is false about a row at a commit, in words and with the remedy; None where it holds.

    Raises MirrorBroken.
    """
    reference = row.reference
    try:
        lines = mirror.lines(commit, reference.path, reference.first, reference.last)
    except NotInMirror as error:
        return str(error)
    if digest_of(lines) != row.sha256:
        return f"el código de «{reference}» ya no es en {commit[:9]} el que se bloqueó: revísalo y bloquéalo"
    return None
