"""The header of 32 columns."""

import pytest
from django.template import Context, Template, TemplateSyntaxError


def render(source: str, **context: object) -> str:
    return Template("{% load headers %}" + source).render(Context(context))


def test_a_header_is_a_named_group_of_facts():
    html = render('{% header "Cabecera" %}{% fact "Lectura" 8 %}3 h{% endfact %}{% endheader %}')
    assert html == (
        '<div class="hdr" role="group" aria-label="Cabecera"><dl>'
        '<div class="f f-8"><dt>Lectura</dt><dd>3 h</dd></div></dl></div>'
    )


def test_the_ruler_is_drawn_on_request_and_not_read_aloud():
    assert '<div class="ruler" aria-hidden="true">' in render('{% header "C" ruler=True %}{% endheader %}')


def test_the_current_field_carries_the_marker():
    assert 'class="f f-8 is-here"' in render('{% fact "Casos" 8 state="here" %}2 de 5{% endfact %}')


def test_a_value_from_outside_is_escaped():
    html = render("{% fact label 8 %}{{ value }}{% endfact %}", label="<i>", value="<b>")
    assert "<dt>&lt;i&gt;</dt><dd>&lt;b&gt;</dd>" in html


def test_a_width_without_a_class_is_refused():
    with pytest.raises(TemplateSyntaxError, match="not 7"):
        render('{% fact "x" 7 %}{% endfact %}')
