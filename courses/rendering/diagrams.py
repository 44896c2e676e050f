"""From Mermaid source to a stored drawing: `render_diagram`.

The drawing itself happens in a process of its own (`drawing`), because merman is young, native code: a
diagram that takes for ever or brings it down costs that process, not the worker. merman's deadline comes
first, the kill second. Callers know only `render_diagram`, so another drawer can take its place.
"""

import functools
import hashlib
import json
import os
import re
import selectors
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from courses.rendering.interface import DiagramStore

TIMEOUT_SECONDS = 2.0
KILL_AFTER_SECONDS = 2 * TIMEOUT_SECONDS
START_SECONDS = 20.0  # a cold import on a busy machine
MAX_CHARACTERS = 20_000

HERE = Path(__file__).parent
DRAWN_BY = ("drawing.py", "measuring.py", "palette.py", "svg.py", "source_sans_3.json")
ACCESSIBLE = re.compile(
    r"^[ \t]*acc(?P<kind>Title|Descr)[ \t]*(?::[ \t]*(?P<line>[^\n]*)|\{(?P<block>[^}]*)\}[ \t]*)$",
    re.MULTILINE,
)
DRAWN = re.compile(
    r'<svg [^>]*width="(?P<width>\d+)" height="(?P<height>\d+)"[^>]*>'
    r"<title[^>]*>(?P<title>[^<]*)</title><desc[^>]*>(?P<description>[^<]*)</desc>"
)


@dataclass(frozen=True)
class Diagram:
    """A drawing that may stand in any page. Its ids begin with `prefix`, the id of the drawing's group."""

    svg: str
    width: int
    height: int
    title: str
    description: str
    prefix: str


@dataclass(frozen=True)
class Fault:
    """What is wrong with a source. Line and column count from 1 within it; None where that is not known."""

    message: str
    line: int | None = None
    column: int | None = None


class BadDiagram(ValueError):
    """The source cannot be drawn, or not be understood by who does not see it: its author's to mend."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in faults))


class DrawerBroken(RuntimeError):
    """The drawing process does not start or does not answer: ours to mend."""


def render_diagram(source: str, store: DiagramStore | None = None) -> Diagram:
    """Draw a Mermaid source, or take it from the store if it was drawn before by this version.

    Raises BadDiagram, DrawerBroken.
    """
    title, description, drawable = _read_accessible(source)
    digest = _digest(title, description, drawable)
    prefix = f"dg{digest[:16]}"
    svg = None if store is None else store.get(digest)
    if svg is None:
        if len(source) > MAX_CHARACTERS:
            raise BadDiagram([Fault(f"el diagrama pasa de {MAX_CHARACTERS} caracteres: divídelo en varios")])
        request = {"source": drawable, "prefix": prefix, "title": title, "description": description}
        answer = _drawer.ask(request)
        if "error" in answer:
            raise BadDiagram([_explain(answer)])
        svg = str(answer["svg"])
        if store is not None:
            store.put(digest, svg)
    drawn = DRAWN.match(svg)
    if drawn is None:
        raise DrawerBroken("a drawing without size or title")
    return Diagram(svg, int(drawn["width"]), int(drawn["height"]), title, description, prefix)


def _read_accessible(source: str) -> tuple[str, str, str]:
    """Title, description, and the source without them but with as many lines.

    Not every type of diagram knows `accTitle` in its grammar (a mind map takes it for a second root), so they
    are read here for all of them. A `;` is refused although this reading would bear it: other renderers end
    there.
    """
    texts: dict[str, str] = {}
    faults = []
    for found in ACCESSIBLE.finditer(source):
        name = f"acc{found['kind']}"
        line = source.count("\n", 0, found.start()) + 1
        text = " ".join((found["line"] if found["block"] is None else found["block"]).split())
        if ";" in text:
            message = f"en {name} no cabe «;», que en Mermaid acaba la instrucción: usa coma o punto"
            faults.append(Fault(message, line))
        texts[name] = text
    for name, what in (("accTitle", "un título"), ("accDescr", "una descripción")):
        if not texts.get(name):
            faults.append(Fault(f"al diagrama le falta {what} para quien no lo ve: añade «{name}: …»"))
    if faults:
        raise BadDiagram(faults)
    drawable = ACCESSIBLE.sub(lambda m: "\n" * m[0].count("\n"), source)
    return texts["accTitle"], texts["accDescr"], drawable


def _explain(answer: dict[str, object]) -> Fault:
    message, line, column = str(answer["error"]), answer["line"], answer["column"]
    where = f" (columna {column})" if column else ""
    if "deadline" in message or "resource limit" in message:
        return Fault(f"el diagrama es demasiado grande para dibujarlo: divídelo en varios ({message})")
    return Fault(
        f"Mermaid no entiende el diagrama{where}: «{message}»",
        line if isinstance(line, int) else None,
        column if isinstance(column, int) else None,
    )


@functools.cache
def drawing_version() -> str:
    """Changes with merman, the theme, the font's widths and the compiler. A stored drawing is of one."""
    code = hashlib.sha256(version("merman").encode())
    for name in DRAWN_BY:
        code.update((HERE / name).read_bytes())
    return code.hexdigest()[:16]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join((drawing_version(), *parts)).encode()).hexdigest()


class Drawer:
    """The drawing process: started when first needed, one for each process that renders, ends with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, request: dict[str, str]) -> dict[str, object]:
        """The drawing process's answer. What kills it twice is answered as an error of the diagram.

        Raises DrawerBroken.
        """
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            for _ in range(2):
                process = self._started()
                answer = self._exchange(process, line, KILL_AFTER_SECONDS)
                if answer is not None:
                    return json.loads(answer)
                timed_out = process.poll() is None
                self._stop()
                if timed_out:
                    return {"error": f"deadline of {KILL_AFTER_SECONDS:g} s", "line": None, "column": None}
        return {"error": "the drawing process stopped", "line": None, "column": None}

    def close(self) -> None:
        """End the process, if there is one. The next drawing starts another."""
        with self._lock:
            self._stop()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process and self._owner == os.getpid() and self._process.poll() is None:
            return self._process
        if self._owner == os.getpid():
            self._stop()
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent), "PYTHONUTF8": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "courses.rendering.drawing", str(round(TIMEOUT_SECONDS * 1000))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            bufsize=0,
        )
        self._process, self._owner = process, os.getpid()
        if self._exchange(process, b"", START_SECONDS) is None:
            self._stop()
            raise DrawerBroken("the drawing process does not start: is merman installed?")
        return process

    @staticmethod
    def _exchange(process: subprocess.Popen[bytes], line: bytes, seconds: float) -> bytes | None:
        """Send a line and read one. None where the process died, or is still busy when the time is over."""
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = time.monotonic() + seconds
        answer = b""
        try:
            process.stdin.write(line)
        except BrokenPipeError:
            return None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return None
                part = os.read(process.stdout.fileno(), 1 << 16)
                if not part:
                    process.wait()
                    return None
                answer += part
        return answer

    def _stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
        self._process = None


_drawer = Drawer()
