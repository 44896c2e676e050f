"""The chip: how readers see a code reference in a text."""

from collections import defaultdict
from collections.abc import Iterable
from xml.etree import ElementTree as etree

from markdown.util import AtomicString

from courses.rendering.interface import CitedReference


def name_files(paths: Iterable[str]) -> dict[str, str]:
    """The shortest end of each path that tells it from the document's others: mostly the bare file name."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        by_name[path.rpartition("/")[2]].add(path)
    names = {}
    for alike in by_name.values():
        for path in alike:
            parts = path.split("/")
            for kept in range(1, len(parts) + 1):
                name = "/".join(parts[-kept:])
                if not any(other != path and f"/{other}".endswith(f"/{name}") for other in alike):
                    break
            names[path] = name
    return names


def build_chip(
    cited: CitedReference, *, address: str, file_name: str, names_repository: bool, names_symbol: bool
) -> etree.Element:
    """A link to the reference's own page. It may break after `/` and `_`, so that no line is left short."""
    known = cited.status == "locked"
    chip = etree.Element("a", {"class": "ref" if known else "ref unchecked", "href": address})
    chip.set("data-repo", cited.repository)
    chip.set("data-ref", str(cited.reference))
    what = " · ".join(filter(None, (cited.repository, cited.path, cited.symbol)))
    chip.set("title", what if known else f"{what} · sin comprobar")
    last: etree.Element | None = None
    if names_repository:
        last = etree.SubElement(chip, "span", {"class": "repo"})
        last.text = AtomicString(cited.repository)
    for part in _breakable(file_name):
        if last is None:
            chip.text = AtomicString((chip.text or "") + part)
        else:
            last.tail = AtomicString((last.tail or "") + part)
        if part.endswith(("/", "_")):
            last = etree.SubElement(chip, "wbr")
    at = etree.SubElement(chip, "span", {"class": "at"})
    at.text = AtomicString(f":{cited.reference.lines}")
    if names_symbol and cited.symbol:
        etree.SubElement(chip, "b").text = AtomicString(cited.symbol)
    return chip


def _breakable(name: str) -> list[str]:
    parts = [""]
    for character in name:
        parts[-1] += character
        if character in "/_":
            parts.append("")
    return [part for part in parts if part]
