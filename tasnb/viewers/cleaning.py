"""HTML of others -> HTML that neither runs nor loads anything, for a page that is trusted more than its parts are.

nh3 has the last word: it parses as browsers do and writes only what is allowed below. Before it comes what keeps a page
readable: pictures travel inside it, each with a text, and what cannot is named in its place.

* Scripts, forms and controls, frames, comments, and every attribute that acts are left out.
* A drawing (``<svg>``) becomes a picture of itself: as such a browser neither runs nor loads what is in it.
* Of styles stays what says how its own element looks (``LOOKS``), without functions that load; of style sheets only
  the rules of pandas' Styler, which address ids that begin with ``T_``.
* Formulas stay as presentation MathML.
"""

from __future__ import annotations

import base64
import mimetypes
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import nh3
import tinycss2
from bs4 import BeautifulSoup, Tag
from markupsafe import Markup


def _set(words: str) -> set[str]:
    return set(words.split())


# left out with what is in them; every other element that is not allowed leaves its words behind
SILENT = _set(
    """applet button canvas datalist embed frameset iframe noembed noframes noscript object plaintext script select
    style svg template textarea title xmp"""
)
_WORDS = _set(
    """a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details
    dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i ins kbd li mark meter nav ol p pre
    progress q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time
    tr tt u ul var wbr"""
)
_MEDIA = {"audio", "img", "source", "video"}
_MATHS = _set(
    """math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt
    mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none"""
)
_OF_MATHS = _set(
    """accent accentunder columnalign columnlines columnspacing columnspan depth display displaystyle fence form frame
    height largeop linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits
    notation rowlines rowspacing rowspan rspace scriptlevel separator stretchy symmetric voffset width"""
)
_TOLD = {"embed", "iframe", "input", "object", "style"}
_ENDLESS = _set(
    """area base br col colgroup dd dt embed hr img input li link meta mprescripts mspace none option p param rp rt
    source tbody td tfoot th thead tr track wbr"""
)
_OF_CELLS = {"abbr", "align", "colspan", "headers", "height", "rowspan", "scope", "valign", "width"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"class", "dir", "id", "lang", "role", "style", "tabindex", "title"},
    **dict.fromkeys(_MATHS, _OF_MATHS),
    **{tag: {"controls", "height", "loop", "muted", "src", "type", "width"} for tag in ("audio", "source", "video")},
    **dict.fromkeys(("td", "th", "tr", "tbody", "thead", "tfoot"), _OF_CELLS),
    **{tag: {"align", "span", "width"} for tag in ("col", "colgroup")},
    **{tag: {"datetime"} for tag in ("del", "ins", "time")},
    **{tag: {"high", "low", "max", "min", "optimum", "value"} for tag in ("meter", "progress")},
    **{tag: {"align"} for tag in ("caption", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "p")},
    "a": {"href"},
    "details": {"open"},
    "font": {"color", "face", "size"},
    "img": {"align", "alt", "height", "loading", "src", "width"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "table": {"align", "border", "cellpadding", "cellspacing", "width"},
}
# how an element looks where it stands; nothing that lays it over others
LOOKS = _set(
    """align-content align-items align-self aspect-ratio background background-color background-image background-
    position background-repeat background-size border-collapse border-radius border-spacing box-shadow box-sizing
    caption-side clear color column-count column-gap columns direction display empty-cells flex flex-basis flex-
    direction flex-flow flex-grow flex-shrink flex-wrap float font font-family font-size font-style font-variant
    font-variant-numeric font-weight gap grid-auto-flow grid-column grid-row grid-template-columns grid-template-
    rows height image-rendering justify-content justify-items justify-self letter-spacing line-height list-style
    list-style-type max-height max-width min-height min-width object-fit opacity overflow overflow-wrap overflow-x
    overflow-y row-gap table-layout text-align text-decoration text-indent text-overflow text-shadow text-transform
    vertical-align visibility white-space width word-break word-wrap"""
)
for _side in ("", "-top", "-right", "-bottom", "-left"):
    LOOKS |= {f"margin{_side}", f"padding{_side}"} | {f"border{_side}{x}" for x in ("", "-color", "-style", "-width")}
_FUNCTIONS = _set("calc clamp hsl hsla linear-gradient max min minmax nth-child repeat rgb rgba")
_VALUES = _set("dimension hash ident literal number percentage string whitespace")
DEEPEST = 500  # elements within each other: Chromium nests no more than 512
LONGEST_STYLE = 4000  # characters of an element's style, or of a rule
_STYLER = "T_"  # with it begin all ids of pandas' Styler
_OURS = "tn-"  # with it begin ids of ours, which nobody else's element may have

_EMBEDDED = re.compile(r"data:(image|audio|video)/[\w.+-]+;base64,[A-Za-z0-9+/=\s]*", re.ASCII)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):|[/\\]{2}", re.ASCII)
_LINKED = {"http", "https", "mailto"}
_TAG = re.compile("<(/?)([a-z][a-z0-9]*)", re.ASCII | re.IGNORECASE)
_DRAWING = re.compile(r"(<svg(?=[\s>]))|</svg\s*>", re.ASCII | re.IGNORECASE)
_HALVES = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate, half of a character, becomes U+FFFD."""
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", text)


class Cleaner:
    """Cleans what the cells of one page hold; ``rules`` are the style rules that came along.

    folder: where a picture named by a relative path lies; None: nothing is read from the disk.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self.rules: list[str] = []

    def clean(self, html: str, alt: str, *, attachments: Mapping[str, Any] | None = None, own: bool = False) -> Markup:
        """HTML that loads nothing and runs nothing, with a text for every picture.

        alt: for a picture without one. own: whether pictures of the folder and of the cell may be taken in.
        """
        html = _with_drawings(whole(html), alt)
        if _is_deep(html):
            return Markup('<span class="note">[HTML nested more deeply than browsers show is left out]</span>')
        # twice: the parser of Beautiful Soup takes minutes over some HTML, but not over what nh3 writes
        plain = _ROUGHLY.clean(html)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it minds HTML that looks like a file name
            soup = BeautifulSoup(plain, "html.parser")
        for formula in soup.select(":is(code, pre, kbd, samp) math"):
            formula.replace_with(str(formula.get("data-tex", "")))
        for tag in soup.find_all(["style", "th", "input", *_MEDIA, "iframe", "embed", "object"]):
            if tag.name == "style":
                self.rules += styler_rules(tag.get_text())
            elif tag.name == "input":
                if str(tag.get("type")).lower() == "checkbox":  # of a list of tasks
                    tag.replace_with("\N{BALLOT BOX WITH CHECK} " if tag.has_attr("checked") else "\N{BALLOT BOX} ")
            elif tag.name == "th":
                if not tag.get_text(strip=True) and tag.find() is None:
                    tag.name = "td"  # the corner of a table of pandas heads nothing
            elif tag.get("src") or tag.get("data"):
                _embed(tag, alt, self._folder if own else None, attachments or {})
        return Markup(_STRICTLY.clean(str(soup)))


def _is_deep(html: str) -> bool:
    """Is it nested more than DEEPEST times? Counted by names, without those whose ends HTML lets out."""
    opened = Counter[str]()
    depth = 0
    for end, name in _TAG.findall(html):
        name = name.lower()
        if name in _ENDLESS or (end and not opened[name]):
            continue
        opened[name] += -1 if end else 1
        depth += -1 if end else 1
        if depth > DEEPEST:
            return True
    return False


def _embed(tag: Tag, alt: str, folder: Path | None, attachments: Mapping[str, Any]) -> None:
    """Let the picture travel in the page; where that is not possible, let its text stand for it."""
    source = str(tag.get("src") or tag.get("data"))
    name = unquote(source).removeprefix("attachment:")
    kind, content = mimetypes.guess_type(name)[0] or "", ""
    if unquote(source).startswith("attachment:"):
        held = attachments.get(name)
        kind, content = next(iter(held.items()), ("", "")) if isinstance(held, Mapping) else ("", "")
    elif folder is not None and "://" not in source and kind.startswith("image/") and _is_below(folder, name):
        content = base64.b64encode((folder / name).read_bytes()).decode()
    if content:
        source = f"data:{kind};base64,{''.join(''.join(content).split())}"
    if _EMBEDDED.fullmatch(source) and tag.name in _MEDIA:
        tag["src"] = source
    else:
        told = f"it lies at {unquote(source)[:300]}" if not source.lower().startswith("data:") else "it is no picture"
        note = BeautifulSoup("", "html.parser").new_tag("span", attrs={"class": "note"})
        note.string = f"[{tag.get('alt') or (alt if tag.name == 'img' else tag.name)}: not in this page, {told}]"
        tag.replace_with(note)
    if tag.name == "img" and not tag.get("alt"):
        tag["alt"] = alt


def _is_below(folder: Path, name: str) -> bool:
    """Is it a file in the notebook's folder? What lies elsewhere on the disk is nobody's to show."""
    try:
        found = (folder / name).resolve()
        return found.is_file() and found.is_relative_to(folder.resolve())
    except (OSError, ValueError):
        return False


def _with_drawings(html: str, alt: str) -> str:
    """Each ``<svg>`` as a picture of itself; one that is no well-formed XML is named instead."""
    parts, at, start, depth = [], 0, 0, 0
    for found in _DRAWING.finditer(html):
        if found[1]:  # begins
            start, depth = (start, depth + 1) if depth else (found.start(), 1)
        elif depth and (depth := depth - 1) == 0:
            parts += [html[at:start], _picture_of(html[start : found.end()], alt)]
            at = found.end()
    return "".join([*parts, html[at:]])


def _picture_of(drawing: str, alt: str) -> str:
    spaces = {"": "http://www.w3.org/2000/svg", ":xlink": "http://www.w3.org/1999/xlink"}
    added = "".join(f' xmlns{name}="{uri}"' for name, uri in spaces.items() if f"xmlns{name}=" not in drawing)
    drawing = f"<svg{added}{drawing[4:]}"
    try:
        root = ElementTree.fromstring(drawing)
    except (ElementTree.ParseError, ValueError):
        return '<span class="note">[a drawing that is no well-formed SVG is left out]</span>'
    told = root.findtext("{*}title") or alt
    uri = f"data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}"
    return f'<img alt="{escape(told)}" src="{uri}">'


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The value that an allowed attribute keeps; None: it is left out."""
    if name == "style":
        return declarations(value) or None
    if name == "src":
        return value if _EMBEDDED.fullmatch(value) else None
    if name == "href":
        plain = "".join(letter for letter in value.lower() if letter > " ")  # browsers skip the others
        found = _SCHEME.match(plain)
        return value if found is None or found[1] in _LINKED else None
    if name == "id":
        return None if value.lower().startswith(_OURS) else value
    if name == "tabindex":
        return value if value in ("0", "-1") else None
    return value


@lru_cache(maxsize=4096)
def declarations(css: str) -> str:
    """Of the text of a style attribute or rule what is in ``LOOKS`` and loads nothing."""
    kept: list[str] = []
    if len(css) > LONGEST_STYLE:
        return ""
    for each in tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True):
        if each.type == "declaration" and each.lower_name in LOOKS and _is_plain(each.value):
            mark = " !important" if each.important else ""
            kept.append(f"{each.lower_name}: {tinycss2.serialize(each.value).strip()}{mark}")
    return "; ".join(kept)


def styler_rules(css: str) -> Iterator[str]:
    """The rules of a style sheet that address only what pandas' Styler made."""
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule" or not _is_styler(rule.prelude):
            continue
        try:
            kept = declarations(tinycss2.serialize(rule.content))
        except RecursionError:
            continue
        text = f"{tinycss2.serialize(rule.prelude).strip()}{{{kept}}}"
        if kept and "<" not in text:  # it could end the style element
            yield text


def _is_styler(prelude: Iterable[Any]) -> bool:
    starts = True  # of a selector
    for token in prelude:
        if starts and token.type != "whitespace":
            if token.type != "hash" or not token.value.startswith(_STYLER):
                return False
            starts = False
        starts = starts or (token.type == "literal" and token.value == ",")
        if token.type not in ("hash", "ident", "whitespace", "literal", "function") or not _is_plain([token]):
            return False
    return not starts


def _is_plain(tokens: Iterable[Any], depth: int = 0) -> bool:
    """Are these values that load nothing, and functions of ``_FUNCTIONS`` alone, a few within each other?"""
    for token in tokens:
        if token.type == "function":
            if token.lower_name not in _FUNCTIONS or depth > 8 or not _is_plain(token.arguments, depth + 1):
                return False
        elif token.type in ("() block", "[] block"):
            if depth > 8 or not _is_plain(token.content, depth + 1):
                return False
        elif token.type not in _VALUES:
            return False
    return True


_HOW: dict[str, Any] = {"generic_attribute_prefixes": {"aria-"}, "link_rel": None}
# what acts is gone, and what is left is well formed; it still holds what is told of, or taken in, before it goes
_ROUGHLY = nh3.Cleaner(
    tags=_WORDS | _MEDIA | _MATHS | _TOLD,
    clean_content_tags=SILENT - _TOLD,
    attributes={
        **_ATTRIBUTES,
        **{tag: {"checked", "data", "src", "type"} for tag in _TOLD},
        "math": {*_OF_MATHS, "data-tex"},
    },
    url_schemes={*_LINKED, "attachment", "data", "file", "ftp"},
    **_HOW,
)
_STRICTLY = nh3.Cleaner(
    tags=_WORDS | _MEDIA | _MATHS,
    clean_content_tags=SILENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_attribute,
    url_schemes={*_LINKED, "data"},
    **_HOW,
)
