"""Where in the file something stands that Markdown has already digested.

Python-Markdown keeps no line numbers. A fence is found again by its content and a piece of inline code or a
link by its text: the first question for a text gets its first place, the second the second, as the rendering
goes through the document in the same order.
"""

import re
from collections import defaultdict, deque

OPENING = re.compile(r"[ \t>]*(?:[-*+]|\d+[.)])?[ \t>]*(?P<fence>`{3,}|~{3,})[^`]*$")
MARGIN = " \t>"


class Places:
    """The places of one document. `first_line` is the line of the file at which the source begins."""

    def __init__(self, source: str, first_line: int = 1) -> None:
        self._first = first_line
        self._lines = source.split("\n")
        self._prose: list[tuple[int, str]] = []
        self._fences: dict[tuple[str, ...], deque[int]] = defaultdict(deque)
        self._asked: dict[str, deque[int]] = {}
        self._read()

    def _read(self) -> None:
        fence, opened, content = "", 0, []
        for index, line in enumerate(self._lines):
            if fence:
                if line.strip(MARGIN) == fence:
                    self._fences[_key(content)].append(opened)
                    fence = ""
                else:
                    content.append(line)
            elif found := OPENING.match(line):
                fence, opened, content = found["fence"], index, []
            else:
                self._prose.append((index, line))
        if fence:  # never closed: Markdown takes it for text
            self._prose += list(enumerate(self._lines))[opened:]

    def of_fence(self, content: str) -> int:
        """The line of the opening of the next fence with this content."""
        places = self._fences.get(_key(content.split("\n")))
        return self.in_file(_next(places)) if places else self._first

    def of_text(self, text: str) -> int:
        """The line of the next appearance of a text outside fences; the first line where it does not appear."""
        if text not in self._asked:
            self._asked[text] = deque(i for i, line in self._prose for _ in range(line.count(text)))
        places = self._asked[text]
        return self.in_file(_next(places)) if places else self._first

    def of_lines(self, pattern: re.Pattern[str]) -> list[int]:
        """All lines outside fences that the pattern matches from their start."""
        return [self.in_file(i) for i, line in self._prose if pattern.match(line)]

    def prose(self) -> list[tuple[int, str]]:
        """The lines outside fences, with their index in the source."""
        return list(self._prose)

    def in_file(self, index: int) -> int:
        """The line of the file that a line of the source is."""
        return self._first + index


def _next(places: deque[int]) -> int:
    """The last place answers all later questions: better a line that is near than none."""
    return places.popleft() if len(places) > 1 else places[0]


def _key(content: list[str]) -> tuple[str, ...]:
    stripped = [line.strip(MARGIN) for line in content]
    while stripped and not stripped[-1]:
        stripped.pop()
    return tuple(stripped)
