"""A guess at what lines of C++ or Rust belong to: the function or type around them, or the first they open.

It follows braces and reads the few words before each, no more: macros and templates can fool it. A symbol
only helps readers to find their way, nothing is proved by it; where the guess has no basis it is empty.
"""

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

CPP = ("cc", "cpp", "cxx", "h", "hpp")
RUST = ("rs",)

# Strings, characters and comments, so that the braces in them do not count. Raw strings of both languages too.
CPP_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9A-Fa-f])'(?:\\.[^'\n]*|[^'\\\n])'|^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*",
    re.DOTALL | re.MULTILINE,
)
RUST_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|r(?P<d>#*)".*?"(?P=d)|"(?:\\.|[^"\\])*"|' r"'(?:\\[^'\n]+|[^'\\\n])'",
    re.DOTALL,
)
CPP_TYPE = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+(?:[A-Z_]+\s+)?(?P<name>\w[\w:]*)"
)
CPP_FUNCTION = re.compile(r"(?P<name>(?:\w+(?:<[^<>]*>)?::)*(?:~?\w+|operator\s*(?:\(\)|[^\s\w(]+)))\s*\(")
CPP_NOT_A_FUNCTION = {
    "if", "for", "while", "switch", "catch", "return", "sizeof", "alignof", "decltype", "noexcept", "defined",
    "static_assert", "constexpr", "requires", "else", "do", "try", "case", "default:",
    "ABSL_GUARDED_BY", "ABSL_LOCKS_EXCLUDED", "ABSL_EXCLUSIVE_LOCKS_REQUIRED",
}  # fmt: skip
RUST_ITEM = re.compile(r"\b(?P<kind>fn|struct|enum|trait|union|mod|impl)\b(?P<rest>.*)", re.DOTALL)
GOES_ON = re.compile(r"\s*[,{]")
RUST_NAME = re.compile(r"\s*(?P<name>\w+)")


@dataclass(frozen=True)
class Scope:
    """A named pair of braces, with the lines from its first word to its closing brace."""

    name: str
    first: int
    last: int
    is_module: bool


def enclosing_symbol(text: str, path: str, first: int, last: int) -> str:
    """The innermost named scope around lines `first` to `last`, as `Type::function`; empty where unknown."""
    scopes = _scopes_of(text, path.rpartition(".")[2])
    around = [s for s in scopes if s.first <= first and last <= s.last and not s.is_module]
    if around:
        return max(around, key=lambda s: (s.first, -s.last)).name
    opened = [s for s in scopes if first <= s.first <= last and not s.is_module]
    return min(opened, key=lambda s: s.first).name if opened else ""


@functools.lru_cache(maxsize=16)
def _scopes_of(text: str, ending: str) -> tuple[Scope, ...]:
    if ending in CPP:
        return tuple(_scopes(CPP_NOISE.sub(_blank, text), _name_cpp))
    if ending in RUST:
        return tuple(_scopes(RUST_NOISE.sub(_blank, text), _name_rust))
    return ()


def _blank(noise: re.Match[str]) -> str:
    return "".join("\n" if c == "\n" else " " for c in noise[0])


# What stands before a brace: its name and whether that is only a module's. None where nothing is named.
Named = tuple[str, bool] | None


@dataclass(frozen=True)
class Brace:
    """An open brace, and how to go on once it is closed."""

    named: Named
    outer: str
    started: int
    head_start: int
    parentheses: int


def _scopes(code: str, name: Callable[[str, bool], Named]) -> Iterator[Scope]:
    braces: list[Brace] = []
    prefix, head_start, line, parentheses = "", 0, 1, 0
    for position, character in enumerate(code):
        if character == "\n":
            line += 1
        elif character in "([":
            parentheses += 1
        elif character in ")]":
            parentheses = max(0, parentheses - 1)
        elif character == ";" and not parentheses:
            head_start = position + 1
        elif character == "{":
            head = code[head_start:position]
            named = None if parentheses else name(head, bool(prefix))
            started = line - head.lstrip().count("\n")
            braces.append(Brace(named, prefix, started, head_start, parentheses))
            if named and not named[1]:
                prefix = f"{prefix}::{named[0]}" if prefix else named[0]
            head_start, parentheses = position + 1, 0
        elif character == "}":
            head_start = position + 1
            if not braces:
                continue
            brace = braces.pop()
            parentheses = brace.parentheses
            # as in `Type::Type() : field_{1}, other_(2) {`
            is_initialiser = brace.named and GOES_ON.match(code, position + 1)
            if brace.parentheses or is_initialiser:
                head_start = brace.head_start
            elif brace.named:
                named_prefix = brace.named[0] if brace.named[1] else prefix
                yield Scope(named_prefix, brace.started, line, brace.named[1])
            prefix = brace.outer


def _name_cpp(head: str, is_inside: bool) -> Named:
    words = head.split()
    if not words:
        return None
    if "namespace" in words:
        return (words[-1], True)
    head = re.sub(r"^\s*template\s*<[^{;]*?>\s*(?=class|struct|\w)", "", head)
    head = re.sub(r"^\s*(?:public|private|protected)\s*:", "", head)
    function = next(
        (f for f in CPP_FUNCTION.finditer(head) if f["name"].split("::")[-1] not in CPP_NOT_A_FUNCTION), None
    )
    kind = CPP_TYPE.search(head)
    if kind and "=" not in head[: kind.start()]:  # noqa: SIM102
        if function is None or (kind.start() < function.start() and not _returns(kind, function, head)):
            return (kind["name"], False)
    if function is None or words[0] in CPP_NOT_A_FUNCTION:
        return None
    before = head[: function.start()]
    if "=" in before or "return" in before or "[" in before or before.rstrip().endswith((".", "->", ",", "(")):
        return None
    if "::" not in function["name"] and not before.strip() and not is_inside:
        return None  # a macro such as TEST(...) or a call, not a definition
    return (re.sub(r"\s+", "", function["name"]), False)


def _returns(kind: re.Match[str], function: re.Match[str], head: str) -> bool:
    """Whether a type is named only because the function returns it: `enum result_t Type::function(...)`."""
    return function.start() > kind.end() and head[kind.end() : function.start()].strip() in ("", "*", "&")


def _name_rust(head: str, is_inside: bool) -> Named:
    head = re.sub(r"#!?\[[^\]]*\]", " ", head)
    item = RUST_ITEM.search(head)
    if item is None or "=" in head[: item.start()]:
        return None
    rest = item["rest"]
    if item["kind"] == "impl":
        target = re.split(r"\bwhere\b", _without_generics(rest))[0].split(" for ")[-1]
        words = re.findall(r"\w+", target)
        return (words[-1], False) if words else None
    name = RUST_NAME.match(rest)
    return (name["name"], item["kind"] == "mod") if name else None


def _without_generics(text: str) -> str:
    while (shorter := re.sub(r"<[^<>]*>", "", text.replace("->", "  "))) != text:
        text = shorter
    return text
