"""How a checker says that something is not as it should be, with the values that show it."""

from __future__ import annotations

SHOWN = 4000  # characters of a value that a person gets to see


class Failed(Exception):
    """The case is not passed: what was handed in is at fault. The message is a sentence in Spanish."""

    outcome = "wrong"

    def __init__(
        self, message: str, *, given: object = "", expected: object = "", obtained: object = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.given = show(given)
        self.expected = show(expected)
        self.obtained = show(obtained)


class NetworkFailed(Failed):
    """The other end refused, cut or kept silent. In an upstream's own thread it is noted, no more."""


class OutOfTime(NetworkFailed):
    """The time of the whole case is over."""

    outcome = "time_limit"


def show(value: object) -> str:
    """A value as people read it: bytes as text where they are text, numbers with a comma, capped."""
    if isinstance(value, (bytes, bytearray)):
        try:
            text = bytes(value).decode("utf-8")
            printable = all(char.isprintable() or char in "\n\t" for char in text)
        except UnicodeDecodeError:
            printable = False
        text = text if printable else str(bytes(value))[2:-1]
        text = text or "(nada)"
    elif isinstance(value, bool):
        text = "sí" if value else "no"
    elif isinstance(value, float):
        text = f"{value:.6g}".replace(".", ",")
    elif value is None:
        text = "(nada)"
    else:
        text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} caracteres)"


class Expectations:
    """The words with which a check decides."""

    def fail(self, message: str, *, given: object = "", expected: object = "", obtained: object = "") -> None:
        """Not passed."""
        raise Failed(message, given=given, expected=expected, obtained=obtained)

    def expect(
        self, holds: object, message: str, *, given: object = "", expected: object = "", obtained: object = ""
    ) -> None:
        """Not passed unless `holds`."""
        if not holds:
            self.fail(message, given=given, expected=expected, obtained=obtained)

    def expect_equal(self, what: str, expected: object, obtained: object, *, given: object = "") -> None:
        """Not passed unless both are equal; `what` ends the sentence «No coincide: …»."""
        self.expect(
            expected == obtained, f"No coincide: {what}.", given=given, expected=expected, obtained=obtained
        )

    def expect_between(self, what: str, low: float, high: float, obtained: float) -> None:
        """Not passed unless low <= obtained <= high."""
        wanted = f"entre {show(low)} y {show(high)}"
        self.expect(low <= obtained <= high, f"No coincide: {what}.", expected=wanted, obtained=obtained)
