"""The allow-lists. All HTML that Markdown gave passes here once it is rendered, never before.

bleach cleans, and nh3 cleans again with the same list, because bleach will see no further release; a preview
leaves bleach out. Documents keep what the extensions make; what students write keeps much less.
"""

import re
from collections.abc import Callable

import bleach
import nh3


def _words(text: str) -> set[str]:
    return set(text.split())


SCHEMES = {"http", "https", "mailto"}
TAGS = _words(
    "a abbr aside b blockquote br caption cite code col colgroup dd del details dfn div dl dt em "
    "figcaption figure h1 h2 h3 h4 h5 h6 header hr i img input ins kbd label li mark ol p pre q s samp "
    "section small span strong sub summary sup table tbody td tfoot th thead tr u ul var wbr"
)
CLASSES = re.compile(r"[\w -]{0,200}")
IDS = re.compile(r"[\w:.-]{1,120}")
TAB = re.compile(r"__tabbed_\d+(_\d+)?")
FIELD = re.compile(r'<input(?![^>]* type="(?:checkbox|radio)")[^>]*>')  # of what nh3 wrote: no field to type in
NUMBER = re.compile(r"\d{1,5}")
ONLY = {
    "role": {"group", "note"},
    "tabindex": {"0"},
    "type": {"checkbox", "radio"},
    "loading": {"lazy"},
    "scope": {"col", "row", "colgroup", "rowgroup"},
    "dir": {"ltr", "rtl", "auto"},
}
EVERYWHERE = {"class", "id", "title", "lang", "dir"}
BY_TAG = {
    "a": {"href", "aria-label", "data-repo", "data-ref"},
    "aside": {"role", "aria-label"},
    "col": {"span"},
    "details": {"open"},
    "div": {"role", "aria-label", "tabindex", "data-tabs"},
    "img": {"src", "alt", "width", "height", "loading"},
    "input": {"type", "checked", "disabled", "name"},
    "label": {"for"},
    "li": {"value"},
    "ol": {"start", "type"},
    "pre": {"role", "aria-label", "tabindex"},
    "span": {"data-linenos"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ul": {"aria-label"},
}
ATTRIBUTES = {"*": EVERYWHERE, **BY_TAG}

COMMENT_TAGS = _words("a blockquote br code del em li ol p pre span strong sub sup ul")
COMMENT_ATTRIBUTES = {"a": {"href"}, "code": {"class"}, "span": {"class"}, "ol": {"start"}}

COMMENT_LINKS = "nofollow noopener noreferrer ugc"

# What to put in the place of an attribute's value: tag, name, value -> value, or None to drop it.
Rewrite = Callable[[str, str, str], str | None]


def is_allowed(tag: str, name: str, value: str) -> bool:
    """Whether a document may keep this attribute. `style`, `on…`, `hx-…` and `x-…` are not listed."""
    if name not in EVERYWHERE and name not in BY_TAG.get(tag, ()):
        return False
    if name in ONLY and not (tag == "ol" and name == "type"):
        return value.lower() in ONLY[name]
    if name == "class":
        return CLASSES.fullmatch(value) is not None
    if name == "id":
        return IDS.fullmatch(value) is not None
    if name in ("name", "for"):
        return TAB.fullmatch(value) is not None
    if name in ("colspan", "rowspan", "width", "height", "start", "value", "span"):
        return NUMBER.fullmatch(value) is not None
    return True


def sanitise(html: str, *, rewrite: Rewrite | None = None, quick: bool = False) -> str:
    """Clean a document. `rewrite` sees each attribute that stays once, in the order of the document."""
    if not quick:
        html = _bleach(html, TAGS, is_allowed)

    def keep(tag: str, name: str, value: str) -> str | None:
        if not is_allowed(tag, name, value):
            return None
        return rewrite(tag, name, value) if rewrite else value

    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=keep,
        url_schemes=SCHEMES,
        link_rel=None,
        strip_comments=True,
    )
    return FIELD.sub("", clean)


def sanitise_comment(html: str) -> str:
    """Clean what a student wrote: text, lists, code and links out of the site, which nobody vouches for."""
    return nh3.clean(
        _bleach(html, COMMENT_TAGS, _is_allowed_in_comment),
        tags=COMMENT_TAGS,
        attributes=COMMENT_ATTRIBUTES,
        attribute_filter=_keep_in_comment,
        url_schemes=SCHEMES,
        link_rel=COMMENT_LINKS,
        strip_comments=True,
    )


def _keep_in_comment(tag: str, name: str, value: str) -> str | None:
    is_ours = name == "rel" and value == COMMENT_LINKS
    return value if is_ours or _is_allowed_in_comment(tag, name, value) else None


def _is_allowed_in_comment(tag: str, name: str, value: str) -> bool:
    if name not in COMMENT_ATTRIBUTES.get(tag, ()):
        return False
    if name == "href":
        return value.lower().startswith(("http://", "https://", "mailto:"))
    return is_allowed(tag, name, value)


def _bleach(html: str, tags: set[str], attributes: Callable[[str, str, str], bool]) -> str:
    """A new cleaner each time: bleach does not promise that threads may share one."""
    return bleach.Cleaner(tags=tags, attributes=attributes, protocols=SCHEMES, strip=True).clean(html)
