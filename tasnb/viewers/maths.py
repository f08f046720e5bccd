r"""Markdown of a notebook -> HTML whose formulas are MathML Core, which browsers draw themselves.

``$...$``, ``$$...$$`` and their kin are read where nbconvert reads them, but for prices: "$5 and $6" is text here. A
formula that latex2mathml does not understand is left as it is written.
"""

from __future__ import annotations

import re
from html import unescape
from typing import ClassVar
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, MathBlockParser, MathInlineParser

TEX = "data-tex"  # the attribute that keeps a formula as it was written
# what an element of MathML must hold; latex2mathml gives fewer where TeX has too little
_CHILDREN = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3, "mover": 2, "munder": 2, "munderover": 3}


def markdown(source: str) -> str:
    """Markdown with formulas as HTML; raw HTML in it stays, so the result is to be cleaned."""
    return str(MarkdownWithMath(_Renderer(escape=False), _Blocks(), _Inline()).render(source))


def mathml(tex: str, *, block: bool = False) -> str:
    """A formula as MathML; "" for one that is broken, or that latex2mathml does not know."""
    # latex2mathml knows the numbered environments, not those that stand inside a formula
    known = re.sub(r"\\(begin|end)\{(?:aligned|split|gathered)\}", r"\\\1{align*}", tex)
    try:
        found = convert_to_element(known, display="block" if block else "inline")
    except Exception:  # many kinds, some of them by accident (IndexError, RecursionError)
        return ""
    if not _is_balanced(tex) or any(_is_left_over(each) for each in found.iter()):
        return ""
    for each in found.iter():  # it writes "&#x3B1;" into the tree, beside text as it came
        each.text, each.tail = (unescape(text) if text else text for text in (each.text, each.tail))
    found.attrib.pop("xmlns")  # HTML needs none, and nbconvert would write every tag of a heading with its prefix
    found.set(TEX, f"$${tex}$$" if block else f"${tex}$")
    return tostring(found, encoding="unicode", short_empty_elements=False)


def _is_balanced(tex: str) -> bool:
    depth = 0
    for sign in re.findall(r"[{}]", re.sub(r"\\.", "", tex)):
        depth += 1 if sign == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _is_left_over(element: Element) -> bool:
    """Does an element hold TeX that was not understood, or too few parts?"""
    text = element.text or ""
    return "\\" in text or text in ("&", "#") or len(element) < _CHILDREN.get(element.tag, 0)


class _Renderer(IPythonRenderer):
    """nbconvert's, with formulas in place of their TeX."""

    def inline_math(self, body: str) -> str:
        return mathml(body) or super().inline_math(body)

    def block_math(self, body: str) -> str:
        return mathml(body, block=True) or super().block_math(body)

    def latex_environment(self, name: str, body: str) -> str:
        tex = rf"\begin{{{name}}}{body}\end{{{name}}}"
        return mathml(tex, block=True) or super().latex_environment(name, body)


class _Blocks(MathBlockParser):
    """Display formulas begin a line: elsewhere the dollars may be those of code."""

    SPECIFICATION: ClassVar = {
        **MathBlockParser.SPECIFICATION,
        "multiline_math": rf"^ {{0,3}}(?:{MathBlockParser.MULTILINE_MATH})",
    }


class _Inline(MathInlineParser):
    """Between dollars stands a formula if no blank touches them, no code is in it and no digit or word touches them.

    Only what begins with a command may touch a word or a digit: "3$\\times$3".
    """

    SPECIFICATION: ClassVar = {
        **MathInlineParser.SPECIFICATION,
        "inline_math_tex": (
            r"(?<![$\\])(?:(?P<math_command>(?=\$\\))|(?<!\w))"
            r"\$(?!\s)(?P<math_inline_tex>(?:\\.|[^$\\`])+?)(?<!\s)\$(?!\$)(?(math_command)|(?!\d))"
        ),
    }
