import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from courses.extensions import Problem
from courses.source import (
    Refused,
    errors,
    front_matter,
    is_served,
    parse_manifest,
    read_folder,
    read_material,
)
from courses.strict_yaml import NotYaml
from tests.courses.builders import edited, example, put

FIRST = "01_inicio/01_primera.md"
LAB = "ejercicios/laboratorios/practica.md"


def problems_of(changes: dict[str, bytes | str | None]) -> list[Problem]:
    _material, problems = read_material(example(changes), [])
    return problems


def test_the_example_course_has_no_problems():
    material, problems = read_material(example(), [])
    assert problems == []
    assert material is not None
    assert [d.path for d in material.documents.values()] == [
        FIRST,
        "01_inicio/02_segunda.md",
        "01_inicio/fondo/03_tercera.md",
        "recursos/notas.md",
    ]


MANIFEST_FAULTS = [
    ("format: 1", "format: 2", 1, "tiene que ser 1"),
    ("slug: ejemplo", "slug: Ejemplo Malo", 2, "minúsculas"),
    ("title: Un curso pequeño\n", "", 1, "falta «title»"),
    ("minutes: 30", "minutes: media hora", 26, "un número entero"),
    ("01_inicio/01_primera.md", "../fuera.md", 24, "una ruta de la carpeta"),
    ("01_inicio/02_segunda.md", "01_inicio/01_primera.md", 27, "ya está en la línea 24"),
    ("    repository: motor", "    repository: otro", 22, "no hay ningún repositorio «otro»"),
    ("commit: 0123456789", "commit: 01234", 14, "40 cifras"),
    ("modules: [01_inicio]", "modules: [99_nada]", 46, "no hay ningún módulo «99_nada»"),
    ("folder: recursos", "folder: 01_inicio", 36, "está dos veces"),
    ("weeks: [1]", "weeks: [3, 2]", 42, "de menor a mayor"),
    ("summary:", "resumen:", 4, "no se conoce el campo «resumen»"),
    ("modules:\n", "modules: []\nx:\n", 18, "vacío"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), MANIFEST_FAULTS)
def test_a_broken_index_is_refused_with_its_line(old: str, new: str, line: int, words: str):
    _manifest, problems = parse_manifest(edited("course.yml", old, new).encode())
    found = {(problem.path, problem.line) for problem in problems if words in problem.message}
    assert found == {("course.yml", line)}, [str(problem) for problem in problems]


DOCUMENT_FAULTS: list[tuple[dict[str, bytes | str | None], str, int, str]] = [
    ({FIRST: "## Sin cabecera\n"}, FIRST, 1, "falta la cabecera"),
    ({FIRST: "---\ntitle: x\n"}, FIRST, 1, "no acaba"),
    ({FIRST: "---\n---\nTexto\n"}, FIRST, 2, "está vacía"),
    ({FIRST: "---\ntitle: x\n---\n\n"}, FIRST, 4, "el documento está vacío"),
    ({FIRST: "---\ntitle: x\nminutes: 0\n---\nTexto\n"}, FIRST, 3, "mínimo"),
    ({FIRST: "---\ntitle: x\nautor: yo\n---\nTexto\n"}, FIRST, 3, "«autor»"),
    ({FIRST: "---\ntitle: [x\n---\nTexto\n"}, FIRST, 3, "falta"),
    ({FIRST: b"---\ntitle: x\n---\nmal\xf3\n"}, FIRST, 4, "UTF-8"),
    ({FIRST: "---\ntitle: x\nrequires:\n- no/hay.md\n---\nTexto\n"}, FIRST, 4, "no/hay.md"),
    ({"01_inicio/suelta.md": "---\ntitle: x\n---\nTexto\n"}, "01_inicio/suelta.md", 0, "no lo nombra"),
    ({"01_inicio/notas.txt": "x"}, "01_inicio/notas.txt", 0, "no se sabe qué es"),
    ({"otra/foto.png": "x"}, "otra/foto.png", 0, "no está junto a ninguna lección"),
    ({"recursos/año.txt": "x"}, "recursos/año.txt", 0, "sin acento"),
    ({LAB: "---\ntitle: x\nkind: program\n---\nTexto\n"}, LAB, 2, "falta «lesson»"),
    ({LAB: "---\ntitle: x\nkind: program\nlesson: no.md\n---\nTexto\n"}, LAB, 4, "no está en course.yml"),
    ({LAB: f"---\ntitle: x\nlesson: {FIRST}\n---\nTexto\n"}, LAB, 2, "falta «kind»"),
    ({"references.tsv": "a\tb\n"}, "references.tsv", 1, "títulos"),
    ({"course.yml": None}, "course.yml", 0, "es el índice"),
]


@pytest.mark.parametrize(("changes", "path", "line", "words"), DOCUMENT_FAULTS)
def test_a_broken_file_is_refused_with_its_line(
    changes: dict[str, bytes | str | None], path: str, line: int, words: str
):
    problems = errors(problems_of(changes))
    assert [(p.path, p.line) for p in problems if words in p.message] == [(path, line)], problems


def test_the_lock_must_be_in_its_canonical_order():
    titles, first, second, _end = example()["references.tsv"].decode().split("\n")
    [problem] = problems_of({"references.tsv": f"{titles}\n{second}\n{first}\n"})
    assert (problem.path, problem.line) == ("references.tsv", 2)


def test_a_laboratory_stands_below_the_module_of_its_lesson():
    lab = f"---\ntitle: Práctica\nkind: program\npoints: 10\nlesson: {FIRST}\n---\nHaz esto.\n"
    material, problems = read_material(example({LAB: lab}), [])
    assert problems == []
    assert material is not None
    document = material.documents[LAB]
    assert (document.module, document.section, document.position) == ("01_inicio", "Laboratorios", 3)
    assert (document.kind, document.lesson) == ("exercise", FIRST)


def test_what_a_document_says_goes_before_what_the_index_announces():
    material, _ = read_material(example(), [])
    assert material is not None
    written, announced = material.documents[FIRST], material.documents["01_inicio/02_segunda.md"]
    assert (written.title, written.is_written) == ("La primera lección", True)
    assert (announced.title, announced.minutes, announced.is_written) == ("La segunda, anunciada", 45, False)


def test_the_body_knows_the_line_on_which_it_begins():
    fields, body, line = front_matter(b"---\r\ntitle: x\r\n---\r\nUno\r\ndos\r\n")
    assert (fields, body, line) == ({"title": "x"}, "Uno\ndos\n", 4)


def test_front_matter_that_is_missing_says_what_to_write():
    with pytest.raises(NotYaml, match="title"):
        front_matter(b"Hola\n")


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("recursos/datos.txt", True),
        ("recursos/notas.md", False),
        ("01_inicio/esquema.png", True),
        ("01_inicio/figuras/otra.svg", True),
        ("01_inicio/01_primera.quiz.yml", False),
        ("course.yml", False),
        ("references.tsv", False),
        ("ejercicios/a/starter/main.py", True),
        ("ejercicios/a/exercise.yml", False),
        ("ejercicios/a/solution/starter/main.py", False),
    ],
)
def test_readers_get_resources_images_and_starters_alone(path: str, served: bool):
    documents = {FIRST, "ejercicios/a.md"}
    assert is_served(path, documents) is served


def test_a_folder_is_read_without_what_is_hidden(tmp_path: Path):
    for path in ("course.yml", ".git/config", "a/.oculto", "a/__pycache__/x.pyc", "a/b.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    assert read_folder(tmp_path) == {"a/b.txt": b"x", "course.yml": b"x"}


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path):
    (tmp_path / "course.yml").write_text("x")
    (tmp_path / "claves").symlink_to("/etc/hostname")
    (tmp_path / "carpeta").symlink_to("/etc")
    with pytest.raises(Refused) as caught:
        read_folder(tmp_path)
    assert [problem.path for problem in caught.value.problems] == ["carpeta", "claves"]


def test_a_folder_that_is_no_course_says_so(tmp_path: Path):
    with pytest.raises(Refused, match="no es la carpeta de un curso"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\nb.txt", r"recursos/a\nb.txt"),
        (b"\xff.txt", r"recursos/\udcff.txt"),
        (b"a\x1b[m", r"recursos/a\x1b[m"),
    ],
)
def test_a_name_that_cannot_be_shown_is_refused_in_letters_that_can(tmp_path: Path, name: bytes, shown: str):
    put(tmp_path, example())
    (tmp_path / "recursos" / os.fsdecode(name)).write_text("x")
    with pytest.raises(Refused) as caught:
        read_folder(tmp_path)
    [problem] = caught.value.problems
    assert problem.path == shown
    assert str(problem).isprintable()


def test_what_cannot_be_read_is_refused_and_not_taken_for_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put(tmp_path, example())
    walk = os.walk

    def closed(top: Path, onerror: Callable[[OSError], None]) -> Iterator[tuple[str, list[str], list[str]]]:
        for place, folders, names in walk(top):
            if "recursos" in folders:  # as it is for who may not list it
                folders.remove("recursos")
                onerror(PermissionError(13, "Permission denied", str(Path(place, "recursos"))))
            yield place, folders, names

    monkeypatch.setattr(os, "walk", closed)
    with pytest.raises(Refused) as caught:
        read_folder(tmp_path)
    assert [problem.path for problem in caught.value.problems] == ["recursos"]


def test_a_null_character_is_refused_with_its_line():
    text = example()[FIRST] + b"\nuno\0dos\n"
    [problem] = problems_of({FIRST: text})
    assert (problem.path, problem.line) == (FIRST, text.count(b"\n", 0, text.index(b"\0")) + 1)
    assert "carácter nulo" in problem.message
