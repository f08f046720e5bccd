"""An expression taken apart: head noun, directions, relations and cues (METHOD section 3).

``lexicon`` holds the words, ``phrases`` reads relations and clauses, ``directions`` decides which words are places,
``parsing`` puts them together.
"""

from __future__ import annotations

from tasnb.stages.expressions.parsing import OFFICIAL, PAPER, ParseRule, noun_phrases, parse, require_text

__all__ = ["OFFICIAL", "PAPER", "ParseRule", "noun_phrases", "parse", "require_text"]
