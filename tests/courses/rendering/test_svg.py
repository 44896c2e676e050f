import pytest
from lxml import etree

from courses.rendering.palette import INK, PAIRS, TINTS, themed
from courses.rendering.svg import NotAnSvg, compile_svg


def compiled(inside, root="", prefix="p"):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20" {root}>{inside}</svg>'
    return compile_svg(source, prefix=prefix, title="Título <1>", description="Descripción")


def first(inside, tag, **options):
    root = etree.fromstring(compiled(inside, **options).svg.encode())
    return root.find(f".//{{*}}{tag}")


def test_a_style_sheet_becomes_attributes():
    rect = first(
        '<style>#d .a rect{stroke-width:2px;cursor:pointer}</style><g class="a"><rect/></g>',
        "rect",
        root='id="d"',
    )
    assert dict(rect.attrib) == {"stroke-width": "2px"}


def test_the_more_specific_rule_wins_whatever_the_order():
    sheet = "<style>#x{opacity:.1} .a{opacity:.2} rect{opacity:.3}</style>"
    assert first(f'{sheet}<rect class="a"/>', "rect").get("opacity") == ".2"
    assert first(f'{sheet}<rect id="x" class="a"/>', "rect").get("opacity") == ".1"


def test_of_equal_rules_the_last_wins():
    assert first("<style>rect{opacity:.1} rect{opacity:.2}</style><rect/>", "rect").get("opacity") == ".2"


def test_an_own_style_wins_over_the_sheet_but_not_over_important():
    sheet = "<style>rect{opacity:.1} rect{stroke-width:1 !important}</style>"
    rect = first(f'{sheet}<rect style="opacity:.2;stroke-width:9"/>', "rect")
    assert (rect.get("opacity"), rect.get("stroke-width")) == (".2", "1")


def test_a_rule_wins_over_an_attribute():
    assert first('<style>rect{opacity:.1}</style><rect opacity=".9"/>', "rect").get("opacity") == ".1"


@pytest.mark.parametrize(
    "rect",
    [
        '<rect onclick="alert(1)"/>',
        '<rect fill="url(https://malo.test/x)"/>',
        '<rect fill="red;} body{display:none"/>',
        '<rect filter="url(#f)"/>',
        '<rect style="fill:url(https://malo.test/x)"/>',
        '<rect clip-path="url(#nowhere)"/>',
        '<rect href="#a"/>',
        '<rect stroke-width="-1"/>',
        '<rect font-family="Malo"/>',
    ],
)
def test_what_is_not_allowed_goes(rect):
    assert dict(first(rect, "rect").attrib) == {}


@pytest.mark.parametrize(
    "tag", ["script", "image", "foreignObject", "animate", "set", "iframe", "style", "title", "desc"]
)
def test_tags_that_are_not_listed_go_with_what_they_hold(tag):
    assert compiled(f"<g><{tag}><rect/></{tag}><circle r='1'/></g>").svg.count("<rect") == 0


def test_links_become_groups():
    assert first('<a href="javascript:alert(1)"><rect/></a>', "a") is None
    assert first('<a href="javascript:alert(1)"><rect/></a>', "rect").getparent().attrib == {}


def test_ids_that_are_used_get_the_prefix_and_others_go():
    inside = (
        '<defs><marker id="m"/><marker id="n"/></defs><path marker-end="url(#m)" d="M0 0"/><use href="#n"/>'
    )
    svg = compiled(inside, prefix="dg1").svg
    assert 'id="dg1-0"' in svg
    assert 'marker-end="url(#dg1-0)"' in svg
    assert 'href="#dg1-1"' in svg
    assert first('<rect id="unused"/>', "rect").get("id") is None


def test_text_is_kept_and_blanks_between_elements_are_not():
    svg = compiled("\n <g>\n <text>a <tspan> b</tspan> c</text>\n </g>\n").svg
    assert "<text>a <tspan> b</tspan> c</text>" in svg
    assert "\n" not in svg


def test_title_and_description_are_text():
    svg = compiled("<rect/>").svg
    assert '<title id="p-t">Título &lt;1&gt;</title><desc id="p-d">Descripción</desc>' in svg


def test_numbers_are_rounded_but_never_run_together():
    assert first('<path d="M1.23456,2.5L-0.0001 7"/>', "path").get("d") == "M1.23,2.5L-0 7"
    assert first('<path d="M1.2345.6789 2"/>', "path").get("d") == "M1.2345.6789 2"
    assert first('<path d="M1.23456 0a1.23456 1.23456 0 01.5.5"/>', "path").get("d").endswith("01.5.5")


@pytest.mark.parametrize("source", ["", "no", "<svg", "<html/>", '<svg xmlns="http://www.w3.org/2000/svg"/>'])
def test_what_is_no_drawing_is_refused(source):
    with pytest.raises(NotAnSvg):
        compile_svg(source, prefix="p", title="t", description="d")


@pytest.mark.parametrize(("width", "size"), [(300, "dgm-s"), (752, "dgm-s"), (800, "dgm-m"), (1500, "dgm-l")])
def test_the_size_is_told_to_the_style_sheet(width, size):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 20"><rect/></svg>'
    drawn = compile_svg(source, prefix="p", title="t", description="d")
    assert f'class="dgm {size}"' in drawn.svg
    assert (drawn.width, drawn.height) == (width, 20)


def test_entities_are_not_resolved():
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    source = f'{bomb}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><text>&b;</text></svg>'
    assert "root:" not in compile_svg(source, prefix="p", title="t", description="d").svg


def test_colours_of_the_palette_become_their_pair():
    assert themed(INK[0]) == f"light-dark({INK[0]},{INK[1]})"
    assert themed("#FFFFFF") == themed("white") == f"light-dark(#ffffff,{PAIRS['#ffffff']})"
    assert themed(f"{TINTS[0][0]}80") == f"light-dark({TINTS[0][0]}80,{TINTS[0][1]}80)"


def test_colours_of_authors_are_turned_round():
    light, dark = themed("#ffd9d9")[len("light-dark(") : -1].split(",")
    assert light == "#ffd9d9"
    red, green, blue = (int(dark[i : i + 2], 16) for i in (1, 3, 5))
    assert red > green == pytest.approx(blue, abs=8)
    assert red < 128


@pytest.mark.parametrize("colour", ["none", "currentColor", "inherit", "no-colour"])
def test_what_is_no_colour_stays(colour):
    assert themed(colour) == colour


def test_each_light_colour_leads_to_one_dark_colour():
    assert len(set(PAIRS.values())) == len(PAIRS)
