"""PURE: YAML that people write, read strictly and with the line of every value; JSON Schema in Spanish over it.

Strictly: plain values alone, no anchors, no aliases, no tags, no key twice, no dates. What cannot be expressed
cannot blow up either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

MAX_BYTES = 1 << 20
MAX_DEPTH = 24

Place = tuple[str | int, ...]


class NotYaml(ValueError):
    """The text is not the YAML that is allowed here. `line` counts from 1; the message says what to do."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        self.message = message
        super().__init__(f"{line}: {message}")


@dataclass(frozen=True, slots=True)
class Located:
    """A value and where its parts stand: `lines` maps a place such as ("modules", 0, "title") to its line."""

    value: Any
    lines: Mapping[Place, int] = field(default_factory=dict)

    def line(self, *place: str | int) -> int:
        """The line of a place, or of the nearest thing around it."""
        for length in range(len(place), -1, -1):
            if (found := self.lines.get(place[:length])) is not None:
                return found
        return 1


# plain words: what YAML 1.2's core schema means, so that neither `no` nor 2026-01-11 becomes something else
_PLAIN: tuple[tuple[re.Pattern[str], Any], ...] = (
    (re.compile(r"(?:~|null|Null|NULL|)"), lambda text: None),
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), int),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"), float),
)


def load(text: str, first_line: int = 1) -> Located:
    """Read one YAML document; `first_line` is the line of the file on which `text` begins. Raises NotYaml."""
    if len(text) > MAX_BYTES:
        raise NotYaml(first_line, f"es demasiado grande: el máximo es {MAX_BYTES >> 10} KiB")
    lines: dict[Place, int] = {}
    try:
        reader = _Reader(text, first_line, lines)
        value = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise NotYaml(line, f"no es YAML válido: {_in_spanish(error.problem or str(error))}") from None
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        raise NotYaml(line, "contiene un carácter que YAML no admite: bórralo") from None
    return Located(value, lines)


def _in_spanish(problem: str) -> str:
    known = {
        "mapping values are not allowed": "sobra «: »; si es parte de un texto, ponlo entre comillas",
        "could not find expected ':'": "falta «: » tras el nombre de un campo",
        "did not find expected key": "la sangría no cuadra con la de las líneas anteriores",
        "did not find expected '-' indicator": "la sangría no cuadra con la de las líneas anteriores",
        "did not find expected ',' or ']'": "falta «,» o «]»",
        "did not find expected ',' or '}'": "falta «,» o «}»",
        "cannot start any token": "hay un tabulador o un signo al empezar un texto: usa espacios o comillas",
        "found a tab character": "hay un tabulador: usa espacios",
        "found unexpected end of stream": "falta cerrar unas comillas",
        "exceeded maximum nesting depth": "hay demasiados niveles anidados",
    }
    for part, words in known.items():
        if part in problem:
            return words
    return f"{problem}. Revisa la sangría y las comillas"


class _Reader:
    """Builds values straight from the parser's events."""

    def __init__(self, text: str, first_line: int, lines: dict[Place, int]) -> None:
        self.events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        self.first_line = first_line
        self.lines = lines

    def document(self) -> Any:
        next(self.events)  # the stream's start
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self.value(next(self.events), ())
        next(self.events)  # the document's end
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self.refusal(event, "solo puede haber un documento YAML: quita la línea «---»")
        return value

    def refusal(self, event: yaml.Event, message: str) -> NotYaml:
        return NotYaml(self.first_line + event.start_mark.line, message)

    def value(self, event: yaml.Event, place: Place) -> Any:
        self.lines[place] = self.first_line + event.start_mark.line
        if len(place) > MAX_DEPTH:
            raise self.refusal(event, f"hay más de {MAX_DEPTH} niveles anidados")
        if isinstance(event, yaml.AliasEvent):
            raise self.refusal(event, f"no se admiten referencias YAML (*{event.anchor}): repite el valor")
        if event.anchor:
            raise self.refusal(event, f"no se admiten anclas YAML (&{event.anchor}): quítala")
        if event.tag not in (None, "!"):
            raise self.refusal(event, f"no se admiten etiquetas YAML ({event.tag}): quítala")
        if isinstance(event, yaml.ScalarEvent):
            if event.style in ("|", ">"):  # such a text begins on the next line
                self.lines[place] += 1
            return self.scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return list(self.items(place))
        return self.mapping(place)

    def items(self, place: Place) -> Iterator[Any]:
        for number, event in enumerate(self.events):
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.value(event, (*place, number))

    def mapping(self, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise self.refusal(event, "el nombre de un campo tiene que ser un texto")
            key = event.value
            if key in result:
                raise self.refusal(event, f"«{key}» está dos veces: deja una")
            line = self.first_line + event.start_mark.line
            result[key] = self.value(next(self.events), (*place, key))
            if not isinstance(result[key], str):
                self.lines[(*place, key)] = line
        return result

    def scalar(self, event: yaml.ScalarEvent) -> Any:
        if not event.style:
            for shape, make in _PLAIN:
                if shape.fullmatch(event.value):
                    return make(event.value)
        return event.value


def schema_problems(located: Located, schema: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Pairs of line and Spanish message, in the order of the file; empty where the value fits the schema."""
    found = []
    for error in Draft202012Validator(schema).iter_errors(located.value):
        for leaf in _leaves(error):
            found.append((located.line(*_place(leaf)), _explain(leaf)))
    return sorted(dict.fromkeys(found))


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The faults that say most: those of the alternative that fits best instead of «none fits»."""
    if error.validator in ("oneOf", "anyOf") and error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        best = max(branches.values(), key=lambda errors: max(len(e.absolute_path) for e in errors))
        for inner in best:
            yield from _leaves(inner)
    else:
        yield error


def _place(error: ValidationError) -> Place:
    place = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        unknown = _unknown(error)
        return (*place, unknown[0]) if unknown else place
    return place


def _unknown(error: ValidationError) -> list[str]:
    known = error.schema.get("properties", {})
    return [key for key in error.instance if key not in known]


TYPES = {
    "string": "un texto",
    "integer": "un número entero",
    "number": "un número",
    "boolean": "true o false",
    "array": "una lista",
    "object": "un grupo de campos",
    "null": "nada",
}


def _explain(error: ValidationError) -> str:
    name = _name(tuple(error.absolute_path))
    rule, wanted = error.validator, error.validator_value
    if rule == "required":
        missing = next(key for key in wanted if key not in error.instance and f"'{key}'" in error.message)
        return f"falta «{missing}»{f' en {name}' if name else ''}"
    if rule == "additionalProperties":
        known = ", ".join(error.schema.get("properties", {}))
        unknown = ", ".join(f"«{key}»" for key in _unknown(error))
        return f"no se conoce el campo {unknown}: los que hay son {known}"
    if rule == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        hint = ""
        if "string" in kinds and isinstance(error.instance, (int, float)):
            hint = ": ponlo entre comillas"
        return f"{name or 'el archivo'} tiene que ser {' o '.join(TYPES[kind] for kind in kinds)}{hint}"
    if rule == "enum":
        return f"{name} es «{error.instance}» y tiene que ser {' o '.join(str(value) for value in wanted)}"
    if rule == "const":
        return f"{name} es «{error.instance}» y tiene que ser {wanted}"
    if rule == "pattern":
        words = error.schema.get("description", f"tiene que cumplir {wanted}")
        return f"{name} no vale («{error.instance}»): {words}"
    if rule in ("minLength", "minItems", "minProperties"):
        return f"{name} no puede estar vacío" if wanted == 1 else f"{name} tiene menos de {wanted} elementos"
    if rule in ("maxLength", "maxItems"):
        return f"{name} es demasiado largo: como mucho {wanted}"
    if rule in ("minimum", "exclusiveMinimum"):
        return f"{name} es {error.instance} y el mínimo es {wanted}"
    if rule in ("maximum", "exclusiveMaximum"):
        return f"{name} es {error.instance} y el máximo es {wanted}"
    if rule == "uniqueItems":
        return f"{name} tiene elementos repetidos"
    return f"{name or 'el archivo'} no cumple el formato ({rule})"


def _name(place: Place) -> str:
    """How people call a place: «modules[2].title», counted from 1."""
    words = ""
    for step in place:
        words += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if words else step
    return f"«{words}»" if words else ""
