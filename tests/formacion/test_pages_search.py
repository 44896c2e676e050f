"""Finding by words."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from formacion.pages import search
from formacion.pages.search import find, fold
from tests import factories
from tests.conftest import Cast


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Balanceó", "balanceo"), ("ÑANDÚ", "nandu"), ("xDS", "xds"), ("a→b", "a→b"), ("ﬁn", "fin"), ("İ", "i")],
)
def test_neither_accent_nor_case_matters(text: str, folded: str) -> None:
    assert fold(text)[0] == folded[0]
    assert len(fold(text)) == len(text)


@pytest.fixture
def library(cast: Cast) -> Cast:
    cast.lesson.body_html = (
        "<h2>Medio cierre</h2><p>La conexión <em>medio</em> cerrada</p><svg><text>dibujo</text></svg>"
    )
    cast.lesson.save()
    module = cast.lesson.module
    factories.make_document(cast.course, module=module, title="Conexiones largas", body_html="<p>Nada más.</p>")
    factories.make_document(cast.course, module=module, title="Conexiones futuras", written=False)
    return cast


def titles(user: object, query: str) -> list[str]:
    return [result.title for result in find(user, query)]


@pytest.mark.django_db
def test_titles_come_before_texts(library: Cast) -> None:
    assert titles(library.ana, "CONEXION") == ["Conexiones largas", "TCP"]


@pytest.mark.django_db
def test_every_word_has_to_be_there(library: Cast) -> None:
    assert titles(library.ana, "conexión cierre") == ["TCP"]
    assert titles(library.ana, "conexión ausente") == []


@pytest.mark.django_db
def test_the_words_around_the_hit_are_shown_as_they_were_written(library: Cast) -> None:
    (found,) = find(library.ana, "cerrada")
    assert (found.before, found.hit, found.after) == ("Medio cierre La conexión medio ", "cerrada", "")


@pytest.mark.django_db
def test_what_is_inside_drawings_is_not_text(library: Cast) -> None:
    assert titles(library.ana, "dibujo") == []


@pytest.mark.django_db
def test_who_may_not_read_a_text_finds_titles_alone(library: Cast) -> None:
    assert titles(library.nadie, "conexion") == ["Conexiones largas"]
    assert titles(library.nadie, "cerrada") == []


@pytest.mark.django_db
def test_a_closed_course_is_not_found_from_outside(library: Cast) -> None:
    library.course.is_open = False
    library.course.save()
    assert titles(library.nadie, "conexiones") == []
    assert titles(library.carla, "conexiones") == ["Conexiones largas"]


@pytest.mark.django_db
def test_a_new_text_is_found_and_the_old_one_no_more(library: Cast) -> None:
    assert titles(library.ana, "cerrada") == ["TCP"]
    file = library.lesson.file
    file.published = file.revisions.create(content=b"x", origin="site")
    file.save()
    library.lesson.body_html = "<p>Ventana</p>"
    library.lesson.save()
    assert titles(library.ana, "cerrada") == []
    assert titles(library.ana, "ventana") == ["TCP"]


@pytest.mark.django_db
def test_what_was_looked_for_is_shown_as_text(cast: Cast, client: Client) -> None:
    page = client.get("/buscar/", {"q": "<script>alert(1)</script>"})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "Nada de lo publicado" in page.text


@pytest.mark.django_db
def test_looking_for_something_takes_few_queries_however_many_texts_there_are(
    cast: Cast, client: Client, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    for number in range(12):
        factories.make_document(cast.course, body_html=f"<p>Ventana {number}</p>")
    search._read.clear()
    client.force_login(cast.ana)
    with django_assert_max_num_queries(8):
        assert "12 resultados" in client.get("/buscar/", {"q": "ventana"}).text
