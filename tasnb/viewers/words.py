"""Which stage used which word of an expression, for display."""

from __future__ import annotations

from tasnb.core.types import Parse

STAGES = ("head", "direction", "modifier")


def pieces(parse: Parse) -> list[list[str]]:
    """The expression cut into [text, stage]; stage is one of STAGES, or "" for words that no rule but CLIP reads.

    The texts together are the expression, character for character.
    """
    stage_at = [""] * len(parse.text)
    lower = parse.text.lower()
    for word in parse.direction_words:
        _mark(stage_at, _place(lower, word.lower(), stage_at), "direction")
    if parse.head is not None:
        _mark(stage_at, parse.head.span, "head")
    for word in parse.modifiers:
        _mark(stage_at, _place(lower, word.lower(), stage_at), "modifier")
    cut: list[list[str]] = []
    for character, stage in zip(parse.text, stage_at, strict=True):
        if cut and cut[-1][1] == stage:
            cut[-1][0] += character
        else:
            cut.append([character, stage])
    return cut


def _place(text: str, word: str, stage_at: list[str]) -> tuple[int, int]:
    """Where a word stands that no stage has yet, at the borders of a word before anywhere else; (0, 0) if nowhere."""
    found = (0, 0)
    if len(text) != len(stage_at):
        return found  # a letter that changes its length in lower case: rather no colour than a wrong one
    start = text.find(word) if word else -1
    while start >= 0:
        end = start + len(word)
        if not any(stage_at[start:end]):
            alone = not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum()
            if alone:
                return start, end
            found = found if found != (0, 0) else (start, end)
        start = text.find(word, start + 1)
    return found


def _mark(stage_at: list[str], span: tuple[int, int], stage: str) -> None:
    stage_at[span[0] : span[1]] = [stage] * (span[1] - span[0])
