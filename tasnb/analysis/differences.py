"""Which words of an expression tell one thing of a picture from another, as far as boxes, centres and areas say.

Places, ranks and sizes are measured by the soft prior's own readers (``stages.spatial``) among the things of one
category. Colours, clothing, patterns, actions and relations need pixels: that they are named counts, not who has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tasnb.analysis.annotation_noise import content_of
from tasnb.analysis.types import ExpressionTypes, IsA
from tasnb.core.types import Parse
from tasnb.stages.spatial.cues import apply
from tasnb.stages.spatial.prior import soft_prior
from tasnb.stages.spatial.scene import Scene

# a difference -> the readings of the soft prior that measure it, and the type of expression that names it
MEASURED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "place": (("direction", "middle", "depth"), "location"),
    "ordinal": (("ordinal",), "ordinal"),
    "size": (("size",), "size"),
}
NAMED = ("colour", "pattern", "clothing", "action", "relation")  # types of expressions that only pixels could confirm
_ANYTHING = frozenset(["one", "thing", "object", "item"])


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What tells the target from another thing of its category.

    Parameters
    ----------
    kind : str
        A detail of the cause "same category", or "" where no word tells them apart.
    words : str
        That say it; where no word does, those that fit the other thing better.
    """

    kind: str = ""
    words: str = ""


def between(
    parse: Parse, types: ExpressionTypes, scene: Scene, targets: Sequence[int], other: int, category: str, is_a: IsA
) -> Difference:
    """Find the words that tell the target from another thing of its category.

    Parameters
    ----------
    parse : Parse
        Of the expression.
    types : ExpressionTypes
        Of the expression.
    scene : Scene
        The things of the category: centres, areas, boxes.
    targets : sequence of int
        Rows of what is meant.
    other : int
        Row of what was answered.
    category : str
        Theirs, in the data set's words.
    is_a : callable
        (word, kind) -> whether the one names a kind of the other.

    Returns
    -------
    Difference
        The place where it speaks for the target, else the only difference of rank, size and ``NAMED``, or that there
        are several; else the noun where it is narrower than the category, else other words that nothing reads.
    """
    found: dict[str, str] = {}
    against: list[str] = []
    for kind, (reads, tag) in MEASURED.items():
        lead = _lead(parse, scene, reads, targets, other)
        words = " ".join(types.evidence(tag))
        if lead > 0 or (not lead and kind != "place" and words and not _is_read(parse, reads)):
            found[kind] = words or parse.text
        elif lead < 0:
            against.append(words or parse.text)
    if "place" in found:
        return Difference(kind="place", words=found["place"])
    found |= {kind: " ".join(said) for kind in NAMED if (said := types.evidence(kind))}
    if "clothing" in found:  # "red shirt" is one difference
        found = {kind: words for kind, words in found.items() if kind not in ("colour", "pattern")}
    if found:
        return Difference(
            kind=next(iter(found)) if len(found) == 1 else "several differences", words=", ".join(found.values())
        )
    return _unread(parse, types, category, is_a) or Difference(words=" ".join(against))


def _lead(parse: Parse, scene: Scene, reads: Sequence[str], targets: Sequence[int], other: int) -> float:
    """How far the worst target is ahead of the other thing in what these readings say; 0: they do not tell."""
    values, _, _ = soft_prior(parse, scene, strength=1.0, reads=reads)
    if "direction" in reads:  # the hours of a clock are a place that only the extended rectifier reads
        for cue in parse.cues:
            step = apply(cue, np.ones(len(scene), dtype=bool), parse, scene) if cue.kind == "clock" else None
            values = values if step is None or step.inside is None else values + step.inside
    return float(values[list(targets)].min() - values[other])


def _is_read(parse: Parse, reads: Sequence[str]) -> bool:
    return any(cue.kind in reads for cue in parse.cues)


def _unread(parse: Parse, types: ExpressionTypes, category: str, is_a: IsA) -> Difference | None:
    """A noun that is narrower than the category, else words that say something and are read by nothing."""
    head, kind = parse.head.lemma.lower() if parse.head else "", category.lower()
    own = {head, kind, *kind.split(), *_ANYTHING}
    if head and head not in own - {head} and not is_a(kind, head):
        return Difference(kind="noun", words=head)
    read = {word for tag in types.tags for words in tag.words for word in words.split()}
    tokens = {token.lemma.lower(): token.text.lower() for token in parse.tokens}
    left = [word for word in content_of(parse) if word not in own and not {word, tokens.get(word)} & read]
    return Difference(kind="other words", words=" ".join(left)) if left else None
