"""Files beside the documents: which are handed out, as what, and that the rest do not exist."""

import subprocess

import pytest
from django.test import Client

from courses import mirrors
from courses.models import CodeReference, FileRevision, Repository
from courses.pointing import editor_url, permalink
from tests import factories
from tests.conftest import Cast

SERVED = {
    "recursos/lento.yaml": "text/plain; charset=utf-8",
    "recursos/pagina.html": "text/plain; charset=utf-8",
    "recursos/captura.pcap": "application/vnd.tcpdump.pcap",
    "01_fundamentos/ventana.png": "image/png",
    "01_fundamentos/img/ventana.svg": "image/svg+xml",
    "ejercicios/eco/starter/main.py": "text/plain; charset=utf-8",
    "ejercicios/eco/starter/doc/LEEME.md": "text/plain; charset=utf-8",
}
HIDDEN = [
    "course.yml",
    "references.tsv",
    "01_fundamentos/01_tcp.md",
    "01_fundamentos/01_tcp.quiz.yml",
    "recursos/notas.md",
    "recursos/notas.quiz.yml",
    "otra/figura.png",
    "ejercicios/eco.md",
    "ejercicios/eco/exercise.yml",
    "ejercicios/eco/check.py",
    "ejercicios/eco/figura.png",
    "ejercicios/eco/solution/buena/main.py",
    "ejercicios/eco/solution/starter/main.py",
    "ejercicios/eco/wrong/starter/starter/main.py",
    "ejercicios/nadie/starter/main.py",
    "starter/main.py",
]


def text_of(path: str) -> bytes:
    return f"<b>Lo que dice {path}</b>".encode()


@pytest.fixture
def library(cast: Cast) -> Cast:
    """A course with a file at every path, each published."""
    factories.make_exercise(cast.course, "ejercicios/eco.md")
    there = set(cast.course.files.values_list("path", flat=True))
    for path in {*SERVED, *HIDDEN} - there:
        factories.make_file(cast.course, path, text_of(path))
    return cast


@pytest.mark.django_db
@pytest.mark.parametrize("path", SERVED)
def test_readers_get_a_file_as_it_is_and_no_browser_runs_it(library: Cast, client: Client, path: str) -> None:
    client.force_login(library.ana)
    response = client.get(f"/cursos/redes/{path}")
    assert (response.status_code, response.content) == (200, text_of(path))
    assert response.headers["Content-Type"] == SERVED[path]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", HIDDEN)
@pytest.mark.parametrize("who", ["ana", "carla", "olga"])
def test_nobody_gets_what_grades_or_what_is_no_file_for_readers(
    library: Cast, client: Client, path: str, who: str
) -> None:
    client.force_login(getattr(library, who))
    assert client.get(f"/cursos/redes/{path}").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("path", HIDDEN)
def test_nor_does_who_has_not_logged_in(library: Cast, client: Client, path: str) -> None:
    response = client.get(f"/cursos/redes/{path}")
    assert response.status_code in {302, 404}
    assert text_of(path) not in response.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "recursos/../course.yml",
        "recursos/%2e%2e/course.yml",
        "recursos//lento.yaml",
        "ejercicios/eco/starter/../exercise.yml",
        "ejercicios/eco/starter/%2e%2e/exercise.yml",
        "ejercicios/eco/exercise.yml?/starter/",
        "recursos/lento.yaml%00.png",
        "/recursos/lento.yaml",
    ],
)
def test_a_crooked_path_leads_nowhere(library: Cast, client: Client, path: str) -> None:
    client.force_login(library.ana)
    assert client.get(f"/cursos/redes/{path}").status_code == 404


@pytest.mark.django_db
def test_who_is_not_in_the_course_gets_no_file(library: Cast, client: Client) -> None:
    client.force_login(library.nadie)
    assert client.get("/cursos/redes/recursos/lento.yaml").status_code == 404


@pytest.mark.django_db
def test_who_has_not_logged_in_may_do_that_first(library: Cast, client: Client) -> None:
    path = "/cursos/redes/recursos/lento.yaml"
    assert client.get(path).headers["Location"] == f"/cuenta/login/?next={path}"


@pytest.mark.django_db
def test_what_the_browser_has_already_is_not_sent_again(library: Cast, client: Client) -> None:
    client.force_login(library.ana)
    path = "/cursos/redes/recursos/lento.yaml"
    etag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.django_db
def test_a_new_text_is_sent_to_who_has_the_old_one(library: Cast, client: Client) -> None:
    client.force_login(library.ana)
    path = "/cursos/redes/recursos/lento.yaml"
    etag = client.get(path).headers["ETag"]
    file = library.course.files.get(path="recursos/lento.yaml")
    file.published = FileRevision.objects.create(file=file, content=b"nuevo", origin="site")
    file.save()
    assert client.get(path, headers={"If-None-Match": etag}).content == b"nuevo"


@pytest.mark.django_db
def test_a_draft_is_not_handed_out(library: Cast, client: Client) -> None:
    file = library.course.files.get(path="recursos/lento.yaml")
    file.published = None
    file.save()
    client.force_login(library.ana)
    assert client.get("/cursos/redes/recursos/lento.yaml").status_code == 404


# --- where a reference points -------------------------------------------------------------------------------


def repository(**fields: str) -> Repository:
    defaults = {"name": "envoy", "url": "https://github.com/istio/x", "commit": "a" * 40, "language": "C++20"}
    return Repository(**{**defaults, **fields}, endings=[".cc"])


@pytest.mark.parametrize(
    ("editor", "checkout", "language", "url"),
    [
        ("", "/src/envoy", "C++20", ""),
        ("vscode", "", "C++20", ""),
        ("vscode", "/src/mi envoy/", "C++20", "vscode://file/src/mi%20envoy/a/b.cc:7"),
        ("vscode", "C:\\src\\envoy", "C++20", "vscode://file/C:/src/envoy/a/b.cc:7"),
        (
            "jetbrains",
            "/src/envoy",
            "C++20",
            "jetbrains://clion/navigate/reference?project=envoy&path=a/b.cc:7",
        ),
        ("jetbrains", "/src/z", "Rust", "jetbrains://rustrover/navigate/reference?project=z&path=a/b.cc:7"),
        ("jetbrains", "/src/z", "", "jetbrains://idea/navigate/reference?project=z&path=a/b.cc:7"),
    ],
)
def test_the_link_into_the_editor(editor: str, checkout: str, language: str, url: str) -> None:
    assert editor_url(editor, checkout, repository(language=language), "a/b.cc", 7) == url


@pytest.mark.parametrize(("last", "anchor"), [(7, "#L7"), (9, "#L7-L9")])
def test_the_permalink_is_pinned(last: int, anchor: str) -> None:
    expected = f"https://github.com/istio/x/blob/{'a' * 40}/a/b.cc{anchor}"
    assert permalink(repository(), "a/b.cc", 7, last) == expected


@pytest.fixture
def mirrored(cast: Cast, tmp_path, settings) -> Cast:
    """The cast's repository with a mirror whose a.cc has three lines; the lesson cites the last two."""

    def git(*words: str) -> str:
        identity = ["-c", "user.name=x", "-c", "user.email=x@ejemplo.test"]
        done = subprocess.run(
            ["git", "-C", tmp_path, *identity, *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "a.cc").write_text("int uno;\nif (a < b) {\n}\n")
    git("add", ".")
    git("commit", "-qm", "x")
    envoy = Repository.objects.get(course=cast.course)
    envoy.commit = git("rev-parse", "HEAD")
    envoy.save()
    settings.SOURCE_MIRRORS = {"envoy": str(tmp_path / ".git")}
    CodeReference.objects.create(document=cast.lesson, repository=envoy, path="a.cc", first=2, last=3, line=1)
    yield cast
    mirrors.mirror_of("envoy").close()


CODE = "/cursos/redes/_codigo/envoy/a.cc/2-3/"


@pytest.mark.django_db
def test_with_a_mirror_readers_see_the_lines(mirrored: Cast, client: Client) -> None:
    client.force_login(mirrored.ana)
    page = client.get(CODE).text
    assert 'data-linenos="2 "' in page
    assert "&lt;" in page
    assert "uno" not in page
    assert "Sin copia local" not in page


@pytest.mark.django_db
def test_who_is_outside_gets_the_link_and_not_the_code(mirrored: Cast, client: Client) -> None:
    page = client.get(CODE).text
    assert "data-linenos" not in page
    assert "a.cc#L2-L3" in page


@pytest.mark.django_db
def test_lines_that_the_mirror_does_not_have_are_no_fault_of_the_page(mirrored: Cast, client: Client) -> None:
    CodeReference.objects.update(first=20, last=30)
    client.force_login(mirrored.ana)
    response = client.get("/cursos/redes/_codigo/envoy/a.cc/20-30/")
    assert response.status_code == 200
    assert "Sin copia local" in response.text
