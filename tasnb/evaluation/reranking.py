"""A run's scores as flat arrays that can be ranked again for any weights in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.types import NounPhrase, Parse, Weights, WordNet, combine, parse_from_json
from tasnb.evaluation import metrics
from tasnb.evaluation.records import NO_PROPOSAL
from tasnb.evaluation.runs import RunLike, ScoredRun, require_stages, why_nothing
from tasnb.pipeline.variant import PAPER, VARIANTS, Variant, find
from tasnb.stages import negatives, spatial

if TYPE_CHECKING:
    import pandas as pd

# field of a ranking -> the column that it is, and its type
_OF_SAMPLES = {
    "samples": ("sample", np.int64),
    "image_ids": ("image_id", object),
    "target_areas": ("target_area", np.int64),
}
EDGES = ("x0", "y0", "x1", "y1")  # columns of ``proposals``: a box, end exclusive
_OF_SCORES = {"proposals": "proposal", "intersections": "intersection", "unions": "union", "areas": "area"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Samples in order, and below each its proposals.

    Parameters
    ----------
    variant : str
        Whose rectifier.
    rule : RectifierRule
        That rectifier.
    samples, image_ids, target_areas, answered : ndarray, shape (samples,)
        Number, image, pixels of the target, and whether there is any proposal.
    starts, sizes : ndarray of int, shape (answered samples,)
        The first row and the number of rows of each answered sample.
    v, p, n, proposals, intersections, unions, areas : ndarray, shape (rows,)
        Of each proposal.
    kept : ndarray of bool, shape (rows,)
        What the rectifier leaves whatever the weights.
    centres_xy : ndarray of float, shape (rows, 2)
        Pixels; NaN for an empty mask.
    quadrants : pair of ndarray of bool, shape (rows,), optional
        The rows of the two quadrants, where S decides which of them is left (suoych/TAS); they are not in ``kept``.
    parses : dict of int to Parse, optional
        What the extended rectifier reads, by answered sample.
    prior : ndarray of float, shape (rows,), optional
        What a soft rectifier adds to S.
    """

    variant: str
    rule: spatial.RectifierRule
    samples: np.ndarray
    image_ids: np.ndarray
    target_areas: np.ndarray
    answered: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    v: np.ndarray
    p: np.ndarray
    n: np.ndarray
    proposals: np.ndarray
    intersections: np.ndarray
    unions: np.ndarray
    kept: np.ndarray
    centres_xy: np.ndarray
    areas: np.ndarray
    quadrants: tuple[np.ndarray, np.ndarray] | None = None
    parses: dict[int, Parse] | None = None
    prior: np.ndarray | None = None

    __repr__ = brief

    @classmethod
    def of(cls, run: ScoredRun, *, variant: str | Variant | None = None) -> Ranking:
        """Read a run.

        Parameters
        ----------
        run : Run
            Only its about, predictions() and scores() are read; for a soft rectifier that is not the run's own,
            proposals() too.
        variant : str or Variant, optional
            Whose rectifier; the run's by default.

        Returns
        -------
        Ranking
            Of all its samples.

        Raises
        ------
        ValueError
            For a run without any sample, or for scores that do not fit the predictions.
        """
        require_stages(run, "ranking again")
        chosen = _variant_of(run) if variant is None else find(variant)
        rule = chosen.rectifier
        # one row a sample: parse, image and target are the same for every variant
        samples = run.predictions().drop_duplicates("sample").sort_values("sample", ignore_index=True)
        scores = run.scores()
        if nothing := why_nothing(run):
            raise UserError(nothing)
        _check(samples, scores)
        sizes = samples["proposals"].to_numpy(np.int64)
        answered = sizes > 0
        sizes = sizes[answered]
        starts = np.cumsum(sizes) - sizes
        centres = scores[["cx", "cy"]].to_numpy(np.float64)
        kept, quadrants, parses, prior = scores["kept"].to_numpy(bool), None, None, None
        if rule.half == "soft":
            is_own = chosen.name == run.about["variant"]
            prior = _stored_prior(scores) if is_own else _priors(run, samples[answered], scores, starts, rule)
            kept = np.ones(len(scores), dtype=bool)
        elif rule.extended:
            parses = {i: parse_from_json(text) for i, text in enumerate(samples["parse"][answered])}
            kept = np.ones(len(scores), dtype=bool)
        elif rule.half == "quadrants" or chosen.name != run.about["variant"]:
            directions = [tuple(str(text).split()) for text in samples["directions"][answered]]
            kept, quadrants = _regions(directions, rule.centres_of(centres), starts, sizes, rule)
        numbers = {name: scores[name].to_numpy(np.float64) for name in ("v", "p", "n")}
        for name, values in numbers.items():
            if not np.isfinite(values).all():
                raise UserError(f"scores: {name} holds NaN or infinity; evaluate again")
        return cls(
            variant=chosen.name,
            rule=rule,
            answered=answered,
            starts=starts,
            sizes=sizes,
            kept=kept,
            centres_xy=centres,
            quadrants=quadrants,
            parses=parses,
            prior=prior,
            **numbers,
            **{name: samples[column].to_numpy(kind) for name, (column, kind) in _OF_SAMPLES.items()},
            **{name: scores[column].to_numpy(np.int64) for name, column in _OF_SCORES.items()},
        )

    def total(self, weights: Weights, *, rectified: bool = True) -> np.ndarray:
        """S of every row.

        Parameters
        ----------
        weights : Weights
            alpha and lam.
        rectified : bool
            False leaves a soft rectifier's prior out.

        Returns
        -------
        ndarray of float, shape (rows,)
            Of those too that a hard rectifier takes out.
        """
        return combine(self.v, self.p, self.n, weights, self.prior if rectified else None)

    def candidates(self, total: np.ndarray) -> np.ndarray:
        """What the rectifier keeps.

        Parameters
        ----------
        total : ndarray of float, shape (rows,)
            S.

        Returns
        -------
        ndarray of bool, shape (rows,)
            Who may be chosen.
        """
        if self.parses is not None:
            return self._rectified_one_by_one(total)
        if self.quadrants is None:
            return self.kept
        best = [self._best(np.where(inside, total, -np.inf)) for inside in self.quadrants]
        return self.kept | np.where(np.repeat(spatial.winning_region(np.stack(best)) == 0, self.sizes), *self.quadrants)

    def rows(self, weights: Weights, *, rectified: bool = True) -> np.ndarray:
        """The row that each answered sample chooses.

        Parameters
        ----------
        weights : Weights
            alpha and lam.
        rectified : bool
            False leaves the rectifier out.

        Returns
        -------
        ndarray of int, shape (answered samples,)
            -1 where no proposal is left. A tie keeps the earlier proposal.
        """
        total = self.total(weights, rectified=rectified)
        if rectified:
            total = np.where(self.candidates(total), total, -np.inf)
        if not len(self.starts):
            return np.zeros(0, np.int64)
        best = self._best(total)
        hits = np.flatnonzero(total == np.repeat(best, self.sizes))
        # rows lie sample by sample, so the first hit at or after a sample's start is its earliest maximum
        first = hits[np.searchsorted(hits, self.starts)]
        return np.where(np.isfinite(best), first, NO_PROPOSAL)

    def chosen(self, weights: Weights, *, rectified: bool = True) -> np.ndarray:
        """The proposal that each sample chooses.

        Parameters
        ----------
        weights : Weights
            alpha and lam.
        rectified : bool
            False leaves the rectifier out.

        Returns
        -------
        ndarray of int, shape (samples,)
            -1 for none.
        """
        rows = self.rows(weights, rectified=rectified)
        answers = np.full(len(self.samples), NO_PROPOSAL)
        answers[self.answered] = np.where(rows >= 0, self.proposals[rows], NO_PROPOSAL)
        return answers

    def counts(self, weights: Weights, *, rectified: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """What each sample's answer covers of its target.

        Parameters
        ----------
        weights : Weights
            alpha and lam.
        rectified : bool
            False leaves the rectifier out.

        Returns
        -------
        tuple of ndarray of int, shape (samples,)
            Intersection and union in pixels; no answer: 0 and the target's area.
        """
        rows = self.rows(weights, rectified=rectified)
        intersections, unions = np.zeros(len(self.samples), np.int64), self.target_areas.copy()
        places = np.flatnonzero(self.answered)[rows >= 0]
        intersections[places], unions[places] = self.intersections[rows[rows >= 0]], self.unions[rows[rows >= 0]]
        return intersections, unions

    def _best(self, values: np.ndarray) -> np.ndarray:
        return np.maximum.reduceat(values, self.starts) if len(self.starts) else np.zeros(0)

    def _rectified_one_by_one(self, total: np.ndarray) -> np.ndarray:
        """The extended rectifier counts among the likely subjects, so every S needs its own look at every sample."""
        kept = np.ones(len(total), dtype=bool)
        for i, parse in (self.parses or {}).items():
            rows = slice(self.starts[i], self.starts[i] + self.sizes[i])
            kept[rows], _ = spatial.rectify(
                parse, self.centres_xy[rows], rule=self.rule, totals=total[rows], areas=self.areas[rows]
            )
        return kept


def with_negatives(ranking: Ranking, run: RunLike, variant: Variant, wordnet: WordNet) -> Ranking:
    """The same ranking with N of another rule of synonyms, from the stored phrases and their cosines.

    Parameters
    ----------
    ranking : Ranking
        Of the run, with the run's own N.
    run : Run
        Its predictions and proposals are read.
    variant : Variant
        Whose synonyms.
    wordnet : WordNet
        That is asked for them.

    Returns
    -------
    Ranking
        With its own N.
    """
    samples = run.predictions().drop_duplicates("sample").sort_values("sample", ignore_index=True)[ranking.answered]
    images = {image_id: part["phrase_cosines"].to_list() for image_id, part in run.proposals().groupby("image_id")}
    n = ranking.n.copy()
    for start, size, row in zip(ranking.starts, ranking.sizes, samples.itertuples(), strict=True):
        stored = json.loads(str(row.phrases))
        phrases = [NounPhrase(text=p["text"], lemma=p["lemma"]) for p in stored]
        mined = negatives.mine(
            str(row.caption), phrases, parse_from_json(str(row.parse)), wordnet, rule=variant.synonyms
        )
        kept = [phrase.kept for phrase in mined.phrases]
        if kept != [p["kept"] for p in stored]:
            cosines = np.stack(images[row.image_id])
            n[start : start + size] = -cosines[:, kept].mean(axis=1) if any(kept) else 0.0
    return replace(ranking, n=n)


def sentence_protocol(name: str) -> str:
    """The protocol of that name, where it can be measured without masks.

    Parameters
    ----------
    name : str
        Of ``metrics.PROTOCOLS``.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ValueError
        For "car", whose unit is a ref, and for an unknown name.
    """
    if metrics.find(name).unit != "sentence":
        usable = [other for other, rule in metrics.PROTOCOLS.items() if rule.unit == "sentence"]
        raise UserError(
            f"protocol {name!r} merges the masks of an object's sentences, and scores hold no masks; choose from "
            f"{', '.join(usable)}, or run tasnb evaluate again with --alpha and --lam"
        )
    return name


def _variant_of(run: ScoredRun) -> Variant:
    """The variant of a run: a named one, or one of its own with the rectifier that run.json tells."""
    if (name := str(run.about["variant"])) in VARIANTS:
        return VARIANTS[name]
    rule = spatial.RectifierRule(**run.about["variant_options"]["rectifier"])
    return replace(PAPER, name=name, rectifier=rule)


def _stored_prior(scores: pd.DataFrame) -> np.ndarray:
    """What a soft rectifier added to S in a run; 0 in one that was written before there was any."""
    if "prior" not in scores:
        return np.zeros(len(scores))
    return np.asarray(scores["prior"].fillna(0.0), dtype=np.float64)


def _priors(
    run: ScoredRun, samples: pd.DataFrame, scores: pd.DataFrame, starts: np.ndarray, rule: spatial.RectifierRule
) -> np.ndarray:
    """What a soft rectifier would have added to S, from the parses, boxes and crops that a run of another stored."""
    if not hasattr(run, "proposals"):
        raise UserError("a soft rectifier reads boxes: pass a run that holds its proposals")
    key = ["image_id", "proposal"]
    stored = scores[key].merge(run.proposals()[[*key, *EDGES, "phrase_cosines"]], on=key, how="left")
    boxes, prior = stored[[*EDGES]].to_numpy(np.int64), np.zeros(len(scores))
    columns = {name: scores[name].to_numpy() for name in ("v", "cx", "cy", "area")}
    cosines = stored["phrase_cosines"].to_list()
    for start, size, row in zip(starts, samples["proposals"], samples.itertuples(), strict=True):
        rows, parse = slice(start, start + size), parse_from_json(str(row.parse))
        phrases = [NounPhrase(text=p["text"], lemma=p["lemma"]) for p in json.loads(str(row.phrases))]
        _, trace = spatial.rectify(
            parse,
            np.stack([columns["cx"][rows], columns["cy"][rows]], axis=1),
            rule=rule,
            areas=columns["area"][rows],
            boxes_xyxy=boxes[rows],
            v=columns["v"][rows],
            object_scores=spatial.object_scores(parse, phrases, np.stack(cosines[rows])) if parse.relations else None,
        )
        prior[rows] = trace.prior
    return prior


def _regions(
    directions: Sequence[tuple[str, ...]],
    centres: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    rule: spatial.RectifierRule,
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """What the plain rectifiers keep in every sample, and the two quadrants where S decides between them."""
    kept = np.ones(len(centres), dtype=bool)
    first, second = np.zeros(len(centres), dtype=bool), np.zeros(len(centres), dtype=bool)
    for start, size, named in zip(starts, sizes, directions, strict=True):
        if named:
            rows = slice(start, start + size)
            regions = spatial.candidate_regions(named, centres[rows], rule=rule)
            if len(regions) == 1:
                kept[rows] = regions[0]
            else:
                kept[rows], first[rows], second[rows] = False, *regions
    return kept, (first, second) if first.any() or second.any() else None


def _check(samples: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Every proposal of every sample has its row, in order. Raises ValueError naming the first sample that differs."""
    wanted = np.repeat(samples["sample"].to_numpy(np.int64), samples["proposals"].to_numpy(np.int64))
    found, proposals = scores["sample"].to_numpy(np.int64), scores["proposal"].to_numpy(np.int64)
    if not np.array_equal(found, wanted):
        length = min(len(found), len(wanted))
        at = np.flatnonzero(found[:length] != wanted[:length])
        longer = found if len(found) > len(wanted) else wanted
        sample = min(found[at[0]], wanted[at[0]]) if len(at) else longer[length]
        raise UserError(
            f"scores and predictions of sample {sample} do not fit: expected a row a proposal, sorted by sample; "
            "evaluate again into another folder"
        )
    if ((np.diff(found) == 0) & (np.diff(proposals) <= 0)).any():
        raise UserError(
            "scores: expected the proposals of a sample in rising order; evaluate again into another folder"
        )
