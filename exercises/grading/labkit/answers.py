"""What a program wrote, for a checker that decides whether it is right."""

from __future__ import annotations

from labkit.failing import Expectations, Failed


class Answer(Expectations):
    """The output of one case, with what the program was given and, where there is one, what was expected."""

    def __init__(self, case: dict, given: bytes, expected: bytes, output: bytes) -> None:
        self.input = given
        self.expected = expected
        self.output = output
        self.arguments: list[str] = case["arguments"]
        self.options: dict = case["options"]
        self.parameters: dict = case["parameters"]

    @property
    def text(self) -> str:
        """The output as text; what is not UTF-8 is replaced."""
        return self.output.decode("utf-8", "replace")

    def lines(self) -> list[str]:
        """The lines of the output, those that are empty at its end left out."""
        return self.text.rstrip("\n").splitlines()

    def numbers(self) -> list[float]:
        """The output as numbers; not passed where a word is none."""
        numbers = []
        for word in self.text.split():
            try:
                numbers.append(float(word))
            except ValueError:
                raise Failed(f"«{word[:80]}» no es un número.") from None
        return numbers
