"""The place in the bar follows from the address."""

import pytest

from formacion.templatetags.places import place


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "home"),
        ("/cursos/redes/", "course"),
        ("/cursos/redes/01_fundamentos/01_tcp/", "course"),
        ("/cursos/redes/ejercicios/laboratorios/medio_cierre/", "exercises"),
        ("/ejercicios/", "exercises"),
        ("/entregas/4/", "exercises"),
        ("/revision/4/", "review"),
        ("/cuenta/login/", ""),
        (None, ""),
    ],
)
def test_place(path: str | None, expected: str):
    assert place(path) == expected
