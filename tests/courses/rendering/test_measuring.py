import pytest

from courses.rendering.measuring import face, face_for, wrap

REGULAR, BOLD = face(400), face(600)


def test_a_width_is_the_sum_of_the_font_s_advances():
    assert REGULAR.width(" ", 1) == pytest.approx(0.2)
    assert REGULAR.width("ab", 10) == pytest.approx(REGULAR.width("a", 10) + REGULAR.width("b", 10))
    assert REGULAR.width("a", 20) == pytest.approx(2 * REGULAR.width("a", 10))


def test_bold_is_wider():
    assert BOLD.width("Petición", 16) > REGULAR.width("Petición", 16)


def test_spanish_is_in_the_font_and_symbols_are_given_room():
    assert REGULAR.width("ñ", 16) == pytest.approx(REGULAR.width("n", 16), rel=0.05)
    assert REGULAR.width("●", 16) == 16
    assert REGULAR.width("\u0301", 16) == 0


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (None, REGULAR),
        ("", REGULAR),
        ("normal", REGULAR),
        ("500", REGULAR),
        ("600", BOLD),
        ("bold", BOLD),
        ("bolder", BOLD),
    ],
)
def test_the_face_follows_the_weight(weight, expected):
    assert face_for(weight) is expected


def test_text_breaks_at_spaces_and_long_words_stay_whole():
    width = REGULAR.width("uno dos", 16)
    assert wrap(REGULAR, "uno dos tres", 16, width, trailing_space_counts=False) == ["uno dos", "tres"]
    assert wrap(REGULAR, "uno", 16, 1, trailing_space_counts=False) == ["uno"]
    assert wrap(REGULAR, "", 16, 1, trailing_space_counts=False) == [""]


def test_a_space_at_the_end_of_a_line_counts_where_css_says_so():
    width = REGULAR.width("uno dos", 16)
    assert wrap(REGULAR, "uno dos mmmm", 16, width, trailing_space_counts=True) == ["uno", "dos", "mmmm"]
