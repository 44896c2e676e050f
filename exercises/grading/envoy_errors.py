"""Finds the line that Envoy complains about: it names places, people look for lines. Pure."""

from __future__ import annotations

import re

from courses.strict_yaml import Located, NotYaml, Place, load

_WHOLE = re.compile(r"error initializing (?:configuration|config) '[^']*'(?: [^:]*)?: (.*)", re.S)
_YAML = re.compile(r"yaml-cpp: error at line (\d+), column (\d+): (.*)", re.S)
_PLACE = re.compile(r"@\s*([A-Za-z0-9_.\[\]<>@\"/]+):")
_FIELD = re.compile(r"no\s+such\s+field:\s+'([^']+)'")
_OWNER = re.compile(r"message (?:[\w.]+\.)?(\w+), near")
_LOG = re.compile(r"^\[[0-9][^\]]*\]\[\d+\]\[\w+\]\[[\w.]+\] \[[^\]]*\] ", re.M)
_DUMP = re.compile(r"\): \{.*\Z", re.S)  # the whole configuration again, as JSON


def explain_refusal(name: str, text: str, stderr: str) -> str:
    """What Envoy said of the configuration `text`, as `name:line: message` where the line can be told."""
    said = _LOG.sub("", stderr).strip()
    whole = _WHOLE.search(said)
    message = re.sub(r"\s+", " ", _DUMP.sub(")", whole[1] if whole else said)).strip()
    syntax = _YAML.search(message)
    if syntax:
        return f"{name}:{syntax[1]}: YAML no válido en la columna {syntax[2]}: {syntax[3]}"
    line = _line(text, message)
    place = f"{name}:{line}" if line else name
    field, owner = _FIELD.search(message), _OWNER.search(message)
    if field and owner:
        return f"{place}: no existe el campo «{field[1]}» en {owner[1]}.\n{message}"
    return f"{place}: {message}"


def last_words(stderr: str) -> str:
    """The last line that Envoy logged, without time, thread and place, or nothing."""
    lines = [_LOG.sub("", line).strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def _line(text: str, message: str) -> int | None:
    found = _PLACE.search(message)
    if not found:
        return None
    try:
        located = load(text)
    except NotYaml:
        return None
    place = _steps(located, found[1])
    field = _FIELD.search(message)
    return located.line(*place, field[1]) if field else located.line(*place)


def _steps(located: Located, words: str) -> Place:
    """`a.b[0].c` -> ("a", "b", 0, "c"), as far as the text has it; `<any>` is a step of the message alone."""
    steps: list[str | int] = []
    for word in re.findall(r"\[\d+\]|<[^>]*>|[^.\[\]<>]+", words):
        if word.startswith("<"):
            continue
        step = int(word[1:-1]) if word.startswith("[") else word
        if (*steps, step) not in located.lines:
            break
        steps.append(step)
    return tuple(steps)
