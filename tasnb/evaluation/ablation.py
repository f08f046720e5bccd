"""The paper's Table 4, what each module adds: V; +P; +P+N; +P+N+spatial.

``ablation`` reads it off a run's stored scores, without any model; ``ablate`` describes each image and scores each
expression once. Either way the four rows are re-weightings of the same scores, and where the weights are not the
paper's, the rows under the paper's stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.tables import counted, interval_text, text_table
from tasnb.core.types import ImageArtifacts, Models, Sample, ScoreTable, Weights, WordNet
from tasnb.evaluation import metrics, paper
from tasnb.evaluation.headings import answering_above
from tasnb.evaluation.records import Measured
from tasnb.evaluation.reranking import Ranking, sentence_protocol, with_negatives
from tasnb.evaluation.runs import RunLike, ScoredRun
from tasnb.models.deferred import defer
from tasnb.pipeline.describe import describe
from tasnb.pipeline.tas import mine, rectify, score, with_modules
from tasnb.pipeline.variant import PAPER, PLUS, Variant, find, weights_for
from tasnb.stages import expressions

if TYPE_CHECKING:
    import pandas as pd

# the paper's label of a row -> the modules that count
ROWS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "V": ("v",),
        "V+P": ("v", "p"),
        "V+P+N": ("v", "p", "n"),
        "V+P+N+spatial": ("v", "p", "n", "spatial"),
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """What the answer of each row of ``ROWS`` covers of every sample; no figure yet.

    Parameters
    ----------
    counts : ndarray of int, shape (n, rows, 2)
        Intersection and union, pixels.
    image_ids, sample_ids, splits : sequence of str
        n each. Images of several splits have names of their own.
    answered : ndarray of bool, shape (n,)
        Whether the sample's image has any proposal.
    protocol : str
        Under which they are summed up.
    """

    counts: np.ndarray
    image_ids: Sequence[str]
    sample_ids: Sequence[str]
    splits: Sequence[str]
    answered: np.ndarray
    protocol: str

    __repr__ = brief

    @classmethod
    def of(
        cls,
        runs: ScoredRun | Sequence[ScoredRun],
        *,
        variant: str | Variant | None = None,
        protocol: str | None = None,
        weights: Weights | None = None,
    ) -> Counted:
        """Read it off a run, or off runs of several splits; the arguments are those of ``ablation``."""
        parts = []
        for run in runs if isinstance(runs, Sequence) else [runs]:
            ranking, own = Ranking.of(run, variant=variant), weights or Weights(**run.about["weights"])
            parts.append(cls.ranked(ranking, run, own, protocol=protocol))
        return cls.together(parts)

    @classmethod
    def ranked(cls, ranking: Ranking, run: ScoredRun, weights: Weights, *, protocol: str | None = None) -> Counted:
        """What the rows of ``ROWS`` give under a ranking of a run."""
        counts = [ranking.counts(with_modules(weights, used), rectified="spatial" in used) for used in ROWS.values()]
        return cls._counted(counts, ranking, run, protocol)

    @classmethod
    def _counted(cls, counts: Sequence[Any], ranking: Ranking, run: ScoredRun, protocol: str | None) -> Counted:
        return cls(
            counts=np.asarray(counts).transpose(2, 0, 1),
            image_ids=ranking.image_ids.tolist(),
            sample_ids=run.predictions().drop_duplicates("sample")["sample_id"].tolist(),
            splits=[str(run.about["dataset"]["split"])] * len(ranking.samples),
            answered=ranking.answered,
            protocol=sentence_protocol(protocol or str(run.about["protocol"])),
        )

    @classmethod
    def together(cls, parts: Sequence[Counted]) -> Counted:
        """Several of them as one. Raises ValueError for none, and for different protocols."""
        if len({part.protocol for part in parts}) != 1:
            raise UserError(f"expected runs of one protocol, got {sorted({p.protocol for p in parts}) or 'no run'}")
        if len(parts) == 1:
            return parts[0]
        return cls(
            counts=np.concatenate([part.counts for part in parts]),
            image_ids=[f"{split} {i}" for part in parts for split, i in zip(part.splits, part.image_ids, strict=True)],
            sample_ids=[name for part in parts for name in part.sample_ids],
            splits=[split for part in parts for split in part.splits],
            answered=np.concatenate([part.answered for part in parts]),
            protocol=parts[0].protocol,
        )

    def only(self, which: np.ndarray) -> Counted:
        """Those samples for which ``which``, bool (n,), is true."""
        places = np.flatnonzero(which)
        texts: dict[str, Any] = {
            name: [getattr(self, name)[i] for i in places] for name in ("image_ids", "sample_ids", "splits")
        }
        return replace(self, counts=self.counts[places], answered=self.answered[places], **texts)

    def gain(self, row: int, before: int) -> metrics.Estimate:
        """mIoU of a row minus that of another one, in points, paired."""
        how: dict[str, Any] = {"protocol": self.protocol, "answered": self.answered}
        return metrics.paired_difference(self.counts[:, row], self.counts[:, before], self.image_ids, **how)


def ablation(
    run: ScoredRun | Sequence[ScoredRun],
    *,
    variant: str | Variant | None = None,
    protocol: str | None = None,
    weights: Weights | None = None,
) -> pd.DataFrame:
    """The paper's Table 4 from stored scores.

    Parameters
    ----------
    run : Run or sequence of Run
        Only its about, predictions() and scores() are read. Of several, all samples count together: val, testA and
        testB of one data set, say.
    variant : str or Variant, optional
        Whose rectifier; the run's by default.
    protocol : str, optional
        The run's by default.
    weights : Weights, optional
        The run's by default.

    Returns
    -------
    DataFrame
        A row a module set: modules, n, and in per cent miou, oiou, pr50, each with _low and _high; miou_gain and
        oiou_gain over the row above, in points, with their paired intervals (NaN in the first row); paper_miou,
        paper_oiou.

    Raises
    ------
    ValueError
        For the protocol "car", which merges masks, and for damaged tables.
    """
    found = Counted.of(run, variant=variant, protocol=protocol, weights=weights)
    return _table(found.counts, found.image_ids, found.answered, found.protocol)


def plus_ablation(
    run: RunLike | Sequence[RunLike],
    wordnet: WordNet | None = None,
    *,
    protocol: str | None = None,
    weights: Weights | None = None,
) -> pd.DataFrame:
    """What each part of ``plus`` adds to ``paper``, from the scores, parses and boxes that a run stored.

    Parameters
    ----------
    run : Run or sequence of Run
        Of ``paper`` or ``plus``; of several, all samples count together.
    wordnet : WordNet, optional
        For the negatives by kind; the preset's of the first run by default.
    protocol : str, optional
        The run's by default.
    weights : Weights, optional
        The run's by default.

    Returns
    -------
    DataFrame
        As ``ablation`` gives it, a row a part: the paper's half; in its place the prior of directions; the other words
        that the prior reads, kind by kind; negatives by kind, which makes it ``plus``. total, total_low and total_high
        are the gain in mIoU over the first row.

    Raises
    ------
    ValueError
        As ``ablation``.

    Notes
    -----
    Parses are those of the run. Other things of relations are located by the crops' stored cosines with the phrases of
    the overall caption, as ``pipeline.tas.located`` does.
    """
    runs = list(run) if isinstance(run, Sequence) else [run]
    soft = PLUS.rectifier
    rules = {"paper": PAPER.rectifier, "prior: direction": replace(soft, reads=soft.reads[:1])}
    rules |= {f"+ {kind}": replace(soft, reads=soft.reads[: k + 1]) for k, kind in enumerate(soft.reads) if k}
    parts = []
    for each in runs:
        own = weights or Weights(**each.about["weights"])
        wordnet = wordnet or defer(preset=str(each.about["models"]["spec"]["preset"])).wordnet
        variants = [replace(PAPER, name=f"{name}, of {each.about['variant']}", rectifier=rules[name]) for name in rules]
        rankings = [Ranking.of(each, variant=chosen) for chosen in variants]
        n = with_negatives(rankings[0], each, PAPER, wordnet).n  # the same under every rectifier
        counts = [replace(ranking, n=n).counts(own) for ranking in rankings]
        counts.append(with_negatives(rankings[-1], each, PLUS, wordnet).counts(own))
        parts.append(Counted._counted(counts, rankings[-1], each, protocol))
    found = Counted.together(parts)
    names = (*rules, "+ negatives by kind: plus")
    table = _table(found.counts, found.image_ids, found.answered, found.protocol, *names)
    for column, value in zip(("total", "total_low", "total_high"), ("value", "low", "high"), strict=True):
        table[column] = [np.nan, *(getattr(found.gain(row, 0), value) for row in range(1, len(names)))]
    return table


def beside_paper(run: ScoredRun, *, variant: str | Variant | None = None, protocol: str | None = None) -> pd.DataFrame:
    """TAS with the paper's weights and with those of a run that has others, from the same stored scores.

    Parameters
    ----------
    run : Run
        Only its about, predictions() and scores() are read.
    variant, protocol
        As for ``ablation``.

    Returns
    -------
    DataFrame
        The paper's row, then the run's: weights (in words), and ``ablation``'s figures and gains; no row for a run that
        has the paper's weights, no answers of TAS, an answer threshold, or a protocol that merges masks.
    """
    import pandas as pd

    own, papers = Weights(**run.about["weights"]), weights_for(data=str(run.about["dataset"]["name"]))
    protocol = protocol or str(run.about["protocol"])
    unranked = "tas" not in run.about["methods"] or metrics.find(protocol).unit != "sentence"
    unranked = unranked or answering_above(run.about) is not None
    if own == papers or unranked or not len(run.predictions()):
        return pd.DataFrame()
    ranking = Ranking.of(run, variant=variant)
    counts = np.asarray([ranking.counts(weights) for weights in (papers, own)]).transpose(2, 0, 1)
    names = (f"the paper's {papers}", f"the run's {own}")
    found = _table(counts, ranking.image_ids, ranking.answered, protocol, *names)
    return found.rename(columns={"modules": "weights"})


def beside_text(beside: pd.DataFrame) -> str:
    """What ``beside_paper`` gave, in a sentence.

    Parameters
    ----------
    beside : DataFrame
        Of two rows.

    Returns
    -------
    str
        Both figures and their paired difference.
    """
    papers, own = beside.to_dict("records")
    gain = f"{own['miou_gain']:+.2f} {interval_text(own['miou_gain_low'], own['miou_gain_high'], signed=True)}, paired"
    both = (f"{row['miou']:.2f} with {row['weights']}" for row in (own, papers))
    return f"mIoU of TAS {', '.join(both)}: {gain}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Ablation:
    """Table 4 measured on samples.

    Parameters
    ----------
    frame : DataFrame
        As ``ablation`` gives it.
    n, images : int
        Sentences, and the images that they are about.
    oracle_miou : float
        Of the best proposal of each sample, per cent.
    chance_miou : float
        Of a proposal drawn at random, in expectation, per cent.
    protocol, data, models : str
        What was measured, and how.
    used, papers : Weights
        Those of ``frame``, and those that the paper chose for such data.
    beside : DataFrame, optional
        As ``frame``, with the paper's weights; None where they are the same.
    """

    frame: pd.DataFrame
    n: int
    images: int
    oracle_miou: float
    chance_miou: float
    protocol: str
    data: str
    models: str
    used: Weights
    papers: Weights
    beside: pd.DataFrame | None = None

    __repr__ = brief

    @property
    def rows(self) -> tuple[dict[str, Any], ...]:
        """A JSON-ready record a module set: modules, miou, oiou, pr50, the paper's, and the gain in mIoU."""
        ends = ("", "_low", "_high")
        names = [f"{metric}{end}" for metric in ("miou", "oiou") for end in ends]
        names += ["pr50", "paper_miou", "paper_oiou", *(f"gain{end}" for end in ends)]
        frame = self.frame.rename(columns={f"miou_gain{end}": f"gain{end}" for end in ends})[["modules", *names]]
        return tuple({key: value for key, value in row.items() if value == value} for row in frame.to_dict("records"))

    @property
    def text(self) -> str:
        """For a terminal, the paper's Table 4 beside it."""
        lines = [
            f"module ablation: {self.data}, {counted(self.images, 'scene')}, "
            f"{counted(self.n, 'expression')}, {self.models} models,"
            f" {self.used}, protocol {self.protocol}, 95 % intervals",
            as_text(self.frame),
            *beside_lines(self.beside, self.papers),
            f"oracle (best proposal) {self.oracle_miou:.2f} mIoU; a random proposal {self.chance_miou:.2f}.",
            "paper: Table 4, RefCOCO val, SAM ViT-H, CLIP ViT-B/32, BLIP-2. Other data and other models: compare the"
            " steps, not the levels.",
        ]
        for row in self.frame.to_dict("records"):
            step, low, high = f"the step to {row['modules']}", row["miou_gain_low"], row["miou_gain_high"]
            if low <= 0 <= high:
                lines.append(f"note: the interval of {step} includes 0, so it is not shown to help here.")
            elif high < 0:
                lines.append(f"note: {step} makes it worse here.")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text


def ablate(
    samples: Iterable[Sample],
    models: Models,
    *,
    variant: str | Variant = PAPER,
    artifacts: Mapping[str, ImageArtifacts] | None = None,
    protocol: str = "tas",
    tick: Callable[[str], None] = lambda _: None,
) -> Ablation:
    """Run the four rows of Table 4 on samples.

    Parameters
    ----------
    samples : iterable of Sample
        Those of one image should follow each other, so that it is described once.
    models : Models
        Loaded.
    variant : str or Variant
        Of TAS; alpha and lambda are those of ``weights_for``.
    artifacts : mapping of str to ImageArtifacts, optional
        Image id -> what ``describe`` gave, where at hand.
    protocol : str
        Of ``metrics.PROTOCOLS``.
    tick : callable
        Called with each image id when it is described.

    Returns
    -------
    Ablation
        Its ``frame``, ``rows`` and ``text``.

    Raises
    ------
    ValueError
        For a sample without a target, or for no samples.
    """
    chosen, known, data = find(variant, models), dict(artifacts or {}), ""
    counts, best, chance = [], [], []
    image_ids: list[str] = []
    answered: list[bool] = []
    for sample in samples:
        if sample.target is None:
            raise UserError(f"sample {sample.sample_id} has no target mask; an ablation needs one")
        if sample.image_id not in known:
            # one image at a time: a full split's masks would not fit in memory
            known = {
                sample.image_id: describe(sample.image, models, variant=chosen, image_id=sample.image_id, max_side=None)
            }
            tick(sample.image_id)
        here, data = known[sample.image_id], f"{sample.dataset} {sample.split}"
        own, papers = weights_for(chosen, models, sample.dataset), weights_for(data=sample.dataset)
        measured = Measured(here, sample.target)
        ranked = tables(here, sample.expression, models, own, papers, variant=chosen)
        counts.append([measured.of(table.best) for table in ranked])
        best.append(measured.ious.max(initial=0.0))
        chance.append(measured.ious.mean() if len(measured.ious) else 0.0)
        image_ids.append(sample.image_id)
        answered.append(len(measured.ious) > 0)
    if not counts:
        raise UserError("expected at least one sample, got none; check the data set and the split")
    counted, how = np.asarray(counts), (image_ids, np.asarray(answered), protocol)
    return Ablation(
        frame=_table(counted[:, : len(ROWS)], *how),
        beside=None if own == papers else _table(counted[:, len(ROWS) :], *how),
        used=own,
        papers=papers,
        n=len(counts),
        images=len(set(image_ids)),
        oracle_miou=100 * float(np.mean(best)),
        chance_miou=100 * float(np.mean(chance)),
        protocol=protocol,
        data=data,
        models=models.name,
    )


def tables(
    artifacts: ImageArtifacts, expression: str, models: Models, *weights: Weights, variant: str | Variant = PAPER
) -> list[ScoreTable]:
    """What each row of ``ROWS`` ranks, from one scoring of the expression.

    Parameters
    ----------
    artifacts : ImageArtifacts
        Of the image.
    expression : str
        What is referred to.
    models : Models
        Loaded.
    *weights : Weights
        To rank with, one after the other; without any, those of ``weights_for``.
    variant : str or Variant
        Of TAS.

    Returns
    -------
    list of ScoreTable
        One a row, for each of the weights.
    """
    chosen = find(variant, models)
    parse = expressions.parse(expression, models.parser, rule=chosen.parse, wordnet=models.wordnet)
    full = score(artifacts, expression, mine(artifacts, parse, models, variant=chosen), models, variant=chosen)
    found = []
    for each, modules in product(weights or [full.weights], ROWS.values()):
        table = replace(full, weights=with_modules(each, modules))
        found.append(rectify(table, parse, artifacts, variant=chosen) if "spatial" in modules else table)
    return found


def as_text(table: pd.DataFrame) -> str:
    """Table 4 for a terminal.

    Parameters
    ----------
    table : DataFrame
        What ``ablation`` gave.

    Returns
    -------
    str
        A line a row, the paper's figures last.
    """
    rows = []
    if not table["n"].any():
        return "no sample to rank: none was answered, or its protocol leaves all of them out"
    for row in table.to_dict("records"):
        first = row["miou_gain"] != row["miou_gain"]  # NaN
        gain = "" if first else f"{row['miou_gain']:+.2f}"
        step = "" if first else interval_text(row["miou_gain_low"], row["miou_gain_high"], signed=True)
        interval = interval_text(row["miou_low"], row["miou_high"])
        published = (row["paper_miou"], row["paper_oiou"])
        rows.append([row["modules"], row["miou"], interval, gain, step, row["oiou"], row["pr50"], *published])
    headers = ["modules", "mIoU", "interval", "gain", "interval", "oIoU", "Pr@0.5", "paper mIoU", "paper oIoU"]
    return text_table(headers, rows)


def beside_lines(table: pd.DataFrame | None, weights: Weights) -> list[str]:
    """The lines below Table 4 that show it with the paper's weights.

    Parameters
    ----------
    table : DataFrame or None
        What ``ablation`` gave with them; None: nothing is shown.
    weights : Weights
        The paper's.

    Returns
    -------
    list of str
        A heading and the table, or no line.
    """
    return [] if table is None else [f"the same with the paper's weights, {weights}:", as_text(table)]


def _table(
    counts: np.ndarray, image_ids: Sequence[str] | np.ndarray, answered: np.ndarray, protocol: str, *names: str
) -> pd.DataFrame:
    """Table 4, or one with rows of these names, from the (intersection, union) of every sample under every row.

    counts: int (samples, rows, 2).
    """
    import pandas as pd

    common: dict[str, Any] = {"image_ids": image_ids, "protocol": protocol, "answered": answered}
    nothing = metrics.Estimate(value=np.nan, low=np.nan, high=np.nan)
    printed, rows = paper.wide(4)["RefCOCO"], []
    for number, name in enumerate(names or ROWS):
        here = counts[:, number]
        found = metrics.summarise(here[:, 0], here[:, 1], thresholds=(0.5,), **common)
        row = {"modules": name, "n": found.n, **found.miou.columns("miou"), **found.oiou.columns("oiou")}
        row |= found.precision.get(0.5, nothing).columns("pr50")
        for metric in ("miou", "oiou"):
            before = counts[:, number - 1]
            gain = metrics.paired_difference(here, before, metric=metric, **common) if number else nothing
            row |= gain.columns(f"{metric}_gain")
        published = ("mIoU", "oIoU") if name in ROWS else ()
        rows.append(row | {f"paper_{metric.lower()}": printed.at[name, metric] for metric in published})
    return pd.DataFrame(rows)
