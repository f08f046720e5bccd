"""Which part of TAS decided an answer: parts are added one by one (paper, table 4) and the winner is watched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from tasnb.core.types import ImageArtifacts, Models, Prediction, Weights
from tasnb.pipeline.tas import MODULES, answer, rectify
from tasnb.pipeline.variant import Variant
from tasnb.viewers.record import read

PARTS = MODULES  # "v", "p", "n", "spatial", in the order in which they are added
NAMES = {"v": "V", "p": "P", "n": "N", "spatial": "the spatial rectifier"}
SAYS = {
    "v": "the crop against the expression",
    "p": "the crop's caption against the expression",
    "n": "away from the other things in the picture",
    "spatial": "the half of the picture that the expression names",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """The winner once this part counts too.

    Parameters
    ----------
    part : str
        One of PARTS.
    best : int or None
        The winner's mask number, None without proposals.
    total : float or None
        Its S.
    """

    part: str
    best: int | None
    total: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """An answer with the steps that led to it.

    Parameters
    ----------
    answer : Prediction
        As ``tn.tas`` gives it.
    steps : tuple of Step
        One for each of PARTS, in order.
    """

    answer: Prediction
    steps: tuple[Step, ...]

    @property
    def part(self) -> str:
        """The part that changed the winner last; "v" when none did, because V alone had the answer already."""
        changes = [now.part for last, now in pairwise(self.steps) if now.best != last.best]
        return changes[-1] if changes else PARTS[0]


def decide(artifacts: ImageArtifacts, expression: str, models: Models, variant: Variant, weights: Weights) -> Decision:
    """Answer an expression and watch the winner as P, N and the rectifier are added to V (paper, table 4).

    Parameters
    ----------
    artifacts : ImageArtifacts
        What ``tn.describe`` made of the picture.
    expression : str
        What to look for.
    models : Models
        The models that described the picture.
    variant : Variant
        Whose options.
    weights : Weights
        alpha and lam.

    Returns
    -------
    Decision
        The answer and a step for each part.

    Raises
    ------
    ValueError, TypeError
        As ``tn.tas`` raises them.
    """
    reading = read(artifacts, expression, models, variant)
    steps_of_weights = (Weights(alpha=0.0, lam=0.0), Weights(alpha=weights.alpha, lam=0.0), weights)
    tables = [replace(reading.table, weights=each) for each in steps_of_weights]
    tables.append(rectify(tables[-1], reading.parse, artifacts, variant=variant))
    steps = tuple(
        Step(part=part, best=t.best, total=None if t.best is None else float(t.total[t.best]))
        for part, t in zip(PARTS, tables, strict=True)
    )
    scored = tables[-1], reading.parse, reading.negatives
    method_name = f"TAS ({variant.name})"
    return Decision(answer=answer(artifacts, expression, *scored, method_name=method_name), steps=steps)


def why_decided(decision: Decision) -> str:
    """What each part did to the winner.

    Parameters
    ----------
    decision : Decision
        Of ``decide``.

    Returns
    -------
    str
        A sentence or two.
    """
    if decision.answer.index is None:
        return "No proposal was found, so nothing was decided."
    said = [f"V alone chooses mask {decision.steps[0].best}"]
    for last, now in pairwise(decision.steps):
        said += [f"{NAMES[now.part]} turns it to mask {now.best}"] if now.best != last.best else []
    if len(said) == 1:
        return f"{said[0]}, and no other part changes it: V decided."
    return f"{'; '.join(said)}. The last change counts: {NAMES[decision.part]} decided."


def why_not(decision: Decision, index: int) -> str:
    """Why a mask is not the answer, without naming the one that is.

    Parameters
    ----------
    decision : Decision
        Of ``decide``.
    index : int
        The mask's number.

    Returns
    -------
    str
        What took it out, or the part through which it loses most.
    """
    table = decision.answer.table
    if not table.kept[index]:
        verdict = table.trace.verdicts[index] if table.trace else "out"
        return f"the rectifier took it out ({verdict.removeprefix('out: ')})."
    best = decision.answer.index
    assert best is not None  # a mask that stays in makes an answer
    gap = float(table.total[best] - table.total[index])
    if gap == 0:
        return "its S is as high as the best, but an earlier mask has it too."
    w = table.weights
    parts = {
        "V": table.v[index] - table.v[best],
        f"{w.alpha:g} P": w.alpha * (table.p[index] - table.p[best]),
        f"{w.lam:g} N": w.lam * (table.n[index] - table.n[best]),
    }
    if table.prior is not None:
        parts["the prior"] = table.prior[index] - table.prior[best]
    worst = min(parts, key=lambda name: parts[name])
    return (
        f"its S {table.total[index]:.3f} is {gap:.3f} behind the best; it loses most through {worst} "
        f"({parts[worst]:+.3f})."
    )
