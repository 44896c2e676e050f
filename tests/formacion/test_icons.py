"""The icon tags draw what the build put into the sprite, and nothing else."""

import subprocess

import pytest
from django.template import Context, Template, TemplateSyntaxError

from courses.rendering.markup import ICONS
from formacion.templatetags import icons


def render(source: str) -> str:
    return Template("{% load icons %}" + source).render(Context())


def test_an_icon_beside_a_word_is_hidden_from_assistive_technology():
    assert render('{% icon "check" %}') == ('<svg class="icon" aria-hidden="true"><use href="#i-check"/></svg>')


def test_an_icon_alone_has_a_name():
    assert render('{% icon "circle-check" label="Hecha" css="st-done" %}') == (
        '<svg class="icon st-done" role="img" aria-label="Hecha"><use href="#i-circle-check"/></svg>'
    )


def test_a_label_is_escaped():
    assert 'aria-label="&lt;b&gt; &quot;"' in render("{% icon 'check' label='<b> \"' %}")


def test_an_icon_that_the_sprite_does_not_have_is_refused():
    with pytest.raises(TemplateSyntaxError, match=r"no icon “circle-chek” in static/icons\.txt"):
        render('{% icon "circle-chek" %}')


@pytest.mark.parametrize(
    ("state", "word"),
    [("done", "Hecha"), ("part", "Leyendo"), ("open", "Sin abrir"), ("draft", "En preparación")],
)
def test_each_state_of_a_lesson_has_an_icon_and_a_word(state: str, word: str):
    assert f'aria-label="{word}"' in render(f'{{% state_icon "{state}" %}}')


def test_a_label_replaces_the_word_of_a_state():
    assert 'aria-label="Entregado"' in render('{% state_icon "done" label="Entregado" %}')


def test_the_names_are_sorted_and_written_once():
    names = (icons.STATIC / "icons.txt").read_text().split()
    assert names == sorted(set(names))


def test_every_icon_that_a_template_names_is_in_the_list():
    root = icons.STATIC.parent
    listed = subprocess.run(
        ["git", "ls-files", "*.html"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()
    named = {
        (path, piece.split('"')[0])
        for path in listed
        for piece in (root / path).read_text().split('{% icon "')[1:]
    }
    assert named
    assert {(path, name) for path, name in named if name not in icons.icon_names()} == set()


def test_every_icon_of_rendered_lessons_is_in_the_list():
    assert {name for name in {*ICONS, "maximize-2", "x"} if name not in icons.icon_names()} == set()
