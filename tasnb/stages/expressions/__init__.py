"""An expression taken apart: head noun, directions, relations and cues (docs/method.md).

``lexicon`` holds the words, ``phrases`` reads relations and clauses, ``directions`` decides which words say where the
subject is, ``parsing`` puts them together, and
``released`` reads as the authors' code does. ``Words`` shows a finished parse word by word to whoever reads on.
"""

from __future__ import annotations

from tasnb.stages.expressions.parsing import (
    OFFICIAL,
    PAPER,
    ParseRule,
    PhraseKind,
    noun_phrases,
    parse,
    parse_all,
    require_text,
)
from tasnb.stages.expressions.phrases import Related, Words

__all__ = [
    "OFFICIAL", "PAPER", "ParseRule", "PhraseKind", "Related", "Words", "noun_phrases", "parse", "parse_all",
    "require_text",
]  # fmt: skip
