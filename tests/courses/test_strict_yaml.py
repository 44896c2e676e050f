import pytest

from courses.strict_yaml import NotYaml, load, schema_problems


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\na: 2\n", 2, "dos veces"),
        ("a: &x 1\nb: *x\n", 1, "anclas"),
        ("a: !!python/object:os.system x\n", 1, "etiquetas"),
        ("a: 1\n---\nb: 2\n", 2, "un documento"),
        ("a:\n  b: 1\n c: 2\n", 3, "sangría"),
        ("a: b: c\n", 1, "comillas"),
        ("a: [1, 2\nb: 3\n", 2, "falta"),
        ("a: 'x\n", 2, "cerrar"),
        ("? [1]\n: 2\n", 1, "nombre de un campo"),
        ("a: \x01\n", 1, "carácter"),
        ("[" * 200, 1, "niveles"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(text: str, line: int, words: str):
    with pytest.raises(NotYaml) as caught:
        load(text)
    assert caught.value.line == line
    assert words in caught.value.message


def test_a_chain_of_aliases_is_refused_before_it_grows():
    bomb = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*a, *a]\n" for n in "bcdefgh")
    with pytest.raises(NotYaml):
        load(bomb)


def test_plain_words_stay_words():
    value = load('a: no\nb: 2026-01-11\nc: 010\nd: 1.5\ne: 12\nf: "12"\ng: true\nh:\n').value
    assert value == {
        "a": "no",
        "b": "2026-01-11",
        "c": "010",
        "d": 1.5,
        "e": 12,
        "f": "12",
        "g": True,
        "h": None,
    }


def test_every_value_knows_its_line_and_a_block_text_that_of_its_first_line():
    located = load("# nota\na:\n  - x\n  - b: 1\ntexto: |\n  uno\n  dos\n", first_line=10)
    assert located.line("a") == 11
    assert located.line("a", 1, "b") == 13
    assert located.line("a", 1, "no está") == 13
    assert located.line("texto") == 15


SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "minutes": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["uno", "dos"]},
        "tags": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
    },
}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("minutes: 3\n", 1, "falta «title»"),
        ("title: x\nminutos: 3\n", 2, "no se conoce el campo «minutos»"),
        ("title: 1.37\n", 1, "ponlo entre comillas"),
        ("title: x\nminutes: muchos\n", 2, "un número entero"),
        ("title: x\nminutes: 0\n", 2, "el mínimo es 1"),
        ("title: x\nkind: tres\n", 2, "uno o dos"),
        ("title: x\ntags:\n  - a\n  - a\n", 2, "repetidos"),
        ("title: x\ntags:\n  - a\n  - 3\n", 4, "«tags[2]»"),
        ('title: ""\n', 1, "vacío"),
    ],
)
def test_what_does_not_fit_the_schema_is_told_in_spanish_with_its_line(text: str, line: int, words: str):
    [(found, message)] = schema_problems(load(text), SCHEMA)
    assert found == line
    assert words in message
