"""What a captioner's texts are like, beside what they do for the answer: length, variety, and whether they name it.

P compares captions with the expression. A captioner that says the same of every crop, or never names the thing, cannot
help, whatever its alpha; these figures say which of the two it is (paper, Table 6, gives none).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from tasnb.core.types import parse_from_json

NOUNS = ("NOUN", "PROPN")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


class CaptionQuality(NamedTuple):
    """length: words a caption, mean. distinct: captions that differ, per cent of all captions of the run.

    names_target: per cent of the sentences (that have a noun and a proposal) of which the target's best proposal is
    captioned with a noun of the expression; names_others: the same for the image's other proposals, mean. P can only
    help where the first is above the second. captions, sentences: how many the figures rest on. NaN: nothing to count.
    """

    length: float
    distinct: float
    names_target: float
    names_others: float
    captions: int
    sentences: int

    @property
    def text(self) -> str:
        """One line for a table cell."""
        if not self.captions:
            return "no captions"
        named = "" if np.isnan(self.names_target) else f", {self.names_target:.0f} % name a noun of the expression"
        others = "" if np.isnan(self.names_others) else f" (other crops: {self.names_others:.0f} %)"
        return f"{self.length:.1f} words, {self.distinct:.0f} % distinct{named}{others}"


def caption_quality(run: Any) -> CaptionQuality:
    """The figures of one run, from its tables alone.

    A noun is a token that the run's parser tagged NOUN or PROPN, by its text or lemma; a caption names it when it holds
    the word, in singular or plural ("dogs" names "dog"). Synonyms do not count, as the rule for N is WordNet's and not
    the captioner's.
    """
    proposals = run.proposals()
    captions = [str(text) for text in proposals["caption"]]
    words = {key: _words(text) for key, text in zip(zip(proposals["image_id"], proposals["proposal"], strict=True),
                                                    captions, strict=True)}  # fmt: skip
    of_image: dict[str, list[int]] = {}
    for image_id, index in words:
        of_image.setdefault(image_id, []).append(index)
    target, others = [], []
    for row in run.predictions().drop_duplicates("sample").to_dict("records"):
        nouns = nouns_of(row["parse"])
        if not nouns or row["oracle"] < 0 or row["oracle_intersection"] == 0:
            continue  # nothing to name, or no proposal of it
        target.append(names(words[row["image_id"], row["oracle"]], nouns))
        rest = [index for index in of_image[row["image_id"]] if index != row["oracle"]]
        if rest:
            others.append(np.mean([names(words[row["image_id"], index], nouns) for index in rest]))
    return CaptionQuality(
        length=_mean([len(_WORD.findall(text)) for text in captions]),
        distinct=100 * len(set(captions)) / len(captions) if captions else float("nan"),
        names_target=100 * _mean(target), names_others=100 * _mean(others),
        captions=len(captions), sentences=len(target),
    )  # fmt: skip


def nouns_of(parse: str) -> frozenset[str]:
    """The nouns of a stored parse: texts and lemmas, lower case."""
    tokens = parse_from_json(parse).tokens
    return frozenset(word.lower() for t in tokens if t.pos in NOUNS for word in (t.text, t.lemma) if word)


def names(words: frozenset[str], nouns: frozenset[str]) -> bool:
    """Whether any of the nouns is among the words, each in singular or plural.

    >>> names(frozenset({"two", "dogs"}), frozenset({"dog"})), names(frozenset({"a", "bus"}), frozenset({"car"}))
    (True, False)
    """
    return any(form in words for noun in nouns for form in (noun, f"{noun}s", f"{noun}es"))


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def _mean(values: list[Any]) -> float:
    return float(np.mean(values)) if values else float("nan")
