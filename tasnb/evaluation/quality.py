"""How good proposals and captions are before anything is chosen by them, from the tables of a run alone.

Proposals: how many, how well they cover, how much they repeat. Captions: P compares them with the expression, and a
captioner that says the same of every crop, or never names the thing, cannot help, whatever its alpha; these figures say
which of the two it is (paper, Table 6, gives none).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tasnb.core.errors import UserError
from tasnb.core.masks import from_rle, pairwise_iou
from tasnb.core.tables import interval_text, text_table
from tasnb.core.types import parse_from_json
from tasnb.evaluation import metrics
from tasnb.evaluation.runs import RunLike, require_stages, why_nothing

if TYPE_CHECKING:
    import pandas as pd

RECALL_AT = (0.5, 0.75)  # IoU, as COCO counts a found object
SAME_AT = 0.8  # IoU above which two masks of one image are taken for the same thing
NOUNS = ("NOUN", "PROPN")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def proposal_quality(runs: Mapping[str, RunLike]) -> pd.DataFrame:
    """What the proposals of runs could give to the best possible choice.

    Parameters
    ----------
    runs : mapping of str to Run
        A name for people -> the run.

    Returns
    -------
    DataFrame
        A row a run: source; images, sentences; masks (mean an image); oracle_miou with _low and _high (the best
        proposal of each target, per cent, 95 % interval); recall50, recall75 (per cent of the targets with a proposal
        of at least that IoU), each with an interval; redundancy (per cent of an image's masks that repeat an earlier
        one, mean over images with masks; NaN without any).

    Raises
    ------
    ValueError
        For a run that holds no prediction.

    Notes
    -----
    Targets are counted once a sentence, as everywhere in a run. An image without proposals counts with 0 masks and as
    not found; one whose samples all failed is not counted.
    """
    import pandas as pd

    return pd.DataFrame([{"source": name, **_row(run)} for name, run in runs.items()])


def redundancy(masks: np.ndarray) -> float:
    """The share of masks that repeat an earlier one (IoU above 0.8).

    Parameters
    ----------
    masks : ndarray of bool, shape (n, h, w)
        Of one image.

    Returns
    -------
    float
        0 to 1; NaN without any mask.

    Examples
    --------
    >>> redundancy(np.ones((4, 2, 2), dtype=bool))
    0.75
    """
    if not len(masks):
        return float("nan")
    repeats = np.tril(pairwise_iou(masks, masks) > SAME_AT, k=-1)
    return float(repeats.any(axis=1).mean())


def as_text(table: pd.DataFrame) -> str:
    """The quality of proposals for a terminal.

    Parameters
    ----------
    table : DataFrame
        What ``proposal_quality`` gave.

    Returns
    -------
    str
        A line a run.
    """
    rows = []
    for row in table.to_dict("records"):
        interval = interval_text(row["oracle_miou_low"], row["oracle_miou_high"])
        found = [row["oracle_miou"], interval, row["recall50"], row["recall75"], row["redundancy"]]
        rows.append([row["source"], row["masks"], *found, row["images"]])
    headers = ["source", "masks", "oracle mIoU", "interval", "recall@0.5", "recall@0.75", "redundancy", "images"]
    return text_table(headers, rows)


class CaptionQuality(NamedTuple):
    """What a captioner's texts are like.

    Parameters
    ----------
    length : float
        Words a caption, mean.
    distinct : float
        Captions that differ, per cent of all captions of the run.
    names_target : float
        Per cent of the sentences (that have a noun and a proposal) of which the target's best proposal is captioned
        with a noun of the expression.
    names_others : float
        The same for the image's other proposals, mean. P can only help where names_target is above it.
    captions, sentences : int
        How many the figures rest on. A figure is NaN where there is nothing to count.
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


def caption_quality(run: RunLike) -> CaptionQuality:
    """What the captions of a run are like.

    Parameters
    ----------
    run : Run
        Only its about, proposals() and predictions() are read.

    Returns
    -------
    CaptionQuality
        Of all its captions.

    Notes
    -----
    A noun is a token that the run's parser tagged NOUN or PROPN, by its text or lemma; a caption names it when it holds
    the word, in singular or plural ("dogs" names "dog"). Synonyms do not count, as the rule for N is WordNet's and not
    the captioner's.
    """
    require_stages(run, "the quality of captions")
    proposals = run.proposals()
    captions = [str(text) for text in proposals["caption"]]
    words_of: dict[str, dict[int, frozenset[str]]] = {}
    for image_id, index, text in zip(proposals["image_id"], proposals["proposal"], captions, strict=True):
        words_of.setdefault(image_id, {})[index] = frozenset(word.lower() for word in _WORD.findall(text))
    target, others = [], []
    for row in run.predictions().drop_duplicates("sample").to_dict("records"):
        nouns = _nouns_of(row["parse"])
        if not nouns or row["oracle"] < 0 or row["oracle_intersection"] == 0:
            continue  # nothing to name, or no proposal of it
        named = {index: names(words, nouns) for index, words in words_of[row["image_id"]].items()}
        target.append(named.pop(row["oracle"]))
        if named:
            others.append(np.mean(list(named.values())))
    return CaptionQuality(
        length=_mean([len(_WORD.findall(text)) for text in captions]),
        distinct=100 * len(set(captions)) / len(captions) if captions else float("nan"),
        names_target=100 * _mean(target),
        names_others=100 * _mean(others),
        captions=len(captions),
        sentences=len(target),
    )


def names(words: frozenset[str], nouns: frozenset[str]) -> bool:
    """Whether any of the nouns is among the words, each in singular or plural.

    Parameters
    ----------
    words, nouns : frozenset of str
        Lower case.

    Returns
    -------
    bool
        By the endings -s and -es alone.

    Examples
    --------
    >>> names(frozenset({"two", "dogs"}), frozenset({"dog"})), names(frozenset({"a", "bus"}), frozenset({"car"}))
    (True, False)
    """
    return any(form in words for noun in nouns for form in (noun, f"{noun}s", f"{noun}es"))


def _row(run: RunLike) -> dict[str, Any]:
    require_stages(run, "the quality of proposals")
    samples = run.predictions().drop_duplicates("sample")
    if samples.empty:
        raise UserError(f"{run.folder}: {why_nothing(run)}")
    images = samples.drop_duplicates("image_id")
    found = metrics.summarise(
        samples["oracle_intersection"].to_numpy(),
        samples["oracle_union"].to_numpy(),
        samples["image_id"].to_numpy(),
        protocol="lavt",  # counts a target as found at an IoU of exactly t, as COCO does; else as "tas"
        answered=(samples["proposals"] > 0).to_numpy(),
        thresholds=RECALL_AT,
    )
    row = {"images": len(images), "sentences": len(samples), "masks": float(images["proposals"].mean())}
    row |= found.miou.columns("oracle_miou")
    for threshold, recall in found.precision.items():
        row |= recall.columns(f"recall{round(100 * threshold)}")
    return row | {"redundancy": 100 * _mean(_redundancies(run))}


def _redundancies(run: RunLike) -> list[float]:
    """Of every image that has masks."""
    found = []
    for _, rows in run.proposals().groupby("image_id", sort=False):
        runs = zip(rows["height"], rows["width"], rows["mask"], strict=True)
        found.append(redundancy(np.stack([from_rle({"size": (h, w), "counts": counts}) for h, w, counts in runs])))
    return found


def _nouns_of(parse: str) -> frozenset[str]:
    """The nouns of a stored parse: texts and lemmas, lower case."""
    tokens = parse_from_json(parse).tokens
    return frozenset(word.lower() for t in tokens if t.pos in NOUNS for word in (t.text, t.lemma) if word)


def _mean(values: list[Any]) -> float:
    return float(np.mean(values)) if values else float("nan")
