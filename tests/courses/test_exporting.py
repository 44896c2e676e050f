from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from courses.exporting import NotAnExport, export_course, write_folder
from courses.importing import import_course
from courses.models import Course
from courses.publishing import save
from courses.source import read_folder
from tests.courses.builders import EXAMPLE, edited, example, put

pytestmark = [pytest.mark.django_db, pytest.mark.db]

FIRST = "01_inicio/01_primera.md"


def imported() -> Course:
    import_course(EXAMPLE)
    return Course.objects.get(slug="ejemplo")


def test_export_is_the_inverse_of_import_byte_for_byte(tmp_path: Path):
    imported()
    call_command("export_course", "ejemplo", tmp_path / "fuera", stdout=StringIO())
    assert read_folder(tmp_path / "fuera") == example()


def test_an_edit_of_the_site_goes_out_and_comes_back_as_agreed(tmp_path: Path):
    course = imported()
    text = edited(FIRST, "El bucle está", "El bucle reside").encode()
    save(course.files.get(path=FIRST), text, author=None, why="")
    write_folder(export_course(course), tmp_path, "ejemplo")
    assert (tmp_path / FIRST).read_bytes() == text
    report = import_course(tmp_path)
    assert (report.edited, report.conflicts) == ([], [])
    assert import_course(tmp_path).unchanged == len(example())


def test_drafts_stay_inside(tmp_path: Path):
    course = imported()
    save(course.files.get(path=FIRST), b"a medias", author=None, why="", publish=False)
    assert export_course(course) == example()


def test_a_folder_of_the_same_course_is_put_in_step_and_git_is_left_alone(tmp_path: Path):
    course = imported()
    put(tmp_path, example({"recursos/viejo/de_antes.txt": "x", FIRST: "otra cosa"}))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref")
    assert write_folder(export_course(course), tmp_path, "ejemplo") == (1, 1)
    assert read_folder(tmp_path) == example()
    assert (tmp_path / ".git" / "HEAD").read_text() == "ref"
    assert not (tmp_path / "recursos" / "viejo").exists()


@pytest.mark.parametrize("files", [{"tesis.txt": b"x"}, {"course.yml": b"format: 1\nslug: otro\n"}])
def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, files: dict[str, bytes]):
    course = imported()
    put(tmp_path, files)
    with pytest.raises(NotAnExport, match="no está vacía"):
        write_folder(export_course(course), tmp_path, "ejemplo")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == files


def test_nothing_is_written_through_a_link(tmp_path: Path):
    course = imported()
    outside = tmp_path / "ajeno.txt"
    outside.write_text("mío")
    folder = put(tmp_path / "curso", example())
    (folder / FIRST).unlink()
    (folder / FIRST).symlink_to(outside)
    write_folder(export_course(course), folder, "ejemplo")
    assert outside.read_text() == "mío"
    assert (folder / FIRST).read_bytes() == example()[FIRST]


def test_a_course_that_is_not_there_is_named_with_those_that_are(tmp_path: Path):
    imported()
    with pytest.raises(CommandError, match="ejemplo"):
        call_command("export_course", "nada", tmp_path)


def test_the_import_command_tells_what_happened_and_refuses_with_a_list(tmp_path: Path):
    out = StringIO()
    call_command("import_course", EXAMPLE, stdout=out)
    assert "Curso «ejemplo» (nuevo): 7 nuevos" in out.getvalue()
    put(tmp_path, example({FIRST: "x"}))
    with pytest.raises(CommandError, match=f"No se ha importado nada:\n  {FIRST}:1: "):
        call_command("import_course", tmp_path)


def test_a_folder_that_stands_where_a_file_goes_gives_way(tmp_path: Path):
    folder = put(tmp_path / "fuera", example())
    (folder / FIRST).unlink()
    (folder / FIRST).mkdir()
    (folder / FIRST / "viejo.txt").write_text("x")
    write_folder(export_course(imported()), folder, "ejemplo")
    assert read_folder(folder) == example()
