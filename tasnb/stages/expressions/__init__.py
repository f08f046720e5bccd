"""An expression taken apart: head noun, directions, relations and cues (docs/method.md).

``spelling`` says what counts as an expression and how its characters are read, ``lexicon`` holds the words, ``phrases``
reads relations and clauses, ``directions`` decides which words say where the subject is, ``parsing`` puts them
together, and ``released`` reads as the authors' code does. ``Words`` shows a finished parse word by word to whoever
reads on.
"""

from __future__ import annotations

from tasnb.stages.expressions.directions import depth_cues
from tasnb.stages.expressions.parsing import (
    OFFICIAL,
    PAPER,
    ParseRule,
    PhraseKind,
    noun_phrases,
    parse,
    parse_all,
)
from tasnb.stages.expressions.phrases import Related, Words
from tasnb.stages.expressions.spelling import READING, readable, require_text

__all__ = [
    "OFFICIAL", "PAPER", "READING", "ParseRule", "PhraseKind", "Related", "Words", "depth_cues", "noun_phrases",
    "parse", "parse_all", "readable", "require_text",
]  # fmt: skip
