"""Quizzes: `NAME.quiz.yml` -> questions, or problems with their line; and whether an answer is right. Pure.

Nothing of a question but its prompt and the texts of its options or steps may reach a browser before it is
answered: `shown_parts` says which those are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from courses.extensions import Problem
from courses.strict_yaml import Located, NotYaml, Place, load, schema_problems

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/formats/quiz.schema.json").read_text())
ENDING = ".quiz.yml"

_PLACE = re.compile(r"(?:([A-Za-z][\w-]*):)?([^\s:]+):(\d+)(?:-(\d+))?")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `data` is as written; `lines` gives the line of each of its Markdown parts."""

    id: str
    kind: str
    data: Mapping[str, Any]
    lines: Mapping[str, int]

    @property
    def digest(self) -> str:
        """SHA-256 of everything that the question is."""
        text = json.dumps(self.data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def parts(self) -> dict[str, str]:
        """All Markdown of the question by the name of its part: see `part_places`."""
        return {name: _at(self.data, place) for name, place in part_places(self.data)}


@dataclass(frozen=True, slots=True)
class Quiz:
    """The questions of a lesson, in order."""

    questions: tuple[Question, ...]
    points: float
    max_attempts: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data, for a row."""
        return {
            "format": 1,
            "kind": "quiz",
            "points": self.points,
            "files": [],
            "max_attempts": self.max_attempts,
            "questions": [dict(question.data) for question in self.questions],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides a grading."""
        text = json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def part_places(data: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    """The Markdown parts of a question: name and where in its data.

    `prompt`, `why`, `option:ID`, `option:ID:why`, `step:ID`, `near:N:why` with N from 0.
    """
    yield "prompt", ("prompt",)
    for number, option in enumerate(data.get("options", ())):
        yield f"option:{option['id']}", ("options", number, "text")
        yield f"option:{option['id']}:why", ("options", number, "why")
    for number, step in enumerate(data.get("steps", ())):
        yield f"step:{step['id']}", ("steps", number, "text")
    if "why" in data:
        yield "why", ("why",)
    for number, _near in enumerate(data.get("near", ())):
        yield f"near:{number}:why", ("near", number, "why")


def shown_parts(data: Mapping[str, Any]) -> list[str]:
    """The parts that may be shown before the question is answered. Those of `order` have to be shuffled."""
    names = [name for name, _ in part_places(data)]
    return [name for name in names if name != "why" and not name.endswith(":why")]


def _at(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data


# --- reading ------------------------------------------------------------------------------------------------


def parse_quiz(content: bytes) -> tuple[Quiz | None, list[Problem]]:
    """The quiz in a file's bytes; or None and what is wrong. Problems have an empty path."""
    try:
        located = load(content.decode("utf-8"))
    except UnicodeDecodeError:
        return None, [Problem("", 0, "no está en UTF-8: guárdalo con esa codificación")]
    except NotYaml as error:
        return None, [Problem("", error.line, error.message)]
    found = [Problem("", line, message) for line, message in schema_problems(located, SCHEMA)]
    if not found:
        found = list(_contradictions(located))
    if found:
        return None, found
    data = located.value
    questions = tuple(
        Question(
            id=question["id"],
            kind=question["kind"],
            data=question,
            lines={name: located.line("questions", n, *place) for name, place in part_places(question)},
        )
        for n, question in enumerate(data["questions"])
    )
    return Quiz(questions, float(data.get("points", len(questions))), data.get("max_attempts")), []


def _contradictions(located: Located) -> Iterator[Problem]:
    def problem(place: Place, message: str) -> Problem:
        return Problem("", located.line(*place), message)

    ids: set[str] = set()
    for number, question in enumerate(located.value["questions"]):
        own: Place = ("questions", number)
        named = [own] + [
            (*own, key, n) for key in ("options", "steps") for n in range(len(question.get(key, ())))
        ]
        for place in named:
            identity = _at(located.value, (*place, "id"))
            if identity in ids:
                yield problem((*place, "id"), f"el id «{identity}» está dos veces en el archivo: cambia uno")
            ids.add(identity)
        right = sum(option.get("right", False) for option in question.get("options", ()))
        if question["kind"] == "single" and right != 1:
            yield problem((*own, "options"), f"hay {right} opciones con «right: true» y tiene que haber una")
        if question["kind"] == "multiple" and not right:
            yield problem((*own, "options"), "ninguna opción tiene «right: true»: marca al menos una")
        places = [("answer",)] + [("near", n, "at") for n in range(len(question.get("near", ())))]
        for place in places if question["kind"] == "code" else ():
            reference = _read_place(_at(question, place))
            if reference is not None and reference[3] < reference[2]:
                yield problem((*own, *place), "el intervalo de líneas va de menor a mayor")
        for n, near in enumerate(question.get("near", ())):
            if answer_is_right(question, near["at"]):
                yield problem(
                    (*own, "near", n, "at"), "esta respuesta es la correcta: no puede estar en «near»"
                )


# --- answering ----------------------------------------------------------------------------------------------


def answer_is_right(question: Mapping[str, Any], answer: Any) -> bool:
    """Whether an answer is right. `question` is as written, `answer` plain data from a browser: anything.

    single: the option's id. multiple: a list of ids. number: a number, or text with a comma or a point. order:
    the list of the steps' ids. text: text. code: `[repository:]path:N[-M]`; sharing a line is enough.
    """
    return _RIGHT[question["kind"]](question, answer)


def near_answer(question: Mapping[str, Any], answer: Any) -> int | None:
    """Which of the question's `near` answers this is, or None: its explanation is `near:N:why`."""
    if answer_is_right(question, answer):
        return None
    for number, near in enumerate(question.get("near", ())):
        if answer_is_right(_as_if_right(question, near["at"]), answer):
            return number
    return None


def _as_if_right(question: Mapping[str, Any], value: Any) -> dict[str, Any]:
    key, wanted = ("accepted", [value]) if question["kind"] == "text" else ("answer", value)
    return {**question, key: wanted}


def _single(question: Mapping[str, Any], answer: Any) -> bool:
    return isinstance(answer, str) and any(
        option["id"] == answer and option.get("right", False) for option in question["options"]
    )


def _multiple(question: Mapping[str, Any], answer: Any) -> bool:
    if not isinstance(answer, list) or not all(isinstance(one, str) for one in answer):
        return False
    right = {option["id"] for option in question["options"] if option.get("right", False)}
    return set(answer) == right


def _number(question: Mapping[str, Any], answer: Any) -> bool:
    if isinstance(answer, str) and _NUMBER.fullmatch(answer.strip()):
        answer = float(answer.strip().replace(",", "."))
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return False
    slack = 1e-9 * max(abs(answer), abs(question["answer"]))  # 0.1 + 0.2 is 0.3 to a person
    return abs(answer - question["answer"]) <= question.get("tolerance", 0) + slack


def _order(question: Mapping[str, Any], answer: Any) -> bool:
    return answer == [step["id"] for step in question["steps"]]


def _text(question: Mapping[str, Any], answer: Any) -> bool:
    return isinstance(answer, str) and _folded(answer) in {_folded(form) for form in question["accepted"]}


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _code(question: Mapping[str, Any], answer: Any) -> bool:
    wanted, given = _read_place(question["answer"]), _read_place(answer)
    if wanted is None or given is None or given[3] < given[2]:
        return False
    same_repository = given[0] is None or wanted[0] is None or given[0] == wanted[0]
    overlap = given[2] <= wanted[3] and wanted[2] <= given[3]
    return same_repository and given[1] == wanted[1] and overlap and given[3] - given[2] < MOST_LINES


MOST_LINES = 200  # an answer that names more has not found the place


def _read_place(text: Any) -> tuple[str | None, str, int, int] | None:
    found = _PLACE.fullmatch(text.strip().strip("`")) if isinstance(text, str) and len(text) < 500 else None
    if found is None:
        return None
    first = int(found[3])
    return found[1], found[2].removeprefix("/"), first, int(found[4] or first)


_RIGHT = {
    "single": _single,
    "multiple": _multiple,
    "number": _number,
    "order": _order,
    "text": _text,
    "code": _code,
}
