import pytest

from courses import mirrors, publishing
from courses.importing import import_course
from courses.models import CodeReference, Course, CourseFile, Document, FileRevision
from courses.publishing import Refused, StaleSave, restore, save, save_new
from courses.rendering import Lock
from courses.rendering.mirrors import MirrorBroken, NotInMirror
from tests import factories
from tests.courses.builders import EXAMPLE, edited

pytestmark = [pytest.mark.django_db, pytest.mark.db]

FIRST = "01_inicio/01_primera.md"
ANNOUNCED = "01_inicio/02_segunda.md"


@pytest.fixture
def course() -> Course:
    import_course(EXAMPLE)
    return Course.objects.get(slug="ejemplo")


@pytest.fixture
def first(course: Course) -> CourseFile:
    return course.files.get(path=FIRST)


def with_text(text: str) -> bytes:
    return edited(FIRST, "El bucle está", text).encode()


def test_text_and_html_are_saved_together(first: CourseFile):
    author = factories.make_user()
    revision = save(first, with_text("El bucle reside"), author=author, why="Más claro")
    first.refresh_from_db()
    assert first.head == first.published == revision
    assert (revision.author, revision.why, revision.origin) == (author, "Más claro", "site")
    assert revision.parent == first.imported
    assert "El bucle reside" in first.document.body_html


def test_a_broken_diagram_is_refused_with_its_line(first: CourseFile):
    before = FileRevision.objects.count()
    broken = edited(FIRST, "flowchart LR", "dibujo LR").encode()
    with pytest.raises(Refused) as caught:
        save(first, broken, author=None, why="")
    assert [(p.path, p.line) for p in caught.value.problems] == [(FIRST, 13)]
    assert FileRevision.objects.count() == before
    assert "<svg" in Document.objects.get(file=first).body_html


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("`src/bucle.cc:3-5`", "`src/bucle.cc:5-3`", 10, "de menor a mayor"),
        ("`src/bucle.cc:3-5`", "`otro:src/bucle.cc:3`", 10, "ningún repositorio"),
        ("02_segunda.md", "nada.md", 21, "no está en el curso"),
        ("title: La primera lección", "titulo: x", 2, "«titulo»"),
        ("esquema.png", "course.yml", 19, "no está en el curso"),
    ],
)
def test_what_readers_could_not_follow_is_refused(first: CourseFile, old: str, new: str, line: int, words: str):
    with pytest.raises(Refused) as caught:
        save(first, edited(FIRST, old, new).encode(), author=None, why="")
    assert [p.line for p in caught.value.problems if words in p.message] == [line]


def test_a_draft_moves_only_the_head_and_may_be_broken(first: CourseFile):
    html = first.document.body_html
    draft = save(first, b"a medias", author=None, why="", publish=False)
    first.refresh_from_db()
    assert first.head == draft
    assert first.published == first.imported
    assert Document.objects.get(file=first).body_html == html


def test_publishing_a_draft_as_it_is_makes_no_further_revision(first: CourseFile):
    text = with_text("El bucle reside")
    draft = save(first, text, author=None, why="", publish=False)
    assert save(first, text, author=None, why="") == draft
    first.refresh_from_db()
    assert first.published == draft
    assert "El bucle reside" in first.document.body_html


def test_saving_what_stands_writes_nothing(first: CourseFile):
    before = FileRevision.objects.count()
    assert first.head is not None
    assert save(first, bytes(first.head.content), author=None, why="") == first.head
    assert FileRevision.objects.count() == before


@pytest.mark.parametrize("publish", [True, False])
def test_a_stale_save_is_refused_and_names_what_stands(first: CourseFile, publish: bool):
    base = first.head_id
    other = save(first, with_text("El bucle de otra persona"), author=factories.make_user(), why="")
    with pytest.raises(StaleSave) as caught:
        save(first, with_text("El mío"), author=None, why="", publish=publish, base=base)
    assert caught.value.current == other
    first.refresh_from_db()
    assert first.head == other


def test_a_save_that_is_overtaken_while_it_renders_does_not_overwrite(
    first: CourseFile, monkeypatch: pytest.MonkeyPatch
):
    base, render = first.head_id, publishing._projection

    def slow(*arguments):
        monkeypatch.setattr(publishing, "_projection", render)
        save(first, with_text("El bucle más rápido"), author=None, why="")
        return render(*arguments)

    monkeypatch.setattr(publishing, "_projection", slow)
    with pytest.raises(StaleSave):
        save(first, with_text("El bucle lento"), author=None, why="", base=base)
    first.refresh_from_db()
    assert first.published is not None
    assert "más rápido" in first.published.text


def test_a_change_elsewhere_meanwhile_is_taken_into_account(
    course: Course, first: CourseFile, monkeypatch: pytest.MonkeyPatch
):
    render = publishing._projection

    def slow(*arguments):
        monkeypatch.setattr(publishing, "_projection", render)
        announced = course.files.get(path=ANNOUNCED)
        save(announced, b"---\ntitle: Segunda\n---\nEscrita mientras tanto.\n", author=None, why="")
        return render(*arguments)

    monkeypatch.setattr(publishing, "_projection", slow)
    save(first, with_text("El bucle reside"), author=None, why="", base=first.head_id)
    document = Document.objects.get(file=first)
    assert "El bucle reside" in document.body_html
    assert 'href="/cursos/ejemplo/01_inicio/02_segunda/"' in document.body_html


def test_an_older_revision_is_restored_as_a_new_one(first: CourseFile):
    old = first.head
    assert old is not None
    save(first, with_text("El bucle reside"), author=None, why="")
    restored = restore(first, old, author=None)
    assert restored.pk != old.pk
    assert restored.sha256 == old.sha256
    assert "El bucle está" in Document.objects.get(file=first).body_html


def test_what_the_index_announces_is_written_on_the_site(course: Course):
    file = course.files.get(path=ANNOUNCED)
    save(file, b"---\ntitle: La segunda\n---\nYa.\n", author=None, why="", base=0)
    document = Document.objects.get(file=file)
    assert document.is_written
    assert document in Document.objects.published()
    assert 'href="/cursos/ejemplo/01_inicio/02_segunda/"' in Document.objects.get(file__path=FIRST).body_html


def test_the_index_is_edited_on_the_site(course: Course):
    file = course.files.get(path="course.yml")
    text = edited("course.yml", "title: Un curso pequeño", "title: Un curso mejor")
    save(file, text.replace("La segunda, anunciada", "Otra cosa").encode(), author=None, why="")
    course.refresh_from_db()
    assert course.title == "Un curso mejor"
    assert Document.objects.get(file__path=ANNOUNCED).title == "Otra cosa"


def test_the_address_of_a_course_does_not_change(course: Course):
    file = course.files.get(path="course.yml")
    with pytest.raises(Refused, match="no cambia"):
        save(file, edited("course.yml", "slug: ejemplo", "slug: otro").encode(), author=None, why="")


def test_what_leaves_the_index_without_being_written_is_gone_from_it(course: Course):
    file = course.files.get(path="course.yml")
    lines = """      - path: 01_inicio/02_segunda.md
        title: La segunda, anunciada
        short_title: La segunda
        minutes: 45
"""
    first = course.files.get(path=FIRST)
    save(first, edited(FIRST, "[la segunda](02_segunda.md)", "la segunda").encode(), author=None, why="")
    save(file, edited("course.yml", lines, "").encode(), author=None, why="")
    assert ANNOUNCED not in Document.objects.standing().values_list("file__path", flat=True)


def test_a_new_file_is_published(course: Course):
    save_new(course, "recursos/mas.txt", b"tres\n", author=None, why="Faltaba")
    assert course.files.get(path="recursos/mas.txt").published.text == "tres\n"


@pytest.mark.parametrize("path", ["../fuera.txt", "/etc/passwd", "recursos/.oculto", FIRST, "suelto.txt"])
def test_a_new_file_with_a_path_that_does_not_do_is_refused(course: Course, path: str):
    with pytest.raises(Refused):
        save_new(course, path, b"x", author=None, why="")
    assert not course.files.filter(path=path).exclude(path=FIRST).exists()


class FakeMirror:
    """A repository of one file with three lines."""

    def file(self, commit: str, path: str) -> bytes:
        if path != "src/nuevo.cc":
            raise NotInMirror(f"{path} no existe")
        return b"uno\ndos\ntres\n"

    def lines(self, commit: str, path: str, first: int, last: int) -> bytes:
        return b"".join(self.file(commit, path).splitlines(keepends=True)[first - 1 : last])


def test_a_new_reference_is_locked_where_there_is_a_mirror(first: CourseFile, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mirrors, "mirror_of", lambda name: FakeMirror())
    author = factories.make_user()
    save(first, with_text("Está en `src/nuevo.cc:2`, y el bucle está"), author=author, why="")
    reference = CodeReference.objects.get(path="src/nuevo.cc")
    lock = first.course.files.get(path="references.tsv").published
    assert lock is not None
    assert reference.sha256 in lock.text
    assert reference.is_locked
    assert lock.author == author
    assert len(Lock.parse(bytes(lock.content)).rows) == 3


def test_a_reference_that_the_mirror_does_not_have_is_refused_with_its_line(
    first: CourseFile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mirrors, "mirror_of", lambda name: FakeMirror())
    with pytest.raises(Refused) as caught:
        save(first, with_text("Está en `src/falso.cc:2`, y el bucle está"), author=None, why="")
    [problem] = caught.value.problems
    assert problem.line == 10
    assert "no está en el código fijado" in problem.message


def test_without_a_mirror_a_new_reference_is_saved_unchecked(first: CourseFile):
    save(first, with_text("Está en `src/nuevo.cc:2`, y el bucle está"), author=None, why="")
    assert not CodeReference.objects.get(path="src/nuevo.cc").is_locked
    assert [row["checked"] for row in Document.objects.get(file=first).cited] == [False, True, True]


def test_a_broken_mirror_keeps_nobody_from_writing(first: CourseFile, monkeypatch: pytest.MonkeyPatch):
    class Broken(FakeMirror):
        def lines(self, *place: object) -> bytes:
            raise MirrorBroken("no es un repositorio")

    monkeypatch.setattr(mirrors, "mirror_of", lambda name: Broken())
    save(first, with_text("El bucle, en `src/otro.cc:1-2`, está"), author=None, why="Otra cita")
    assert CodeReference.objects.get(path="src/otro.cc").sha256 == ""


def test_a_text_that_an_import_took_away_meanwhile_is_told_to_its_author(first: CourseFile):
    seen = first.head
    CourseFile.objects.filter(pk=first.pk).update(head=None, published=None, imported=None)
    first.refresh_from_db()
    with pytest.raises(StaleSave) as caught:
        save(first, with_text("El bucle reside"), author=None, why="Tarde", base=seen.pk, publish=False)
    assert caught.value.current == seen


def test_a_revision_never_changes(first: CourseFile):
    assert first.head is not None
    first.head.why = "otra cosa"
    with pytest.raises(TypeError):
        first.head.save()
