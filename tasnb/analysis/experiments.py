"""When does a module help: five experiments, each with a cause of it switched on and off.

The worth of a module is its step in the paper's Table 4: mIoU with it minus mIoU without it, on the same samples. An
experiment measures the steps in several settings and says which intervals leave 0 out.

found = tn.analysis.experiments.captions([samples], models, memo=tn.Store().memo)
tn.viewers.experiment_view(found)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasnb.analysis.evidence import wordnet_of
from tasnb.analysis.truth import Alteration, Truth, unchanged
from tasnb.core.brief import brief
from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.shipped import finished
from tasnb.core.tables import interval_text, text_table
from tasnb.core.types import Memo, Models, Weights, WordNet
from tasnb.core.writing import write_text
from tasnb.datasets import Samples
from tasnb.evaluation.ablation import Counted, tables
from tasnb.evaluation.metrics import Estimate, Resamples, iou
from tasnb.evaluation.records import Measured
from tasnb.evaluation.reranking import Ranking, with_negatives
from tasnb.evaluation.runs import RunLike, ScoredRun
from tasnb.pipeline.describe import compute_always, describe
from tasnb.pipeline.variant import PAPER, PLUS, Variant, find, weights_for
from tasnb.stages.spatial import RectifierRule

if TYPE_CHECKING:
    import pandas as pd

# a step -> the rows of the paper's Table 4 between which it lies
STEPS: Mapping[str, tuple[int, int]] = {"P": (1, 0), "N": (2, 1), "rectifier": (3, 2), "TAS": (3, 0)}
EVERY = "all"  # the split that is all samples together
STRENGTHS = (0.0, 1.0, 2.0, 6.0, 12.0)  # of the prior, beside the one of ``plus``
WRONG = (0.0, 0.25, 0.5, 0.75, 1.0)
AS_TOLD = "the captioner's"


class Step(BaseModel):
    """The worth of a module in one setting, on one split.

    Parameters
    ----------
    split, setting, step : str
        Where it was measured; the step is one of ``STEPS``.
    before, after : float
        mIoU without the module and with it, per cent.
    gain, low, high : float
        Points of mIoU, and their 95 % interval.
    n, images : int
        Samples, and the images that they are about.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    split: str
    setting: str
    step: str
    before: float
    after: float
    gain: float
    low: float
    high: float
    n: int
    images: int

    @property
    def verdict(self) -> str:
        """What the interval shows."""
        return "helps" if self.low > 0 else "hurts" if self.high < 0 else "is not shown to help"

    @property
    def text(self) -> str:
        """The gain and its interval."""
        return f"{self.gain:+.2f} {interval_text(self.low, self.high, signed=True)}"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What an experiment gave.

    Parameters
    ----------
    name, question : str
        What was asked.
    steps : tuple of Step
        A value a split, setting and step (of ``STEPS``), in their order; the split "all" comes first.
    """

    name: str
    question: str
    steps: tuple[Step, ...]

    __repr__ = brief

    @property
    def settings(self) -> tuple[str, ...]:
        """In the order in which they were measured."""
        return tuple(dict.fromkeys(step.setting for step in self.steps))

    @property
    def frame(self) -> pd.DataFrame:
        """A row a step, with the fields of ``Step`` as columns."""
        import pandas as pd

        return pd.DataFrame([step.model_dump() for step in self.steps])

    def sentence(self, setting: str) -> str:
        """What came out in a setting, on all samples.

        Parameters
        ----------
        setting : str
            Of ``settings``.

        Returns
        -------
        str
            As the intervals have it.

        Raises
        ------
        ValueError
            For another setting, listing the choices.
        """
        require_known("setting", setting, self.settings)
        here = [step for step in self.steps if (step.split, step.setting) == (EVERY, setting)]
        return f"{setting}, {here[0].n} samples: " + "; ".join(f"{s.step} {s.verdict}: {s.text}" for s in here)

    @property
    def text(self) -> str:
        """For a terminal."""
        rows = [[s.split, s.setting, s.step, s.text, s.n] for s in self.steps]
        return f"{self.question}\n{text_table(['split', 'setting', 'step', 'gain and interval', 'n'], rows)}"

    def __str__(self) -> str:
        return self.text

    def save(self, path: Path | str) -> None:
        """Write it as JSON, whole or not at all.

        Parameters
        ----------
        path : path
            Of the file; its folder is made when it is missing.
        """
        write_text(Path(path), _Stored.model_validate(asdict(self)).model_dump_json(indent=1) + "\n")

    @classmethod
    def read(cls, path: Path | str) -> Experiment:
        """Read what ``save`` wrote.

        Parameters
        ----------
        path : path
            A JSON file.

        Returns
        -------
        Experiment
            As it was.

        Raises
        ------
        FileNotFoundError, ValueError
            For a missing file, and for one that holds no experiment.
        """
        try:
            found = _Stored.model_validate_json(Path(path).read_bytes())
        except ValidationError as problem:
            first = problem.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise UserError(f"{path} holds no experiment ({where}: {first['msg']}); measure it again") from problem
        return cls(name=found.name, question=found.question, steps=tuple(found.steps))

    @classmethod
    def shipped(cls, name: str) -> Experiment:
        """Read one that ships with the library, measured on the three splits of reftoy.

        Parameters
        ----------
        name : str
            "gap", "captions", "negatives", "distractors" or "prior".

        Returns
        -------
        Experiment
            As ``data/toyworld/runs.py`` measured it.

        Raises
        ------
        ValueError
            For one that is not there; the message lists those that are.
        """
        return cls.read(finished(f"experiments/{name}"))


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    question: str
    steps: list[Step] = Field(min_length=1)


def gap(runs: Mapping[str, ScoredRun | Sequence[ScoredRun]], **options: Any) -> Experiment:
    """Is the worth of P the gap between what CLIP has learned from and the cut-outs that it is shown?

    Parameters
    ----------
    runs : mapping of str to Run or sequence of Run
        The name of each encoder -> its runs, of the same samples.
    **options : Any
        As ``evaluation.ablation.ablation`` takes them: variant, protocol, weights.

    Returns
    -------
    Experiment
        A setting each, and one for the second's steps less the first's, paired.

    Raises
    ------
    ValueError
        For runs of different samples.
    """
    counted = {name: Counted.of(each, **options) for name, each in runs.items()}
    found = _steps(counted)
    (one, first), *others = counted.items()
    for other, second in others:
        if list(first.sample_ids) != list(second.sample_ids):
            raise UserError(f"{one} and {other}: expected runs of the same samples; evaluate both on the same splits")
        found += _differences(f"{one} minus {other}", first, second)
    question = "What is a module worth to an encoder that has never seen a cut-out, and to one that has?"
    return Experiment(name="gap", question=question, steps=tuple(found))


def captions(
    samples: Sequence[Samples],
    models: Models,
    *,
    wrong: Sequence[float] = WRONG,
    variant: str | Variant = PAPER,
    memo: Memo = compute_always,
    seed: int = 0,
) -> Experiment:
    """What are P and N worth with the captioner's captions, with true ones, and with a share of wrong ones?

    Parameters
    ----------
    samples : sequence of Samples
        Splits of a data set that tells what a person would say of its pictures and things (RefToy does).
    models : Models
        Loaded.
    wrong : sequence of float
        Shares, 0..1.
    variant : str or Variant
        Of TAS.
    memo : callable
        Who may know a stage already, as ``describe`` asks it.
    seed : int
        Decides which captions are wrong, and by what they are replaced.

    Returns
    -------
    Experiment
        A setting for the captioner's, and one a share.

    Raises
    ------
    ValueError
        For a data set without such captions, a share out of range, or wrong captions of a single picture.

    Notes
    -----
    A proposal that is a thing's (IoU 0.5 or more) gets the thing's caption, any other keeps the captioner's. A wrong
    caption is the true one of another picture, or of a thing in another picture (by chance it may fit here too); what
    is wrong at a share is wrong at every larger one.
    """
    if not all(0 <= share <= 1 for share in wrong):
        raise UserError(f"wrong: expected shares from 0 to 1, got {list(wrong)}")

    def settings(truth: Truth) -> dict[str, Alteration]:
        told = {"true" if not share else f"{100 * share:g} % wrong": truth.told(share, seed) for share in wrong}
        return {AS_TOLD: unchanged, **told}

    counted = _measured(samples, models, settings, find(variant, models), memo)
    question = "What is a module worth, the truer the captions?"
    return Experiment(name="captions", question=question, steps=tuple(_steps(counted)))


def distractors(samples: Sequence[Samples], runs: Sequence[ScoredRun], **options: Any) -> Experiment:
    """What are the modules worth by the number of other things in the picture, of the same kind and of other kinds?

    Parameters
    ----------
    samples : sequence of Samples
        What the runs are about.
    runs : sequence of Run
        Finished.
    **options : Any
        As ``evaluation.ablation.ablation`` takes them: variant, protocol, weights.

    Returns
    -------
    Experiment
        A setting for each number of distractors of the target's kind, and for each of other kinds.

    Raises
    ------
    ValueError
        For samples that are not a run's, and for annotations that do not tell the kinds of things.
    """
    counted, numbers = Counted.of(runs, **options), []
    places = {name: (split, place) for split in samples for place, name in enumerate(split.sample_ids)}
    for name in counted.sample_ids:
        if name not in places:
            raise UserError(f"{name} of the runs is not among the samples; expected what the runs are about")
        split, place = places[name]
        beside = split.beside(place)
        if beside is None:
            raise UserError(f"{split!r} does not tell the kinds of its things; expected a REFER data set")
        numbers.append(beside)
    beside_of = np.array(numbers).T
    groups = {}
    for of, values in zip(("the same kind", "other kinds"), beside_of, strict=True):
        for low, high in ((0, 0), (1, 1), (2, 3), (4, 99)):
            here = (values >= low) & (values <= high)
            if here.any():
                name = f"{low}" if low == high else f"{low} or more" if high == 99 else f"{low} or {high}"
                groups[f"{name} of {of}"] = counted.only(here)
    question = "What is a module worth, the more other things there are?"
    return Experiment(name="distractors", question=question, steps=tuple(_steps(groups)))


def negative_phrases(
    samples: Sequence[Samples], models: Models, *, variant: str | Variant = PAPER, memo: Memo = compute_always
) -> Experiment:
    """What is N worth with other negatives: as mined, without those about the target, with all true distractors?

    Parameters
    ----------
    samples : sequence of Samples
        Splits of a data set that tells what a person would say of its pictures and things (RefToy does).
    models : Models
        Loaded.
    variant : str or Variant
        Of TAS.
    memo : callable
        Who may know a stage already, as ``describe`` asks it.

    Returns
    -------
    Experiment
        As mined and without the target's phrases, from the captioner's overall caption and from the true one; then
        with what a person would say of each other thing of the picture.

    Raises
    ------
    ValueError
        For a data set without such captions.

    Notes
    -----
    A phrase is about the target when its noun, or a synonym of it by the variant's rule, is in what a person would say
    of the target: its other names ("guy" for "man") and what it wears.
    """

    def settings(truth: Truth) -> dict[str, Alteration]:
        return {
            "as mined": unchanged,
            "without the target's": truth.without_target,
            "true caption, as mined": truth.overall,
            "true caption, without the target's": lambda s, here: truth.without_target(s, truth.overall(s, here)),
            "all true distractors": truth.distractors,
        }

    counted = _measured(samples, models, settings, find(variant, models), memo)
    question = "What is N worth, the more its phrases are about the other things and about nothing else?"
    return Experiment(name="negatives", question=question, steps=tuple(_steps(counted)))


def prior(
    runs: Sequence[RunLike], *, strengths: Sequence[float] = STRENGTHS, wordnet: WordNet | None = None
) -> Experiment:
    """What is a place worth as a hard half, and as a soft prior of which strength? What does each part of plus add?

    Parameters
    ----------
    runs : sequence of Run
        Finished, of ``paper`` or ``plus``: their parses, boxes, scores and crops are read, and no model.
    strengths : sequence of float
        Of the prior, as ``RectifierRule`` has it; that of ``plus`` is always among them.
    wordnet : WordNet, optional
        For the negatives by kind; the preset's of the first run by default.

    Returns
    -------
    Experiment
        A setting for the hard half, one a strength, one in which the prior reads directions alone, one for ``plus``
        (negatives by kind too), and what each of these adds, paired. The step "rectifier" is that of the half or prior.

    Raises
    ------
    ValueError
        For no run, and for one whose WordNet is not known.
    """
    soft = PLUS.rectifier
    chosen, alone = f"strength {soft.strength:g}", "directions alone"
    counted: dict[str, list[Counted]] = {}
    for run in runs:
        wordnet = wordnet or wordnet_of(run)
        if wordnet is None:
            raise UserError("negatives by kind ask WordNet, and the run tells no preset that has one: pass wordnet=...")
        rules = {
            "hard half": PAPER.rectifier,
            alone: replace(soft, reads=soft.reads[:1]),
            "": replace(soft, strength=1.0),
        }
        ranked = {
            name: with_negatives(Ranking.of(run, variant=_anew(rule)), run, PAPER, wordnet)
            for name, rule in rules.items()
        }
        one = ranked.pop("")
        assert one.prior is not None
        for strength in sorted({*strengths, soft.strength}):  # a prior is its strength times that of strength 1
            ranked[f"strength {strength:g}"] = replace(one, prior=strength * one.prior)
        ranked[alone] = ranked.pop(alone)
        ranked["plus"] = with_negatives(ranked[chosen], run, PLUS, wordnet)
        for name, ranking in ranked.items():
            counted.setdefault(name, []).append(Counted.ranked(ranking, run, Weights(**run.about["weights"])))
    parts = {name: Counted.together(each) for name, each in counted.items()}
    if not parts:
        raise UserError("expected at least one finished run")
    found = _steps(parts)
    for more, less in ((chosen, "hard half"), (chosen, alone), ("plus", chosen), ("plus", "hard half")):
        found += _differences(f"{more} minus {less}", parts[more], parts[less])
    question = "What is a place worth as a hard half, and as a soft prior, the stronger it is?"
    return Experiment(name="prior", question=question, steps=tuple(found))


def _anew(rule: RectifierRule) -> Variant:
    """The paper's with another rectifier, under a name that no run has, so that nothing of its own is taken for it."""
    return replace(PAPER, name=f"paper with rectifier {rule.name}", rectifier=rule)


def _measured(
    splits: Sequence[Samples],
    models: Models,
    settings: Callable[[Truth], Mapping[str, Alteration]],
    variant: Variant,
    memo: Memo,
) -> dict[str, Counted]:
    """Table 4's rows of every sample, in each setting; an image is described once."""
    found: dict[str, list[Counted]] = {}
    for samples in splits:
        here, altered = None, settings(Truth(samples, models, variant, memo))
        counts: dict[str, list[Any]] = {name: [] for name in altered}
        answered, weights = [], weights_for(variant, models, samples.name)
        for sample in samples:
            if here is None or here.image_id != sample.image_id:
                here = describe(
                    sample.image, models, variant=variant, image_id=sample.image_id, max_side=None, memo=memo
                )
            assert sample.target is not None  # ``Truth`` takes no data set without masks
            measured = Measured(here, sample.target)
            answered.append(len(here.proposals) > 0)
            for name, alter in altered.items():
                ranked = tables(alter(sample, here), sample.expression, models, weights, variant=variant)
                counts[name].append([measured.of(table.best) for table in ranked])
        how: dict[str, Any] = {"image_ids": samples.image_ids, "sample_ids": samples.sample_ids, "protocol": "tas"}
        how |= {"splits": [samples.split] * len(samples), "answered": np.array(answered, dtype=bool)}
        for name, rows in counts.items():
            found.setdefault(name, []).append(Counted(counts=np.asarray(rows), **how))
    return {name: Counted.together(parts) for name, parts in found.items()}


def _steps(settings: Mapping[str, Counted]) -> list[Step]:
    """Of every setting: on all samples, then on each split where there are several."""
    return [
        _step(part, split, setting, name, part.gain(row, before), row, before)
        for setting, counted in settings.items()
        for split, part in _by_split(counted)
        for name, (row, before) in STEPS.items()
    ]


def _differences(setting: str, one: Counted, other: Counted) -> list[Step]:
    """The steps of one less those of the other, sample by sample; before and after are the other's gain and one's."""
    found = []
    for (split, first), (_, second) in zip(_by_split(one), _by_split(other), strict=True):
        drawn, mine, theirs = Resamples(first.image_ids), _ious(first), _ious(second)
        for name, (row, before) in STEPS.items():
            gains = mine[:, row] - mine[:, before], theirs[:, row] - theirs[:, before]
            estimate = drawn.ratio(gains[0] - gains[1], np.ones(len(mine)))
            here = _step(first, split, setting, name, estimate, row, before)
            levels = {"before": 100 * float(gains[1].mean()), "after": 100 * float(gains[0].mean())}
            found.append(here.model_copy(update=levels))
    return found


def _by_split(counted: Counted) -> list[tuple[str, Counted]]:
    names = list(dict.fromkeys(counted.splits))
    parts = [(name, counted.only(np.array(counted.splits) == name)) for name in names] if len(names) > 1 else []
    return [(EVERY, counted), *parts]


def _ious(counted: Counted) -> np.ndarray:
    """Of every sample under every row, (n, rows), 0..1."""
    return np.stack([iou(*row.T, protocol=counted.protocol) for row in counted.counts.transpose(1, 0, 2)], axis=1)


def _step(part: Counted, split: str, setting: str, name: str, gain: Estimate, row: int, before: int) -> Step:
    levels = 100 * _ious(part).mean(axis=0)
    return Step(
        split=split, setting=setting, step=name, before=levels[before], after=levels[row], gain=gain.value,
        low=gain.low, high=gain.high, n=len(part.counts), images=len(set(part.image_ids)),
    )  # fmt: skip
