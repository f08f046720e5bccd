"""An expression in pieces for people: which stage used which word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from tasnb.core.types import Parse


def pieces(parse: Parse) -> list[list[str]]:
    """The expression cut into [text, stage]: which stage used which word.

    stage: "head", "direction", "modifier", or "" for words that no rule but CLIP reads. The texts together are the
    expression, character for character.
    """
    lower, stage_at = parse.text.lower(), [""] * len(parse.text)

    def mark(words: Iterable[str], stage: str) -> None:
        for word in words:
            start, end = _place(lower, word.lower(), stage_at)
            stage_at[start:end] = [stage] * (end - start)

    mark(parse.direction_words, "direction")
    if parse.head is not None:
        start, end = parse.head.span
        stage_at[start:end] = ["head"] * (end - start)
    mark(parse.modifiers, "modifier")
    return labelled(parse.text, stage_at)


def labelled(text: str, labels: Sequence[Any]) -> list[list[Any]]:
    """A text cut into [piece, label], from the label of every character; the pieces together are the text."""
    runs = groupby(zip(text, labels, strict=True), key=itemgetter(1))
    return [["".join(character for character, _ in run), label] for label, run in runs]


def _place(text: str, word: str, stage_at: list[str]) -> tuple[int, int]:
    """Where a word stands that no stage has yet, at the borders of a word before anywhere else; (0, 0) if nowhere."""
    if not word or len(text) != len(stage_at):
        return 0, 0  # a letter that changes its length in lower case: rather no colour than a wrong one
    spans = [(at.start(), at.start() + len(word)) for at in re.finditer(f"(?={re.escape(word)})", text)]
    free = [(start, end) for start, end in spans if not any(stage_at[start:end])]
    alone = [(a, b) for a, b in free if not text[max(0, a - 1) : a].isalnum() and not text[b : b + 1].isalnum()]
    return next(iter([*alone, *free]), (0, 0))
