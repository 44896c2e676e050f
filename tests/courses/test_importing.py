from pathlib import Path

import pytest

from courses import extensions, projecting
from courses.importing import ImportReport, import_course
from courses.models import CodeReference, Course, CourseFile, Document, FileRevision, Progress
from courses.publishing import restore, save
from courses.rendering import Lock
from courses.source import Refused
from tests import factories
from tests.courses.builders import edited, example, put

pytestmark = [pytest.mark.django_db, pytest.mark.db]

FIRST = "01_inicio/01_primera.md"
ANNOUNCED = "01_inicio/02_segunda.md"
THIRD = "01_inicio/fondo/03_tercera.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return put(tmp_path / "curso", example())


def course_file(path: str) -> CourseFile:
    return CourseFile.objects.get(course__slug="ejemplo", path=path)


def published(path: str) -> str:
    revision = course_file(path).published
    assert revision is not None
    return revision.text


def edit_on_site(path: str, text: str) -> FileRevision:
    return save(course_file(path), text.encode(), author=None, why="En el sitio")


def told(report: ImportReport) -> str:
    return "\n".join(report.lines())


def counts() -> list[int]:
    return [model.objects.count() for model in (Course, CourseFile, FileRevision, Document, CodeReference)]


def test_a_folder_becomes_a_course(folder: Path):
    report = import_course(folder)
    course = Course.objects.get(slug="ejemplo")
    assert report.is_new
    assert sorted(report.created) == sorted(example())
    assert course.title == "Un curso pequeño"
    assert "<strong>prueba</strong>" in course.introduction_html
    assert [step["weeks"] for step in course.plan] == [[1, 1], []]
    assert [m.folder for m in course.modules.all()] == ["01_inicio", "recursos"]
    assert course.repositories.get().commit.startswith("0123")


def test_a_written_document_has_all_that_its_page_needs(folder: Path):
    import_course(folder)
    document = Document.objects.get(file__path=FIRST)
    assert (document.title, document.minutes, document.kind) == ("La primera lección", 30, "lesson")
    assert document.objectives == ["Encontrar el bucle"]
    assert [heading["title"] for heading in document.contents] == ["El bucle"]
    assert "<svg" in document.body_html
    assert 'src="/cursos/ejemplo/01_inicio/esquema.png"' in document.body_html
    assert 'href="/cursos/ejemplo/recursos/notas/#datos"' in document.body_html
    assert document.cited == [
        {
            "repository": "motor",
            "path": path,
            "first": first,
            "last": last,
            "symbol": "girar",
            "checked": True,
        }
        for path, first, last in (("src/bucle.cc", 3, 5), ("src/bucle.h", 2, 2))
    ]
    assert [(str(r), r.line, r.is_locked) for r in document.references.all()] == [
        ("src/bucle.cc:3-5", 10, True),
        ("src/bucle.h:2", 10, True),
    ]


def test_an_announced_document_cannot_be_opened_and_links_to_it_lead_to_the_index(folder: Path):
    import_course(folder)
    announced = Document.objects.get(file__path=ANNOUNCED)
    assert not announced.is_written
    assert announced not in Document.objects.published()
    assert announced.short_title == "La segunda"
    link = "/cursos/ejemplo/?documento=01_inicio/02_segunda"
    assert f'href="{link}"' in Document.objects.get(file__path=FIRST).body_html


def test_links_lead_to_a_document_as_soon_as_it_is_written(folder: Path):
    import_course(folder)
    put(folder, example({ANNOUNCED: "---\ntitle: Segunda\n---\nYa está.\n"}))
    import_course(folder)
    assert 'href="/cursos/ejemplo/01_inicio/02_segunda/"' in Document.objects.get(file__path=FIRST).body_html


def test_importing_twice_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch):
    import_course(folder)
    before = counts()
    monkeypatch.setattr(projecting, "render_document", None)  # nothing is rendered again
    report = import_course(folder)
    assert counts() == before
    assert (report.created, report.changed, report.unchanged) == ([], [], 7)


def test_what_changed_in_the_folder_is_taken(folder: Path):
    import_course(folder)
    put(folder, example({FIRST: edited(FIRST, "El bucle está", "El bucle vive")}))
    report = import_course(folder)
    assert report.changed == [FIRST]
    assert "El bucle vive" in Document.objects.get(file__path=FIRST).body_html
    revision = course_file(FIRST).head
    assert revision is not None
    assert revision.parent is not None
    assert revision.origin == FileRevision.Origin.IMPORT


def test_a_change_of_one_file_renders_that_one_alone(folder: Path, monkeypatch: pytest.MonkeyPatch):
    import_course(folder)
    put(folder, example({THIRD: edited(THIRD, "Vuelve a", "Regresa a")}))
    rendered = []
    render = projecting.render_document
    monkeypatch.setattr(
        projecting, "render_document", lambda d, *a, **k: (rendered.append(d.path), render(d, *a, **k))[1]
    )
    import_course(folder)
    assert rendered == [THIRD]


def test_an_edit_of_the_site_is_left_and_listed(folder: Path):
    import_course(folder)
    text = edited(FIRST, "El bucle está", "El bucle (editado) está")
    edit_on_site(FIRST, text)
    put(folder, example({THIRD: edited(THIRD, "Vuelve a", "Regresa a")}))
    report = import_course(folder)
    assert (report.edited, report.changed, report.conflicts) == ([FIRST], [THIRD], [])
    assert published(FIRST) == text
    assert f"Editados en el sitio; se dejan como están:\n  {FIRST}" in told(report)


def test_a_draft_of_the_site_is_an_edit_too(folder: Path):
    import_course(folder)
    save(course_file(FIRST), b"a medias", author=None, why="", publish=False)
    put(folder, example({FIRST: edited(FIRST, "El bucle está", "El bucle vive")}))
    report = import_course(folder)
    assert report.conflicts == [FIRST]
    head = course_file(FIRST).head
    assert head is not None
    assert head.text == "a medias"


def test_in_a_conflict_the_site_wins_and_the_folder_is_kept_beside_it(folder: Path):
    import_course(folder)
    mine = edited(FIRST, "El bucle está", "El bucle (sitio) está")
    theirs = edited(FIRST, "El bucle está", "El bucle (carpeta) está")
    edit_on_site(FIRST, mine)
    put(folder, example({FIRST: theirs}))
    report = import_course(folder)
    file = course_file(FIRST)
    assert report.conflicts == [FIRST]
    assert published(FIRST) == mine
    assert file.imported is not None
    assert file.imported.text == theirs
    assert "EN CONFLICTO" in told(report)


def test_a_conflict_is_told_until_somebody_joins_the_two(folder: Path):
    import_course(folder)
    edit_on_site(FIRST, edited(FIRST, "El bucle está", "El bucle (sitio) está"))
    put(folder, example({FIRST: edited(FIRST, "El bucle está", "El bucle (carpeta) está")}))
    import_course(folder)
    before = counts()
    assert import_course(folder).conflicts == [FIRST]
    assert counts() == before
    joined = edited(FIRST, "El bucle está", "El bucle (sitio y carpeta) está")
    edit_on_site(FIRST, joined)
    put(folder, example({FIRST: joined}))
    report = import_course(folder)
    assert (report.conflicts, report.edited, report.changed) == ([], [], [FIRST])
    assert import_course(folder).unchanged == 7


def test_an_edit_made_on_the_folders_text_is_no_conflict_any_more(folder: Path):
    import_course(folder)
    edit_on_site(FIRST, edited(FIRST, "El bucle está", "El bucle (sitio) está"))
    theirs = edited(FIRST, "El bucle está", "El bucle (carpeta) está")
    put(folder, example({FIRST: theirs}))
    import_course(folder)
    imported = course_file(FIRST).imported
    assert imported is not None
    restore(course_file(FIRST), imported, author=None)
    edit_on_site(FIRST, theirs.replace("(carpeta)", "(carpeta y algo más)"))
    report = import_course(folder)
    assert (report.conflicts, report.edited) == ([], [FIRST])


def test_an_error_changes_nothing_and_names_file_and_line(folder: Path):
    import_course(folder)
    before = counts()
    broken = {
        FIRST: edited(FIRST, "flowchart LR", "dibujo LR"),
        THIRD: edited(THIRD, "../01_primera.md", "../no_existe.md"),
        "recursos/datos.txt": "otro",
    }
    put(folder, example(broken))
    with pytest.raises(Refused) as caught:
        import_course(folder)
    assert [(p.path, p.line) for p in caught.value.problems] == [(FIRST, 13), (THIRD, 8)]
    assert counts() == before
    assert published("recursos/datos.txt") == "uno\r\ndos\r\n"


def test_a_new_course_with_an_error_leaves_no_trace(folder: Path):
    put(folder, example({"recursos/notas.md": "sin cabecera"}))
    with pytest.raises(Refused):
        import_course(folder)
    assert counts() == [0, 0, 0, 0, 0]


def test_a_file_that_vanished_is_retired_and_work_on_it_stays(folder: Path):
    import_course(folder)
    third = Document.objects.get(file__path=THIRD)
    cohort = factories.make_cohort(third.course)
    enrollment = factories.enroll(factories.make_user(), cohort)
    Progress.objects.create(enrollment=enrollment, file=third.file)
    index = edited(
        "course.yml",
        """    sections:
      - title: A fondo
        documents:
          - path: 01_inicio/fondo/03_tercera.md
            title: La tercera
""",
        "",
    )
    put(folder, example({THIRD: None, "course.yml": index}))
    report = import_course(folder)
    third.refresh_from_db()
    assert report.retired == [THIRD]
    assert third.retired_at is not None
    assert course_file(THIRD).retired_at is not None
    assert third not in Document.objects.standing()
    assert Progress.objects.filter(file=third.file).exists()

    put(folder, example())
    assert THIRD in import_course(folder).returned
    assert Document.objects.published().filter(pk=third.pk).exists()


def test_a_document_that_vanished_but_is_in_the_index_is_in_preparation_again(folder: Path):
    import_course(folder)
    put(folder, example({THIRD: None}))
    import_course(folder)
    third = Document.objects.get(file__path=THIRD)
    assert (third.retired_at, third.is_written, third.body_html) == (None, False, "")
    assert third.file.revisions.count() == 1
    put(folder, example())
    import_course(folder)
    assert Document.objects.get(pk=third.pk).is_written


def test_a_file_that_was_edited_is_not_retired_when_it_vanishes(folder: Path):
    import_course(folder)
    edit_on_site(THIRD, edited(THIRD, "Vuelve a", "Regresa a"))
    put(folder, example({THIRD: None}))
    report = import_course(folder)
    assert report.edited_and_gone == [THIRD]
    assert Document.objects.get(file__path=THIRD).is_written


def renamed_folder() -> dict[str, bytes]:
    moved = "01_inicio/fondo/04_movida.md"
    text = edited(THIRD, "title: La tercera lección", f"title: La tercera lección\nwas: {THIRD}")
    index = edited("course.yml", THIRD, moved)
    return example({THIRD: None, moved: text, "course.yml": index})


def test_a_rename_keeps_identity_and_history(folder: Path):
    import_course(folder)
    before = Document.objects.get(file__path=THIRD)
    put(folder, renamed_folder())
    report = import_course(folder)
    after = Document.objects.get(file__path="01_inicio/fondo/04_movida.md")
    assert (after.pk, after.file_id) == (before.pk, before.file_id)
    assert after.file.revisions.count() == 2
    assert report.renamed == [(THIRD, "01_inicio/fondo/04_movida.md")]
    assert not CourseFile.objects.filter(path=THIRD).exists()
    assert import_course(folder).renamed == []


def test_a_rename_to_a_place_that_was_announced_takes_it(folder: Path):
    planned = "01_inicio/fondo/04_movida.md\n            title: Prevista\n          - path: "
    index = edited("course.yml", THIRD, planned + THIRD)
    put(folder, example({"course.yml": index}))
    import_course(folder)
    before = Document.objects.get(file__path=THIRD)
    put(folder, renamed_folder())
    import_course(folder)
    assert Document.objects.get(file__path="01_inicio/fondo/04_movida.md").pk == before.pk


def test_a_rename_whose_old_file_is_still_there_is_refused(folder: Path):
    import_course(folder)
    files = renamed_folder()
    files[THIRD] = example()[THIRD]
    put(folder, files)
    with pytest.raises(Refused, match="sigue en la carpeta"):
        import_course(folder)


def row(path: str, digest: str = "a" * 64) -> str:
    return f"motor\t{path}\t1\t1\t\t{digest}\n"


def test_the_lock_is_merged_by_row(folder: Path):
    import_course(folder)
    titles, *rows = example()["references.tsv"].decode().splitlines(keepends=True)
    edit_on_site("references.tsv", titles + row("src/a.cc") + "".join(rows))
    put(folder, example({"references.tsv": titles + "".join(rows) + row("src/z.cc")}))
    report = import_course(folder)
    paths = [reference.path for reference in Lock.parse(published("references.tsv").encode()).rows]
    assert paths == ["src/a.cc", "src/bucle.cc", "src/bucle.h", "src/z.cc"]
    assert (report.changed, report.rows) == (["references.tsv"], [])
    before = counts()
    again = import_course(folder)
    assert (again.changed, again.edited) == ([], ["references.tsv"])
    assert counts() == before


def test_a_row_with_two_digests_is_a_conflict_and_the_site_keeps_its_own(folder: Path):
    import_course(folder)
    text = example()["references.tsv"].decode()
    edit_on_site("references.tsv", text + row("src/z.cc", "b" * 64))
    put(folder, example({"references.tsv": text + row("src/z.cc", "c" * 64)}))
    report = import_course(folder)
    assert report.rows == ["motor:src/z.cc:1"]
    assert "b" * 64 in published("references.tsv")


def test_a_new_pin_renders_what_cites_the_repository(folder: Path):
    import_course(folder)
    before = Document.objects.get(file__path=FIRST).renderer_version
    put(folder, example({"course.yml": edited("course.yml", "commit: 0123", "commit: ffff")}))
    import_course(folder)
    assert Document.objects.get(file__path=FIRST).renderer_version != before
    assert Course.objects.get(slug="ejemplo").repositories.get().commit.startswith("ffff")


class Notes:
    """A kind of file of another app, which keeps what it was told."""

    name = "apuntes"

    def __init__(self) -> None:
        self.projected: list[tuple[int, list[str]]] = []

    def claims(self, path: str) -> bool:
        return path.endswith(".nota")

    def parse(self, files, manifest, everything):
        problems = [
            extensions.Problem(path, 1, "está vacío: escribe algo")
            for path, content in files.items()
            if not content
        ]
        return len(files), problems

    def project(self, course, values, files):
        self.projected.append((values, sorted(path for path in files if self.claims(path))))


def test_another_apps_files_are_parsed_and_projected_with_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    kind = Notes()
    monkeypatch.setattr(extensions, "file_kinds", [kind])
    put(folder, example({"01_inicio/01_primera.nota": "x"}))
    import_course(folder)
    assert kind.projected == [(1, ["01_inicio/01_primera.nota"])]


def test_another_apps_problem_refuses_the_import(folder: Path, monkeypatch: pytest.MonkeyPatch):
    kind = Notes()
    monkeypatch.setattr(extensions, "file_kinds", [kind])
    put(folder, example({"01_inicio/01_primera.nota": ""}))
    with pytest.raises(Refused, match="está vacío"):
        import_course(folder)
    assert kind.projected == []
    assert counts() == [0, 0, 0, 0, 0]
