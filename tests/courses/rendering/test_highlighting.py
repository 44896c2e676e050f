import pytest

from courses.rendering.highlighting import OUTPUT, SYNTAX, UnknownLanguage, highlight, language_name, stylesheet


def test_code_has_standard_short_classes_and_is_escaped():
    html = highlight('if (a < b) return "x";', "cpp")
    words = [
        '<span class="k">if</span>',
        "(a &lt; b)",
        '<span class="k">return</span>',
        '<span class="s">"x"</span>;',
    ]
    assert html == " ".join(words)


def test_highlighted_lines_keep_their_line_break():
    assert highlight("a\nb\nc", "cpp", highlighted_lines=[2]) == 'a\n<span class="hll">b\n</span>c'


def test_lines_beyond_the_end_are_not_highlighted():
    assert highlight("a", "cpp", highlighted_lines=[0, 7]) == "a"


def test_line_numbers_are_not_text():
    html = highlight("a\nb", "cpp", first_line_number=9)
    assert html.count('class="linenos"') == 2
    assert 'data-linenos=" 9 "' in html
    assert 'data-linenos="10 "' in html


def test_leading_blank_lines_and_indentation_stay():
    assert highlight("\n  a", "cpp") == "\n  a"


@pytest.mark.parametrize(
    ("language", "name"),
    [("cpp", "C++"), ("c++", "C++"), ("console", "Terminal"), ("yaml", "YAML"), ("rust", "Rust")],
)
def test_languages_have_a_name_for_readers(language, name):
    assert language_name(language) == name


def test_an_unknown_language_is_said():
    with pytest.raises(UnknownLanguage):
        highlight("a", "klingon")


def test_the_style_sheet_colours_each_class_once_in_both_themes():
    sheet = stylesheet(".code")
    classes = [name for _, names in (*SYNTAX, OUTPUT) for name in names.split()]
    assert len(classes) == len(set(classes))
    assert all(f".code .{name}" in sheet for name in classes)
    assert sheet.count("light-dark(") == len(SYNTAX) + 1 == 7
