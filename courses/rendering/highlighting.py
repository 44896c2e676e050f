"""Source code -> HTML with the short classes of Pygments, and the style sheet of the six syntax colours.

    python -m courses.rendering.highlighting

prints that style sheet for both themes.
"""

import functools
from collections.abc import Sequence

from pygments import highlight as highlight_tokens
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

# What readers call a language, where Pygments calls it otherwise.
LANGUAGE_NAMES = {
    "console": "Terminal",
    "shell-session": "Terminal",
    "sh": "Shell",
    "bash": "Shell",
    "proto": "Protobuf",
}
ALIASES = {"envoy": "yaml", "shell": "bash", "c++": "cpp"}

# One colour for what tokens mean to the eye: (light, dark), then Pygments' classes.
COMMENT = ("#566361", "#94a3a1")
KEYWORD = ("#2b4a9b", "#a9bdf7")
TYPE = ("#00566b", "#7fd0e3")
STRING = ("#14633a", "#8fdcae")
NUMBER = ("#8a3a12", "#f0ab83")
NAME = ("#5c4400", "#e6cf8b")
SYNTAX = (
    (COMMENT, "c ch cm c1 cs cp cpf gp"),
    (KEYWORD, "k kd kn kr kc ow gh"),
    (TYPE, "kt nc nt ne nn no"),
    (STRING, "s s1 s2 sa sb sc sd dl sh sx sr ss se si l-Scalar-Plain"),
    (NUMBER, "m mi mf mh mb mo il kp"),
    (NAME, "nf fm nb bp nd na"),
)

OUTPUT = (("#4a5756", "#a9b6b4"), "go")  # what a program answered, in the second ink
COLOURED = frozenset(name for _, classes in (*SYNTAX, OUTPUT) for name in classes.split())


class UnknownLanguage(ValueError):
    """Pygments has no lexer of that name."""


def language_name(language: str) -> str:
    """What readers see above a fence. Raises UnknownLanguage."""
    return LANGUAGE_NAMES.get(language) or _lexer(language).name


def highlight(
    source: str, language: str, *, highlighted_lines: Sequence[int] = (), first_line_number: int | None = None
) -> str:
    """The inside of a `<code>`. Lines to highlight count from 1 within the source.

    Line numbers, where asked for, are in `data-linenos` of an empty span, so that nobody copies them.
    Raises UnknownLanguage.
    """
    formatter = _ColouredOnly(nowrap=True)
    code = highlight_tokens(source, _lexer(language), formatter).rstrip("\n")
    lines = code.split("\n")  # Pygments closes its spans on each line
    if first_line_number is not None:
        width = len(str(first_line_number + len(lines) - 1))
        numbers = (f"{number:>{width}} " for number in range(first_line_number, first_line_number + len(lines)))
        lines = [
            f'<span class="linenos" data-linenos="{number}"></span>{line}'
            for number, line in zip(numbers, lines, strict=True)
        ]
    lines = [f"{line}\n" for line in lines[:-1]] + lines[-1:]
    for number in set(highlighted_lines) & set(range(1, len(lines) + 1)):
        lines[number - 1] = f'<span class="hll">{lines[number - 1]}</span>'
    return "".join(lines)


class _ColouredOnly(HtmlFormatter):
    """Spans only for what has a colour: names, punctuation and spaces are most of a code and look like none."""

    def _get_css_classes(self, ttype: object) -> str:
        classes = super()._get_css_classes(ttype)
        return classes if COLOURED.intersection(classes.split()) else ""


@functools.cache
def _lexer(language: str) -> Lexer:
    try:
        return get_lexer_by_name(ALIASES.get(language, language), stripnl=False)
    except ClassNotFound:
        raise UnknownLanguage(language) from None


def stylesheet(scope: str = ".code") -> str:
    """The rules of `SYNTAX`, both themes at once."""
    rules = []
    for (light, dark), classes in (*SYNTAX, OUTPUT):
        selectors = ", ".join(f"{scope} .{name}" for name in classes.split())
        rules.append(f"{selectors} {{ color: light-dark({light}, {dark}); }}")
    return "\n".join(rules)


if __name__ == "__main__":
    print(stylesheet())
