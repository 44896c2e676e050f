"""Markdown -> safe HTML, diagrams -> SVG, code references -> chips. Pure: no Django here or below.

`render` is for documents, `render_comment` for what students write; the rest are the values that they take
and give, the lock file of code references, and its proof against Git.
"""

from courses.rendering.comments import render_comment
from courses.rendering.documents import VERSION, render
from courses.rendering.interface import (
    CitedReference,
    DiagramStore,
    EnvoyConfig,
    Heading,
    Link,
    Problem,
    RenderContext,
    Rendered,
)
from courses.rendering.locks import BrokenLock, Lock, LockConflict, LockRow, digest_of, merge
from courses.rendering.references import BadReference, Reference, Repository, parse_reference

__all__ = [
    "VERSION",
    "BadReference",
    "BrokenLock",
    "CitedReference",
    "DiagramStore",
    "EnvoyConfig",
    "Heading",
    "Link",
    "Lock",
    "LockConflict",
    "LockRow",
    "Problem",
    "Reference",
    "RenderContext",
    "Rendered",
    "Repository",
    "digest_of",
    "merge",
    "parse_reference",
    "render",
    "render_comment",
]
