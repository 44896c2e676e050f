import subprocess
import sys

import pytest

from courses.rendering import EnvoyConfig, Heading, Link, Lock, LockRow, Reference, digest_of
from tests.courses.rendering.samples import DIAGRAMS, MemoryStore, messages, parsed, rendered, tree

DIGEST = digest_of(b"x")
LOCK = Lock.of([LockRow(Reference("envoy", "source/a.cc", 1, 2), "A::f", DIGEST)])
MERMAID = "```mermaid\nflowchart LR\n  accTitle: Título\n  accDescr: Descripción\n  a --> b\n```\n"


def one(source, selector, **changes):
    [found] = tree(source, **changes).xpath(f".//{selector}")
    return found


def test_rendering_needs_no_django():
    code = "import sys, courses.rendering; sys.exit(any(m.split('.')[0] == 'django' for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Reading features


@pytest.mark.parametrize(
    ("source", "markup"),
    [
        ("**a**", "<strong>a</strong>"),
        ("*a*", "<em>a</em>"),
        ("==a==", "<mark>a</mark>"),
        ("~~a~~", "<del>a</del>"),
        ("^^a^^", "<ins>a</ins>"),
        ("H~2~O", "H<sub>2</sub>O"),
        ("x^2^", "x<sup>2</sup>"),
        ("++esc++", '<kbd class="key-escape">Esc</kbd>'),
        ("HCM\n\n*[HCM]: Gestor", '<abbr title="Gestor">HCM</abbr>'),
        ("a\n:   b", "<dd>b</dd>"),
        ("- [x] a", '<input type="checkbox" disabled="" checked="">'),
        ("3. a\n4. b", '<ol start="3">'),
        ("a[^1]\n\n[^1]: b", '<a class="footnote-ref" href="#fn:1">1</a>'),
        ("a[^1]\n\n[^1]: b", '<li id="fn:1">'),
        ('??? nota "T"\n    a', '<details class="nota">\n<summary>T</summary>'),
        ('<div markdown="1">\n**a**\n</div>', "<strong>a</strong>"),
        ("`#!python x = 1`", '<code class="inline-code">'),
        ("## A {#b}", '<h2 id="b">A<a'),
        ("| a |\n|--:|\n| 1 |", '<td class="r">1</td>'),
        ("| a |\n|--:|\n| 1 |", '<th class="r" scope="col">a</th>'),
        ("![Capas](capas.svg)", '<img alt="Capas" src="/cursos/proxies/03_envoy/capas.svg">'),
        ("| a |\n|---|\n| 1 |\n\n/// caption\nLeyenda\n///", "<p>Leyenda</p>\n</figcaption>"),
    ],
)
@pytest.mark.parametrize("quick", [False, True])
def test_what_authors_write_survives_the_sanitisers(source, markup, quick):
    assert markup in rendered(source, quick=quick).html


def test_a_preview_is_the_document():
    source = "## A\n\n!!! aviso\n    b[^1]\n\n[^1]: c\n\n" + MERMAID
    assert rendered(source, quick=True) == rendered(source)


def test_headings_link_to_themselves_and_make_the_contents():
    result = rendered("## Qué es *esto*\n\n### Dos\n\n#### Tres\n\n## Qué es esto")
    assert result.contents == (
        Heading(2, "que-es-esto", "Qué es esto"),
        Heading(3, "dos", "Dos"),
        Heading(2, "que-es-esto_1", "Qué es esto"),
    )
    anchors = parsed(result.html).xpath(".//a[@class='anchor']")
    assert [a.get("href") for a in anchors] == ["#que-es-esto", "#dos", "#tres", "#que-es-esto_1"]
    assert anchors[0].get("aria-label") == "Enlace a «Qué es esto»"


def test_a_title_in_the_body_is_refused():
    assert messages(rendered("texto\n\n# Título\n\n```bash\n# comentario\n```", first_line=5)) == [
        (7, "El título va en la cabecera (title:): empieza las secciones con «##»")
    ]


def test_an_admonition_has_a_label_and_a_body():
    aside = one('!!! aviso "Ojo"\n    Texto', "aside")
    assert (aside.get("class"), aside.get("role"), aside.get("aria-label")) == (
        "admonition aviso",
        "note",
        "Aviso",
    )
    assert aside[0].text_content().strip() == "Aviso"
    assert aside[0].xpath("./svg/use/@href") == ["#i-triangle-alert"]
    assert [p.get("class") for p in aside[1]] == ["title", None]


def test_an_admonition_in_english_is_shown_in_spanish():
    assert one("!!! warning\n    a", "aside").get("aria-label") == "Aviso"


@pytest.mark.parametrize(
    "source", ['!!! mito "«Envoy es *lento*»."\n    No lo es.', "> **Mito: «Envoy es *lento*».** No lo es."]
)
def test_a_myth_is_written_in_two_ways_and_looks_one(source):
    aside = one(source, "aside[@class='admonition mito']")
    claim, refutation = aside.xpath("./div[@class='body']/p")
    assert claim.get("class") == "claim"
    assert claim.text_content() == "«Envoy es lento»."
    assert claim.find("em") is not None
    assert refutation.text_content() == "No lo es."


def test_other_quotes_stay_quotes():
    assert one("> **Nota: algo.** texto", "blockquote/p/strong").text == "Nota: algo."


def test_an_unknown_admonition_is_refused_with_the_known_ones():
    [(line, message)] = messages(rendered("a\n\n!!! raro\n    b"))
    assert line == 3
    assert "aviso" in message
    assert "mito" in message


def test_a_table_scrolls_in_a_group_named_after_its_section():
    wide = one("## Valores\n\n| a |\n|---|\n| 1 |", "div[@class='wide']")
    assert (wide.get("role"), wide.get("tabindex"), wide.get("aria-label")) == (
        "group",
        "0",
        "Tabla 1: Valores",
    )
    assert [child.tag for child in wide] == ["table"]


# Code


def test_a_fence_is_code_with_a_header():
    block = one("```cpp\nint a;\n```", "div[@class='code']")
    assert block.find("header").text_content() == "C++"
    pre = block.find("pre")
    assert (pre.get("tabindex"), pre.get("aria-label")) == ("0", "Código 1: C++")
    assert pre.text_content() == "int a;"


def test_a_fence_in_the_form_of_attributes_has_title_lines_and_numbers():
    block = one('``` {.cpp title="a.cc" hl_lines="2" linenums="7"}\nint a;\nint b;\n```', "div[@class='code']")
    assert block.find("header/b").text == "a.cc"
    assert block.xpath(".//span[@class='hll']")[0].text_content() == "int b;"
    assert block.xpath(".//span/@data-linenos") == ["7 ", "8 "]


def test_a_fence_without_language_is_a_text_figure():
    figure = one("```\n┌─┐\n│a│\n└─┘\n```", "figure[@class='code']")
    assert figure.find("pre").get("class") == "figura"
    assert figure.text_content() == "┌─┐\n│a│\n└─┘"


def test_fences_stand_in_lists_quotes_admonitions_and_tabs():
    source = "1. a\n\n    ```cpp\n    int a;\n    ```\n\n> ```cpp\n> int b;\n> ```\n\n"
    source += "!!! nota\n    ```cpp\n    int c;\n    ```\n\n"
    source += '=== "C++"\n    ```cpp\n    int d;\n    ```\n'
    pres = tree(source).xpath(".//pre")
    assert [pre.text_content() for pre in pres] == ["int a;", "int b;", "int c;", "int d;"]
    assert [pre.getparent().getparent().tag for pre in pres] == ["li", "blockquote", "div", "div"]


def test_configurations_for_envoy_are_handed_out_with_their_line():
    source = 'a\n\n``` {.yaml .envoy title="lento.yaml"}\nadmin: {}\n```\n\n```yaml\notra: {}\n```\n'
    result = rendered(source, first_line=11)
    assert result.envoy_configs == (EnvoyConfig(14, "lento.yaml", "admin: {}"),)
    assert result.problems == ()


@pytest.mark.parametrize(
    ("fence", "remedy"),
    [
        ("```klingon\na\n```", "klingon"),
        ('``` {.cpp hl_lines="x"}\na\n```', "hl_lines"),
        ('``` {.cpp linenums="no"}\na\n```', "linenums"),
        ('``` {.cpp titulo="no"}\na\n```', "titulo"),
    ],
)
def test_what_a_fence_does_not_understand_is_said_with_its_line(fence, remedy):
    [(line, message)] = messages(rendered(f"uno\n\n{fence}"))
    assert line == 3
    assert remedy in message


# Captions

WHOLE = "/// caption\nLeyenda\n///"


@pytest.mark.parametrize(
    ("caption", "line"),
    [
        ("1.     /// caption\n_| a |\n///\n``` {.cpp}\n/// caption\nb", 1),
        ("> /// caption\n> a\n> ///", 1),
        ("    /// caption\n    a\n    ///", 1),
        ("/// caption\na", 1),
        ("/// otra\na\n///", 1),
        ("a\n\n///", 3),
        (f"{WHOLE}\n\n///", 5),
    ],
)
def test_a_caption_that_is_not_whole_is_text_and_refused(caption, line):
    result = rendered(caption)
    assert messages(result)[0][0] == line
    assert "/// caption" in messages(result)[0][1]
    assert "///" in parsed(result.html).text_content()


def test_slashes_in_code_and_in_addresses_are_no_captions():
    assert rendered(f"`///` y file:///a\n\n```cpp\n/// nota\nint a;\n```\n\na\n\n{WHOLE}").problems == ()


# Code references


def test_a_reference_is_a_chip_that_leads_to_its_page():
    chip = one(
        "mira `source/a_b/c_d.cc:1-2`",
        "a[starts-with(@class, 'ref')]",
        reference_url=lambda *r: "/x/" + "/".join(map(str, r)),
    )
    assert chip.get("href") == "/x/envoy/source/a_b/c_d.cc/1/2"
    assert chip.text_content() == "c_d.cc:1-2"
    assert len(chip.xpath("./wbr")) == 1
    assert (chip.get("data-repo"), chip.get("data-ref")) == ("envoy", "envoy:source/a_b/c_d.cc:1-2")
    assert not chip.xpath("./span[@class='repo']")


def test_the_repository_is_named_where_the_module_has_another_or_none():
    for default in ("ztunnel", None):
        chip = one("`envoy:source/a.cc:1`", "a", default_repository=default)
        assert chip.text_content() == "envoya.cc:1"
        assert chip.xpath("./span[@class='repo']")[0].text == "envoy"


def test_locked_references_carry_symbol_and_digest_and_others_are_unchecked():
    result = rendered("`source/a.cc:1-2` y `source/a.cc:3`", lock=LOCK)
    locked, unchecked = result.references
    assert (locked.status, locked.symbol, locked.digest) == ("locked", "A::f", DIGEST)
    assert (unchecked.status, unchecked.symbol, unchecked.digest) == ("unchecked", None, None)
    assert [a.get("class") for a in parsed(result.html).iter("a")] == ["ref", "ref unchecked"]
    assert result.problems == ()


def test_files_of_the_same_name_are_told_apart():
    chips = tree("`source/http1/codec.cc:1` `source/http2/codec.cc:1` `source/router.cc:1`").xpath(".//a")
    assert [c.text_content() for c in chips] == ["http1/codec.cc:1", "http2/codec.cc:1", "router.cc:1"]


def test_a_fence_of_references_is_a_list_with_symbols():
    source = "```\nsource/a.cc:1-2\nztunnel:src/b.rs:4\n```"
    items = one(source, "ul[@class='reflist']", lock=LOCK)
    assert [li.text_content() for li in items] == ["a.cc:1-2A::f", "ztunnelb.rs:4"]


def test_references_are_reported_in_order_with_the_lines_of_the_file():
    source = "`source/a.cc:1`\n\n```\nsource/b.cc:1\nsource/c.cc:1\n```\n\n"
    source += "| x |\n|---|\n| `source/a.cc:1` |\n\n- `source/d.cc:2`"
    result = rendered(source, first_line=10)
    assert [(r.path, r.line) for r in result.references] == [
        ("source/a.cc", 10),
        ("source/b.cc", 13),
        ("source/c.cc", 14),
        ("source/a.cc", 19),
        ("source/d.cc", 21),
    ]


def test_wrong_references_are_refused_with_the_lines_of_the_file():
    source = "`source/a.cc:9-2`\n\n```\nsource/a.cc:1\nsource/b.cc:0\n```\n\n`istio:source/a.cc:1`"
    assert [line for line, _ in messages(rendered(source, first_line=4))] == [4, 8, 11]


def test_a_reference_that_the_lock_spells_otherwise_is_refused():
    [(line, message)] = messages(rendered("a\n`source/A.cc:1-2`", lock=LOCK))
    assert line == 2
    assert "«source/a.cc»" in message


def test_code_that_is_no_reference_stays_code():
    found = tree("`localhost:8080` y `x.y:1` y ``a`b``")
    assert [code.text for code in found.iter("code")] == ["localhost:8080", "x.y:1", "a`b"]


def test_references_in_code_blocks_and_links_are_not_chips():
    source = "```cpp\n// source/a.cc:1\n```\n\n[`source/a.cc:1`](https://envoyproxy.io)"
    result = rendered(source)
    assert not parsed(result.html).xpath(".//a[starts-with(@class, 'ref')]")
    assert [str(r.reference) for r in result.references] == ["envoy:source/a.cc:1"]


def test_a_module_without_repository_requires_the_prefix():
    [(_, message)] = messages(rendered("`source/a.cc:1`", default_repository=None))
    assert "`envoy:source/a.cc:1`" in message


# Links


def test_links_inside_the_course_lead_to_the_site():
    result = rendered("[a](02_hilos.md#tls) [b](../recursos/glosario.md)")
    assert [a.get("href") for a in parsed(result.html).iter("a")] == [
        "/cursos/proxies/03_envoy/02_hilos/#tls",
        "/cursos/proxies/recursos/glosario/",
    ]
    assert result.links == (Link("03_envoy/02_hilos.md", "tls", 1), Link("recursos/glosario.md", "", 1))


def test_links_may_be_a_function():
    result = rendered("[a](x.md)", links=lambda path: f"/{path}/")
    assert parsed(result.html).find(".//a").get("href") == "/03_envoy/x.md/"


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("[a](nada.md)", "03_envoy/nada.md"),
        ("[a](../../fuera.md)", "sale de la carpeta"),
        ("![a](nada.png)", "03_envoy/nada.png"),
        ("![a](https://malo.test/a.png)", "fuera del curso"),
        ("[a](#nada)", "#nada"),
        ('<a href="nada.md">a</a>', "03_envoy/nada.md"),
    ],
)
def test_a_link_that_leads_nowhere_is_refused_with_its_line(link, said):
    [(line, message)] = messages(rendered(f"uno\n\ndos {link}", first_line=3))
    assert line == 5
    assert said in message


def test_links_out_of_the_course_and_to_sections_stay():
    html = rendered("## A\n\n[x](https://envoyproxy.io/a?b=1&c=2) [y](mailto:a@b.c) [z](#a) [w](/plan/)").html
    assert [a.get("href") for a in parsed(html).iter("a")][1:] == [
        "https://envoyproxy.io/a?b=1&c=2",
        "mailto:a@b.c",
        "#a",
        "/plan/",
    ]


def test_all_ids_and_what_points_at_them_take_the_prefix():
    source = '## A\n\n[a](#a) b[^1]\n\n[^1]: c\n\n=== "x"\n    y\n\n' + MERMAID
    result = rendered(source, id_prefix="p1-")
    found = parsed(result.html)
    ids = {element.get("id") for element in found.iter() if element.get("id")}
    assert ids
    assert all(i.startswith("p1-") for i in ids)
    pointed = {
        h[1:] for h in found.xpath(".//a/@href | .//use/@href") if h.startswith("#") and not h.startswith("#i-")
    }
    assert pointed | set(found.xpath(".//label/@for | .//@popovertarget | .//svg/@aria-labelledby")) <= ids
    assert result.contents == (Heading(2, "p1-a", "A"),)
    assert result.problems == ()


# Diagrams


def test_a_diagram_is_a_figure_with_caption_and_a_native_way_to_enlarge_it():
    figure = one(MERMAID, "figure")
    assert figure.get("class") == "diagram dgm-frame"
    assert figure.find("figcaption/span").text_content() == "Figura 1. Título"
    button, zoom = figure.find("figcaption/button"), figure.xpath("./div[@popover]")[0]
    assert button.get("popovertarget") == zoom.get("id")
    drawing = zoom.xpath("./svg/use/@href")[0].removeprefix("#")
    assert figure.xpath(f".//div[@class='scroll']//g[@id='{drawing}']")


def test_a_caption_of_the_fence_takes_the_place_of_the_title():
    source = MERMAID.replace("```mermaid", '``` {.mermaid caption="Así se ve"}')
    assert one(source, "figcaption/span").text_content() == "Figura 1. Así se ve"


def test_the_same_diagram_twice_has_different_ids():
    found = tree(f"{MERMAID}\n1. a\n\n{MERMAID}\n{MERMAID}")
    ids = [element.get("id") for element in found.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert len(found.xpath(".//figure")) == 3


def test_all_samples_stand_in_one_page():
    source = "\n".join(f"```mermaid\n{path.read_text()}```\n" for path in DIAGRAMS)
    result = rendered(source)
    ids = [element.get("id") for element in parsed(result.html).iter() if element.get("id")]
    assert result.problems == ()
    assert len(ids) == len(set(ids))
    assert " style=" not in result.html
    assert "<style" not in result.html


def test_unchanged_diagrams_come_from_the_store():
    store = MemoryStore()
    rendered(MERMAID, diagram_store=store)
    rendered(MERMAID + MERMAID.replace("a -->", "z -->"), diagram_store=store)
    assert store.puts == 2


def test_a_broken_diagram_is_shown_as_such_with_the_lines_of_the_file():
    source = "a\n\n```mermaid\nflowchart LR\n  accTitle: a\n  accDescr: b\n  a -->\n  b[(\n```\n"
    result = rendered(source, first_line=21)
    [(line, message)] = messages(result)
    assert line in (27, 28)
    assert message.startswith("Mermaid no entiende el diagrama")
    assert parsed(result.html).xpath(".//div[@class='diagram-error']//pre")


def test_a_diagram_without_description_is_refused_at_its_fence():
    result = rendered("a\n\n```mermaid\nflowchart LR\n  accTitle: a\n  a --> b\n```\n")
    [(line, message)] = messages(result)
    assert line == 3
    assert "accDescr" in message


# The whole


def test_words_are_those_of_the_text():
    assert rendered("Uno dos **tres**.\n\n```cpp\nint cuatro;\n```\n\n" + MERMAID + "\n- cinco").words == 4


def test_line_ends_of_windows_are_no_matter():
    source = "## A\r\n\r\n```cpp\r\nint a;\r\n```\r\n`source/a.cc:0`\r\n"
    assert rendered(source) == rendered(source.replace("\r\n", "\n"))


def test_an_empty_document_is_empty():
    result = rendered("")
    assert (result.html, result.words, result.contents, result.problems) == ("", 0, (), ())


def test_the_same_source_renders_the_same_twice():
    source = '## A\n\n!!! nota\n    b\n\n=== "x"\n    y\n\n```cpp\nint a;\n```\n\n`source/a.cc:1`\n\n' + MERMAID
    assert rendered(source) == rendered(source)


def test_lists_without_an_end_are_a_problem_and_no_crash():
    [problem] = rendered("".join("  " * depth + "- x\n" for depth in range(500))).problems
    assert "demasiados niveles" in problem.message


def test_a_missing_picture_is_named_in_correct_spanish():
    [problem] = rendered("![a](nada.png)").problems
    assert problem.message.startswith("La imagen «nada.png» lleva a")
