"""What a run stored, sample by sample: the scores, captions, phrases and gold that an analysis ranks again.

``Evidence`` reads a run, ``Case`` is one sample of it, and ``pool`` makes one run of several.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.causes import THRESHOLD
from tasnb.analysis.types import ExpressionTypes, IsA, is_a_by, types_of
from tasnb.core.brief import brief
from tasnb.core.embeddings import cosines
from tasnb.core.errors import UserError
from tasnb.core.masks import centroids_xy
from tasnb.core.types import (
    Direction,
    ImageArtifacts,
    NegativePhrase,
    Negatives,
    Parse,
    ScoreTable,
    Weights,
    WordNet,
    parse_from_json,
)
from tasnb.evaluation import metrics
from tasnb.evaluation.records import Measured
from tasnb.evaluation.reranking import EDGES, Ranking
from tasnb.evaluation.runs import has_stages, why_nothing
from tasnb.pipeline.variant import Variant
from tasnb.stages.spatial import RectifierRule
from tasnb.stages.spatial.scene import AXIS, BEFORE

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import TypeAdapter

METHOD = "tas"  # whose stages the stored scores are
_OF_A_CASE = ("chosen", "gold", "category", "target_area", "phrases")
_SAME_IN_A_POOL = ("variant", "weights", "proposals", "protocol")


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One sample with its n proposals; a row is a place in its arrays.

    Parameters
    ----------
    parse : Parse
        Of the expression.
    gold : mapping
        What the data set knows of the expression ("head", "directions"); {} where it knows nothing.
    category : str
        The kind of the target, "" where it is unknown.
    types : frozenset of str
        Names of the types of expression.
    is_a : callable
        (word, kind) -> whether the one names a kind of the other.
    phrases : tuple of NegativePhrase
        The k phrases of the overall caption.
    cosines : float array (n, k)
        Of each crop with each phrase.
    captions : sequence of str
        n.
    table : ScoreTable
        V, P, N, weights, and what the rectifier kept.
    rule : RectifierRule
        The rectifier.
    answer : int or None
        The row that was chosen.
    centres_xy : float array (n, 2)
        Centres of mass, pixels.
    areas, intersections : int array (n,)
        Pixels of each proposal, and those that it shares with the target.
    target_area : int
        Pixels.
    boxes_xyxy : int array (n, 4), or None
        Pixels, end exclusive.
    protocol : str
        That says which IoU is right.
    threshold : float
        From which IoU on.
    """

    parse: Parse
    gold: Mapping[str, Any] = field(default_factory=dict)
    category: str = ""
    types: frozenset[str]
    is_a: IsA
    phrases: tuple[NegativePhrase, ...]
    cosines: np.ndarray
    captions: Sequence[str] | np.ndarray
    table: ScoreTable
    rule: RectifierRule
    answer: int | None
    centres_xy: np.ndarray
    areas: np.ndarray
    intersections: np.ndarray
    target_area: int
    boxes_xyxy: np.ndarray | None = None
    protocol: str = "tas"
    threshold: float = THRESHOLD

    __repr__ = brief

    @cached_property
    def unions(self) -> np.ndarray:
        """Union of every proposal with the target, pixels."""
        return self.areas + self.target_area - self.intersections

    @cached_property
    def ious(self) -> np.ndarray:
        """IoU of every proposal with the target."""
        return metrics.iou(self.intersections, self.unions)

    @property
    def iou(self) -> float:
        """IoU of the answer, 0 without one."""
        return 0.0 if self.answer is None else float(self.ious[self.answer])

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each proposal would be a right answer, bool (n,)."""
        return metrics.is_right(self.ious, protocol=self.protocol, threshold=self.threshold)

    @cached_property
    def good(self) -> np.ndarray:
        """Rows of the proposals that would be a right answer."""
        return np.flatnonzero(self.right)

    @cached_property
    def best(self) -> int | None:
        """The good row with the largest IoU; None without one."""
        return int(self.good[np.argmax(self.ious[self.good])]) if len(self.good) else None

    @cached_property
    def heads(self) -> frozenset[str]:
        """The nouns that name the target: the parse's head and the kind that the data set tells."""
        head = self.parse.head.lemma.lower() if self.parse.head else ""
        return frozenset({head, self.category.lower()} - {""})

    @property
    def gold_head(self) -> str:
        """The head noun that people mean, lower case; "" where it is unknown."""
        return str(self.gold.get("head", "")).lower()

    def is_right(self, row: int | None) -> bool:
        """Whether the proposal of this row would be a right answer; None, no row, is not."""
        return row is not None and bool(self.right[row])

    def words(self, row: int) -> list[str]:
        """The words of a proposal's caption.

        Parameters
        ----------
        row : int
            Of the proposal.

        Returns
        -------
        list of str
            Lower case, in order.
        """
        return caption_words(self.captions[row])

    def towards(self, direction: Direction) -> np.ndarray:
        """How far each proposal lies in a direction.

        Parameters
        ----------
        direction : str
            "left", "right", "top" or "bottom".

        Returns
        -------
        float array (n,)
            Pixels, larger further that way.
        """
        return self.centres_xy[:, AXIS[direction]] * (-1 if direction in BEFORE else 1)


def caption_words(caption: str) -> list[str]:
    """The words of a caption, lower case, in order."""
    return caption.lower().replace(",", " ").split()


def case_of(
    artifacts: ImageArtifacts,
    table: ScoreTable,
    parse: Parse,
    mined: Negatives,
    target: np.ndarray,
    variant: Variant,
    *,
    gold: Mapping[str, Any] | None = None,
    wordnet: WordNet | None = None,
) -> Case:
    """Make a case of values at hand, without a run. table: rectified, its best is the answer. target: bool (h, w)."""
    measured, count = Measured(artifacts, target), len(table)
    crops = artifacts.crop_embeddings.get(variant.v_crop.style, np.zeros((count, 0)))
    return Case(
        parse=parse,
        gold=gold or {},
        types=frozenset(types_of(parse, wordnet).names),
        is_a=is_a_by(wordnet),
        phrases=mined.phrases,
        cosines=cosines(crops, artifacts.phrase_embeddings) if mined.phrases and count else np.zeros((count, 0)),
        captions=artifacts.captions.get(variant.p_crop.style, ("",) * count),
        table=table,
        rule=variant.rectifier,
        answer=table.best,
        centres_xy=centroids_xy(artifacts.proposals.masks).astype(np.float64),
        areas=measured.areas,
        intersections=measured.intersections,
        target_area=measured.target_area,
        boxes_xyxy=artifacts.proposals.boxes_xyxy,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """The samples of a run as one method answered them: all that needs no scores.

    Parameters
    ----------
    samples : DataFrame
        A row a sample, sorted.
    parses, types : tuple
        One a sample.
    is_a : callable
        (word, kind) -> whether the one names a kind of the other.
    protocol, threshold
        They say which answers failed.
    pixels : float array (samples,)
        Of each picture; NaN where that is not known.
    """

    samples: pd.DataFrame
    parses: tuple[Parse, ...]
    types: tuple[ExpressionTypes, ...]
    is_a: IsA
    protocol: str
    threshold: float
    pixels: np.ndarray

    __repr__ = brief

    @classmethod
    def of(cls, run: Any, *, method: str, threshold: float, protocol: str, wordnet: WordNet | None) -> Answered:
        """Read a run; ``attribute`` says what is refused."""
        if not 0 < threshold <= 1:
            raise UserError(f"threshold: expected an IoU above 0 and at most 1, got {threshold:g}")
        if method not in run.about["methods"]:
            raise UserError(f"this run has no method {method!r}; choose from {', '.join(run.about['methods'])}")
        predictions = run.predictions()
        samples = predictions[predictions["method"] == method].sort_values("sample", ignore_index=True)
        if not len(samples):
            raise UserError(why_nothing(run, method))
        parses = {text: parse_from_json(text) for text in samples["parse"].unique()}
        types = {text: types_of(parse, wordnet) for text, parse in parses.items()}
        return Answered(
            samples=samples,
            parses=tuple(parses[text] for text in samples["parse"]),
            types=tuple(types[text] for text in samples["parse"]),
            is_a=is_a_by(wordnet),
            protocol=protocol,
            threshold=threshold,
            pixels=samples["image_id"].map(_pixels_of(run)).to_numpy(np.float64),
        )

    @cached_property
    def counts(self) -> np.ndarray:
        """Intersection and union of every answer, pixels, (samples, 2)."""
        return self.samples[["intersection", "union"]].to_numpy(np.int64)

    @cached_property
    def ious(self) -> np.ndarray:
        """IoU of every answer under the protocol, (samples,)."""
        return metrics.iou(*self.counts.T, protocol=self.protocol)

    @cached_property
    def is_failure(self) -> np.ndarray:
        """Whether the answer is not right, bool (samples,)."""
        return ~metrics.is_right(self.ious, protocol=self.protocol, threshold=self.threshold)

    @cached_property
    def target_sizes(self) -> np.ndarray:
        """The target's share of the picture, (samples,); NaN where the picture's size is not known."""
        shares: np.ndarray = self.samples["target_area"].to_numpy(np.float64) / self.pixels
        return shares


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence(Answered):
    """The samples of a run as TAS answered them, and their proposals as flat arrays.

    Parameters
    ----------
    samples, parses, types, is_a, protocol, threshold, pixels
        As in ``Answered``.
    ranking : Ranking
        The proposals of all samples one after another; scores, captions, cosines and boxes have its rows.
    weights : Weights
        Of the run.
    """

    ranking: Ranking
    scores: pd.DataFrame
    captions: np.ndarray
    cosines: np.ndarray
    boxes_xyxy: np.ndarray
    weights: Weights

    @classmethod
    def of(cls, run: Any, *, method: str, threshold: float, protocol: str, wordnet: WordNet | None) -> Evidence:
        """Read a run; ``attribute`` says what is refused."""
        if method in run.about["methods"] and method != METHOD:
            raise UserError(f"stages are attributed for {METHOD!r}, whose scores a run keeps; got {method!r}")
        base = super().of(run, method=method, threshold=threshold, protocol=protocol, wordnet=wordnet)
        samples, proposals = base.samples, run.proposals()
        if samples["phrases"].isna().any() or (samples["proposals"].sum() and not len(proposals)):
            raise UserError(
                "this run was written by an older tasnb and lacks captions and phrases; evaluate again into another "
                "folder (the artifact store keeps that short)"
            )
        scores = run.scores()
        scores = scores[scores["sample"].isin(samples["sample"])].reset_index(drop=True)
        key = ["image_id", "proposal"]
        stored = proposals[[*key, *EDGES, "caption", "phrase_cosines"]]
        joined = scores[key].merge(stored, on=key, how="left")
        if joined["caption"].isna().any():
            raise UserError("proposals and scores do not fit; evaluate again into another folder")
        # a run is ranked through the rows of its one method
        answered = SimpleNamespace(about=run.about, predictions=lambda: samples, scores=lambda: scores)
        return cls(
            **vars(base),
            ranking=Ranking.of(answered),
            scores=scores,
            captions=joined["caption"].to_numpy(object),
            cosines=joined["phrase_cosines"].to_numpy(object),
            boxes_xyxy=joined[[*EDGES]].to_numpy(np.int64),
            weights=Weights(**run.about["weights"]),
        )

    @cached_property
    def kept(self) -> np.ndarray:
        """What the rectifier kept, bool (rows,)."""
        return self.scores["kept"].to_numpy(bool)

    @cached_property
    def spans(self) -> np.ndarray:
        """(first row, end) of every sample in the flat arrays, (samples, 2)."""
        sizes = self.samples["proposals"].to_numpy(np.int64)
        ends = np.cumsum(sizes)
        return np.stack([ends - sizes, ends], axis=1)

    def cases(self, which: np.ndarray) -> Iterator[Case]:
        """The samples at these places, bool (samples,), one by one."""
        r = self.ranking
        # plain lists and arrays: a look into a frame for every case costs more than the case
        columns = {name: self.samples[name].tolist() for name in _OF_A_CASE}
        for place in np.flatnonzero(which):
            row = {name: values[place] for name, values in columns.items()}
            rows = slice(*self.spans[place])
            chosen = np.flatnonzero(r.proposals[rows] == row["chosen"])
            nearness = [np.asarray(each, np.float64) for each in self.cosines[rows]]
            yield Case(
                parse=self.parses[place],
                gold=json.loads(row["gold"]) if row["gold"] else {},
                category=str(row["category"] or ""),
                types=frozenset(self.types[place].names),
                is_a=self.is_a,
                phrases=_phrases().validate_json(row["phrases"]),
                cosines=np.stack(nearness) if nearness else np.zeros((0, 0)),
                captions=self.captions[rows],
                table=ScoreTable(
                    v=r.v[rows],
                    p=r.p[rows],
                    n=r.n[rows],
                    kept=self.kept[rows],
                    weights=self.weights,
                    prior=None if r.prior is None else r.prior[rows],
                ),
                rule=r.rule,
                answer=int(chosen[0]) if len(chosen) else None,
                centres_xy=r.centres_xy[rows],
                areas=r.areas[rows],
                intersections=r.intersections[rows],
                boxes_xyxy=self.boxes_xyxy[rows],
                target_area=int(row["target_area"]),
                protocol=self.protocol,
                threshold=self.threshold,
            )


def _pixels_of(run: Any) -> dict[str, float]:
    """Pixels of the pictures in which the run stored a mask: a proposal, or an answer where there are no proposals."""
    stored = (run.proposals() if has_stages(run) else run.answers())[["image_id", "height", "width"]]
    rows = stored.drop_duplicates("image_id").itertuples(index=False)
    return {image_id: float(height) * float(width) for image_id, height, width in rows}


@cache  # building one takes longer than reading a hundred lists
def _phrases() -> TypeAdapter[tuple[NegativePhrase, ...]]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[NegativePhrase, ...])


def wordnet_of(run: Any) -> WordNet | None:
    """Find the WordNet that a run's preset names.

    Parameters
    ----------
    run : Run
        Its run.json tells the preset.

    Returns
    -------
    WordNet or None
        Read when first asked; None where its files are not here.
    """
    from tasnb.models.deferred import defer

    spec = run.about["models"].get("spec")
    if not spec:
        return None
    try:
        found: WordNet = defer(preset=str(spec["preset"])).wordnet
        found.synsets("person", "n")
    except (OSError, ValueError):
        return None
    return found


class Pool:
    """Runs of one method with the same weights, in the shape of a ``Run``: its samples are numbered on.

    Images of different data sets that share an id are told apart by the data set's name.

    Parameters
    ----------
    runs : sequence of Run
        The splits of a data set, or its styles.

    Raises
    ------
    ValueError
        For no run, or for runs whose figures must not be mixed.
    """

    def __init__(self, runs: Sequence[Any]) -> None:
        if not runs:
            raise UserError("expected at least one run, got none; see tasnb evaluate")
        first = runs[0].about
        for run in runs[1:]:
            for key in _SAME_IN_A_POOL:
                there, here = (Weights(**a[key]) if key == "weights" else a[key] for a in (first, run.about))
                if there != here:
                    raise UserError(
                        f"runs with different {key} cannot be pooled: {there} and {here}; analyse them one by one, or "
                        "use tasnb compare"
                    )
            if run.about["models"]["parts"] != first["models"]["parts"]:
                raise UserError("runs of different models cannot be pooled; analyse them one by one")
        data = [run.about["dataset"] for run in runs]
        names = [(each["name"], each["split"]) for each in data]
        if len(set(names)) < len(names):
            raise UserError(f"the same data comes twice: {', '.join(' '.join(name) for name in names)}")
        self.runs = tuple(runs)
        self.methods = tuple(m for m in runs[0].methods if all(m in run.methods for run in runs))
        joined = {key: " + ".join(dict.fromkeys(each[key] for each in data)) for key in ("name", "split")}
        counts = {key: sum(int(each[key]) for each in data) for key in ("samples", "images")}
        self.about = {**first, "methods": list(self.methods), "dataset": {**joined, **counts}}

    def predictions(self) -> pd.DataFrame:
        """Join the predictions.

        Returns
        -------
        DataFrame
            A row a sample and method.
        """
        return self._joined("predictions")

    def scores(self) -> pd.DataFrame:
        """Join the scores.

        Returns
        -------
        DataFrame
            A row a sample and proposal.
        """
        return self._joined("scores")

    def proposals(self) -> pd.DataFrame:
        """Join the proposals.

        Returns
        -------
        DataFrame
            A row an image and proposal.
        """
        return self._joined("proposals").drop_duplicates(["image_id", "proposal"], ignore_index=True)

    def answers(self) -> pd.DataFrame:
        """Join the masks that are none of the proposals.

        Returns
        -------
        DataFrame
            A row a sample and method that gave one.
        """
        return self._joined("answers")

    def errors(self) -> pd.DataFrame:
        """Join the errors.

        Returns
        -------
        DataFrame
            A row a sample that failed to be measured.
        """
        return self._joined("errors")

    def offsets(self) -> list[int]:
        """Tell what is added to the sample numbers of each run.

        Returns
        -------
        list of int
            One a run.
        """
        sizes = (int(run.about["dataset"]["samples"]) for run in self.runs)
        return list(accumulate(sizes, initial=0))[:-1]

    def _joined(self, table: str) -> pd.DataFrame:
        import pandas as pd

        several_sets = len({run.about["dataset"]["name"] for run in self.runs}) > 1
        frames = []
        for run, offset in zip(self.runs, self.offsets(), strict=True):
            frame = getattr(run, table)()
            if "sample" in frame:
                frame["sample"] += offset
            if several_sets and len(frame):
                frame["image_id"] = run.about["dataset"]["name"] + " " + frame["image_id"]
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


def pool(runs: Sequence[Any]) -> Any:
    """Make one run of several.

    Parameters
    ----------
    runs : sequence of Run
        The splits of a data set, or its styles.

    Returns
    -------
    Run or Pool
        One run as it is, several as a ``Pool``.

    Raises
    ------
    ValueError
        What ``Pool`` raises.
    """
    return runs[0] if len(runs) == 1 else Pool(runs)
