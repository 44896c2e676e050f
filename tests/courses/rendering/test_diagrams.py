import re
from collections import Counter

import pytest
from lxml import etree

from courses.rendering import diagrams
from courses.rendering.diagrams import BadDiagram, Drawer, render_diagram
from courses.rendering.palette import PAIRS
from tests.courses.rendering.samples import DIAGRAMS, MemoryStore

SVG = "{http://www.w3.org/2000/svg}"
ACCESSIBLE = "  accTitle: Título\n  accDescr: Descripción\n"
FLOW = f"flowchart LR\n{ACCESSIBLE}  a --> b\n"
PLAIN = re.compile(r"none|transparent|currentColor|inherit|url\(#[\w-]+\)")
PAIR = re.compile(r"light-dark\((#[0-9a-f]{6})([0-9a-f]{2})?,(#[0-9a-f]{6})([0-9a-f]{2})?\)")
sample = pytest.mark.parametrize("path", DIAGRAMS, ids=[path.stem for path in DIAGRAMS])


def drawn(path):
    return render_diagram(path.read_text())


def elements(svg):
    return list(etree.fromstring(svg.encode()).iter())


def test_there_is_a_sample_of_each_type():
    assert len(DIAGRAMS) == 18


@sample
def test_a_diagram_is_drawn_with_title_description_and_size(path):
    diagram = drawn(path)
    root = etree.fromstring(diagram.svg.encode())
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
    assert by_id[root.get("aria-labelledby")].text == diagram.title
    assert by_id[root.get("aria-describedby")].text == diagram.description
    assert diagram.width > 50
    assert diagram.height > 50
    assert by_id[diagram.prefix].tag == f"{SVG}g"


@sample
def test_a_diagram_needs_no_style_script_or_address(path):
    for element in elements(drawn(path).svg):
        assert etree.QName(element).localname not in ("style", "script", "a", "image", "foreignObject")
        for name, value in element.attrib.items():
            assert not name.startswith(("style", "on", "{"))
            assert name != "class" or element.getparent() is None
            assert name != "href" or value.startswith("#")
            assert "http" not in value


@sample
def test_ids_are_unique_prefixed_and_all_references_lead_somewhere(path):
    diagram = drawn(path)
    ids = [element.get("id") for element in elements(diagram.svg) if element.get("id")]
    assert max(Counter(ids).values()) == 1
    assert all(i.startswith(diagram.prefix) for i in ids)
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', diagram.svg))
    assert {a or b for a, b in used} <= set(ids)


@sample
def test_every_colour_is_a_pair_for_both_themes(path):
    written_by_authors = {"#ffd9d9", "#b00020", "#5a0010", "#e1eef1"}
    for element in elements(drawn(path).svg):
        for name in ("fill", "stroke", "stop-color"):
            value = element.get(name)
            if value is None or PLAIN.fullmatch(value):
                continue
            light, alpha, dark, dark_alpha = PAIR.fullmatch(value).groups()
            assert alpha == dark_alpha
            if light not in written_by_authors:
                assert PAIRS[light] == dark


@sample
def test_the_same_source_is_drawn_the_same_twice(path):
    assert drawn(path) == drawn(path)


@sample
def test_only_the_two_weights_that_were_measured_are_used(path):
    weights = {element.get("font-weight") for element in elements(drawn(path).svg)}
    assert weights <= {None, "400", "600"}


def test_a_stored_diagram_is_not_drawn_again(monkeypatch):
    store = MemoryStore()
    first = render_diagram(FLOW, store)
    monkeypatch.setattr(diagrams, "_drawer", None)
    assert render_diagram(FLOW, store) == first
    assert store.puts == 1


def test_another_title_is_another_drawing():
    store = MemoryStore()
    render_diagram(FLOW, store)
    render_diagram(FLOW.replace("Título", "Otro"), store)
    assert store.puts == 2


def faults(source):
    with pytest.raises(BadDiagram) as bad:
        render_diagram(source)
    return bad.value.faults


def test_a_diagram_says_what_it_lacks_for_who_does_not_see_it():
    missing = faults("flowchart LR\n  a --> b\n")
    assert [("accTitle" in f.message, "accDescr" in f.message) for f in missing] == [
        (True, False),
        (False, True),
    ]


def test_an_empty_title_is_a_missing_one():
    [fault] = faults(FLOW.replace("Título", " "))
    assert "accTitle" in fault.message


def test_a_semicolon_in_the_description_is_explained():
    [fault] = faults(FLOW.replace("Descripción", "uno; dos"))
    assert fault.line == 3
    assert "«;»" in fault.message


def test_a_description_may_take_several_lines():
    source = "flowchart LR\n  accTitle: a\n  accDescr {\n    uno\n    dos\n  }\n  a --> b\n"
    assert render_diagram(source).description == "uno dos"


def test_a_syntax_error_says_line_and_column_in_the_source():
    [fault] = faults(f"flowchart LR\n{ACCESSIBLE}  a --> b\n  b -->\n  c[(\n")
    assert (fault.line, fault.column) == (6, 4)
    assert "columna 4" in fault.message


def test_what_is_no_diagram_is_said():
    [fault] = faults(f"grafo LR\n{ACCESSIBLE}  a --> b\n")
    assert "Mermaid no entiende" in fault.message


def test_a_diagram_that_is_too_large_is_refused():
    edges = "".join(f"  a{i} --> a{i * 7 % 60}\n" for i in range(900))
    assert "divídelo" in faults(f"flowchart LR\n{ACCESSIBLE}{edges * 3}")[0].message


def test_a_diagram_that_needs_too_much_work_is_refused():
    edges = "".join(f"a{i}-->a{j}\n" for i in range(44) for j in range(44))
    assert "divídelo" in faults(f"flowchart TD\n{ACCESSIBLE}{edges}")[0].message


def test_a_drawing_that_does_not_end_is_killed_and_the_next_one_drawn(monkeypatch):
    drawer = Drawer()
    monkeypatch.setattr(diagrams, "_drawer", drawer)
    render_diagram(FLOW)
    stuck = drawer._process.pid
    monkeypatch.setattr(diagrams, "KILL_AFTER_SECONDS", 0.0)
    assert "divídelo" in faults(FLOW.replace("a -->", "c -->"))[0].message
    monkeypatch.setattr(diagrams, "KILL_AFTER_SECONDS", 4.0)
    assert "<svg" in render_diagram(FLOW).svg
    assert drawer._process.pid != stuck
    drawer.close()


def test_a_process_that_was_killed_is_started_again(monkeypatch):
    drawer = Drawer()
    monkeypatch.setattr(diagrams, "_drawer", drawer)
    render_diagram(FLOW)
    drawer._process.kill()
    drawer._process.wait()
    assert "<svg" in render_diagram(FLOW).svg
    drawer.close()
