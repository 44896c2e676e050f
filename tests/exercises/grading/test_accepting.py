from __future__ import annotations

import pytest

from exercises.grading.accepting import refusals
from tests.exercises.grading.builders import program

TWO = [
    {"name": "main.py", "language": "python", "max_bytes": 20},
    {"name": "main.cpp", "language": "cpp", "max_bytes": 20},
    {"name": "notas.txt", "max_bytes": 20, "optional": True},
]


@pytest.mark.parametrize(
    ("files", "name", "words"),
    [
        ({}, "", "vacía"),
        ({"main.py": b" \n"}, "", "vacía"),
        ({"otro.py": b"x"}, "otro.py", "no pide «otro.py»"),
        ({"../main.py": b"x"}, "../main.py", "no pide"),
        ({"main.py": b"x" * 21}, "main.py", "ocupa 21 bytes y el máximo es 20"),
        ({"main.py": b"x\x00"}, "main.py", "bytes nulos"),
        ({"main.py": b"\xff"}, "main.py", "UTF-8"),
        ({"main.py": b"x", "main.cpp": b"x"}, "", "Python y C++: entrega los de un solo lenguaje"),
        ({"notas.txt": b"x"}, "", "Falta el programa"),
    ],
)
def test_what_may_not_be_handed_in(files: dict[str, bytes], name: str, words: str) -> None:
    assert words in refusals(program(files=TWO), files)[name]


@pytest.mark.parametrize(
    "files", [{"main.py": b"x"}, {"main.cpp": b"x"}, {"main.cpp": b"x", "notas.txt": b"x"}]
)
def test_what_may_be_handed_in(files: dict[str, bytes]) -> None:
    assert refusals(program(files=TWO), files) == {}


def test_a_file_that_is_missing_is_named() -> None:
    files = [
        {"name": "main.py", "language": "python", "max_bytes": 20},
        {"name": "lib.py", "language": "python", "max_bytes": 20},
    ]
    assert "Falta «lib.py»" in refusals(program(files=files), {"main.py": b"x"})["lib.py"]
