import re

import pytest

from courses.rendering import render_comment
from tests.courses.rendering.hostile import HOSTILE
from tests.courses.rendering.samples import parsed, rendered

FORBIDDEN_TAGS = {
    "script",
    "style",
    "iframe",
    "object",
    "embed",
    "base",
    "meta",
    "link",
    "form",
    "template",
    "math",
}
FORBIDDEN_TAGS |= {"noscript", "foreignobject", "animate", "set", "frame", "frameset", "textarea", "select"}
ADDRESSES = re.compile(r"(?i)^(?:#|/|_codigo/|https?://|mailto:)")
attack = pytest.mark.parametrize("source", [s for _, s in HOSTILE], ids=[n for n, _ in HOSTILE])


def dangers(html: str) -> list[str]:
    """All in a fragment that could run, load or pretend."""
    found = []
    for element in parsed(html).iter():
        if not isinstance(element.tag, str):
            found.append(f"not an element: {element}")
            continue
        tag = element.tag.lower()
        if tag in FORBIDDEN_TAGS:
            found.append(f"<{tag}>")
        if tag == "input" and element.get("type") not in ("checkbox", "radio"):
            found.append(f"<input type={element.get('type')}>")
        for name, value in element.attrib.items():
            if name.startswith(("on", "hx-", "data-hx-", "x-", "@")) or name in (
                "style",
                "srcdoc",
                "formaction",
            ):
                found.append(f"{name}={value}")
            if name in ("href", "src", "xlink:href") and not ADDRESSES.match(value):
                found.append(f"{name}={value}")
            if name == "src" and value.startswith(("http", "//")):
                found.append(f"{name}={value}")
            if "url(" in value and not value.startswith("url(#"):
                found.append(f"{name}={value}")
    return found


@attack
def test_nothing_hostile_survives_in_a_document(source):
    assert dangers(rendered(source).html) == []


@attack
def test_nothing_hostile_survives_in_a_preview(source):
    assert dangers(rendered(source, quick=True).html) == []


@attack
def test_nothing_hostile_survives_in_a_comment(source):
    html = render_comment(source)
    assert dangers(html) == []
    allowed = {
        "main",
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "li",
        "ol",
        "p",
        "pre",
        "span",
        "strong",
        "ul",
    }
    assert {element.tag for element in parsed(html).iter()} <= allowed
    assert not any({"id", "title", "name"} & set(element.attrib) for element in parsed(html).iter())


def test_the_check_for_dangers_sees_them():
    assert dangers("<p><script>x</script></p>") == ["<script>"]
    assert dangers('<a href="javascript:x">a</a>') == ["href=javascript:x"]
    assert dangers('<p onclick="x" style="y">a</p>') == ["onclick=x", "style=y"]


def test_only_our_own_markup_draws_and_opens_things():
    for name, source in HOSTILE:
        for element in parsed(rendered(source).html).iter():
            if element.tag == "button" or element.get("popover") is not None:
                assert element.xpath("ancestor::figure[contains(@class, 'diagram')]"), name
            if element.tag == "svg":
                assert (element.get("class") or "-").split()[0] in ("icon", "dgm") or element.xpath(
                    "ancestor::svg"
                ), name


def test_the_ids_of_the_page_stay_the_page_s_own():
    html = rendered('<div id="contenido">a</div>\n\n<span id="i-check">b</span>\n\n## Contenido').html
    ids = [element.get("id") for element in parsed(html).iter() if element.get("id")]
    assert ids == ["seccion-contenido"]


def test_an_id_that_is_there_already_is_not_given_twice():
    html = rendered('## Uno {#uno}\n\n<p id="uno">a</p>').html
    assert [element.tag for element in parsed(html).iter() if element.get("id") == "uno"] == ["h2"]


def test_raw_html_that_does_no_harm_stays():
    html = rendered('<details open><summary>Más</summary><p class="caja" lang="en">hola</p></details>').html
    assert html.strip() == '<details open=""><summary>Más</summary><p class="caja" lang="en">hola</p></details>'


def test_a_comment_keeps_text_lists_code_and_outer_links():
    html = render_comment(
        "Mira **esto** y *eso*, con `código`:\n\n- uno\n- dos\n\n```cpp\nint a;\n```\n\n[fuera](https://envoyproxy.io)"
    )
    found = parsed(html)
    assert [e.tag for e in found.iter("strong", "em", "li", "pre")] == ["strong", "em", "li", "li", "pre"]
    assert found.find(".//a").get("rel") == "nofollow noopener noreferrer ugc"
    assert found.find(".//pre//span").get("class") == "kt"


def test_a_comment_shows_raw_html_as_text():
    assert parsed(render_comment("usa <b>negrita</b> aquí")).text_content().strip() == "usa <b>negrita</b> aquí"


def test_a_comment_has_no_headings_images_or_inner_links():
    found = parsed(render_comment("# grande\n\n![x](/a.png) [dentro](/cuenta/) texto\n{: #id .clase }"))
    assert [element.tag for element in found.iter()] == ["main", "p", "p", "a"]
    assert found.find(".//a").get("href") is None


def test_a_comment_of_brackets_is_text():
    for source in ("[" * 4000, "![" * 2000, "[](" * 1500):
        assert parsed(render_comment(source)).find(".//a") is None


def test_tabs_in_code_stay():
    assert "\tgo build" in render_comment("```make\nall:\n\tgo build\n```")
    assert "\tgo build" in parsed(rendered("```make\nall:\n\tgo build\n```").html).text_content()
