"""Compiled once, executed often: the same rows as the queryset itself."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from courses import progress
from courses.models import Document
from courses.prepared import NotPreparable, Prepared
from courses.templatetags import documents as tags
from courses.views import readable
from tests import factories
from tests.conftest import Cast


def titled(_variant: None, title: str) -> object:
    return Document.objects.filter(title=title).select_related("file")


by_title = Prepared(titled, title=str)


@pytest.mark.django_db
@pytest.mark.db
def test_each_call_has_its_own_values(cast: Cast) -> None:
    other = factories.make_document(cast.course, title="HTTP")
    assert by_title(title="TCP") == [cast.lesson]
    assert by_title(title="HTTP") == [other]
    assert by_title(title="QUIC") == []


@pytest.mark.django_db
def test_what_is_selected_along_takes_no_further_query(cast: Cast, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        (found,) = by_title(title="TCP")
        assert found.file.path == "01_fundamentos/01_tcp.md"


@pytest.mark.django_db
@pytest.mark.db
def test_the_first_call_asks_the_database_no_more_than_later_ones(
    cast: Cast, django_assert_num_queries
) -> None:
    fresh = Prepared(titled, title=str)
    with django_assert_num_queries(1):
        assert fresh(title="TCP") == [cast.lesson]
    with django_assert_num_queries(1):
        assert fresh(title="QUIC") == []


@pytest.mark.django_db
def test_a_value_is_a_parameter_and_never_part_of_the_statement(cast: Cast) -> None:
    assert by_title(title="' OR 1=1 --") == []


@pytest.mark.django_db
def test_every_variant_is_compiled_by_itself(cast: Cast) -> None:
    def listed(descending: bool, course: int) -> object:
        return Document.objects.filter(course=course).order_by("-pk" if descending else "pk")

    prepared = Prepared(listed, course=int)
    factories.make_document(cast.course)
    assert prepared(True, course=cast.course.pk) == prepared(False, course=cast.course.pk)[::-1]


@pytest.mark.django_db
def test_a_value_that_the_query_does_not_ask_for_is_refused(cast: Cast) -> None:
    with pytest.raises(NotPreparable):
        Prepared(lambda _variant, title: Document.objects.all(), title=str)(title="TCP")


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["ana", "diego", "carla", "olga", "nadie", "eva"])
def test_who_may_read_is_decided_by_the_queryset(cast: Cast, client: Client, who: str) -> None:
    person = getattr(cast, who)
    allowed = Document.objects.visible_to(person).filter(pk=cast.lesson.pk).exists()
    client.force_login(person)
    assert (client.get(cast.lesson.get_absolute_url()).status_code == 200) is allowed


@pytest.mark.django_db
@pytest.mark.db
def test_a_document_comes_with_what_its_reader_is_to_the_course(cast: Cast) -> None:
    address = cast.lesson.file.address
    found = readable(cast.ana, "redes", address)
    assert (found.enrollment_of(cast.ana), bool(found.is_taught)) == (cast.ana_enrolled, False)
    found = readable(cast.carla, "redes", address)
    assert (found.enrollment_of(cast.carla), bool(found.is_taught)) == (None, True)


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_get_the_rows_of_others(cast: Cast) -> None:
    wanted = {f"Título {n}": factories.make_document(cast.course, title=f"Título {n}").pk for n in range(8)}

    def ask(title: str) -> bool:
        try:
            return [row.pk for row in by_title(title=title)] == [wanted[title]]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, [*wanted] * 10))


@pytest.mark.django_db
def test_a_new_rendering_has_a_new_margin(cast: Cast) -> None:
    cast.lesson.renderer_version = "a" * 64
    cast.lesson.contents = [{"id": "uno", "title": "Uno", "level": 2}]
    assert "#uno" in tags.draw_margin(cast.lesson, False)
    cast.lesson.renderer_version = "b" * 64
    cast.lesson.contents = [{"id": "dos", "title": "Dos", "level": 2}]
    assert "#dos" in tags.draw_margin(cast.lesson, False)


@pytest.mark.django_db
@pytest.mark.parametrize("shows", [True, False])
def test_only_who_is_told_sees_what_was_not_checked(cast: Cast, shows: bool) -> None:
    cast.lesson.renderer_version = "c" * 64
    place = {"repository": "envoy", "path": "a.cc", "first": 1, "last": 2, "symbol": "", "checked": False}
    cast.lesson.cited = [place]
    assert ("unchecked" in tags.draw_margin(cast.lesson, shows)) is shows


@pytest.mark.django_db
def test_the_index_of_one_course_is_not_that_of_another(cast: Cast) -> None:
    other = factories.make_course()
    factories.make_document(other, module=factories.make_module(other), title="Otra")
    titles = [entry.title for module in progress.outline(other, None) for entry in module.entries]
    assert titles == ["Otra"]
