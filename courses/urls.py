"""Addresses of what is taught. First segments that begin with `_` are pages that are not documents."""

from django.urls import path, register_converter
from django.urls.converters import PathConverter

from courses import views


class PlaceConverter(PathConverter):
    """A path below a course. No control characters: no file has them, and not every database takes them."""

    regex = r"[^\x00-\x1f\x7f]+"


class LinesConverter:
    """`394` or `394-420`, counted from 1, in order."""

    regex = r"[1-9][0-9]{0,6}(?:-[1-9][0-9]{0,6})?"

    def to_python(self, value: str) -> str:
        first, _dash, last = value.partition("-")
        if last and int(last) <= int(first):
            raise ValueError(value)
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(PlaceConverter, "place")
register_converter(LinesConverter, "lines")

urlpatterns = [
    path("cursos/", views.course_list, name="courses"),
    path("cursos/<slug:slug>/", views.course, name="course"),
    path("cursos/<slug:slug>/_inscripcion/", views.enroll, name="enroll"),
    path("cursos/<slug:slug>/_hecha/<place:address>/", views.complete, name="complete"),
    path(
        "cursos/<slug:slug>/_codigo/<slug:repository>/<place:path>/<lines:lines>/",
        views.reference,
        name="reference",
    ),
    path("cursos/<slug:slug>/<place:address>/", views.document, name="document"),
    path("cursos/<slug:slug>/<place:path>", views.course_asset, name="course_asset"),
]
