"""Which part of TAS decided an answer: parts are added one by one (paper, table 4) and the winner is watched."""

from __future__ import annotations

from dataclasses import dataclass

from tasnb.core.types import ImageArtifacts, Models, Prediction, ScoreTable, Weights
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline.variant import Variant
from tasnb.stages import expressions

PARTS = pipeline.MODULES  # "v", "p", "n", "spatial", in the order in which they are added
NAMES = {"v": "V", "p": "P", "n": "N", "spatial": "the spatial rectifier"}
SAYS = {
    "v": "the crop against the expression",
    "p": "the crop's caption against the expression",
    "n": "away from the other things in the picture",
    "spatial": "the half of the picture that the expression names",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """The winner once this part counts too. part: of PARTS. best: mask number, None without proposals. total: its S."""

    part: str
    best: int | None
    total: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """An answer with the steps that led to it.

    answer: as ``tn.tas`` gives it. steps: one for each of PARTS, in order.
    """

    answer: Prediction
    steps: tuple[Step, ...]

    @property
    def part(self) -> str:
        """The part that changed the winner last; "v" when none did, because V alone had the answer already."""
        changes = [now.part for last, now in zip(self.steps, self.steps[1:], strict=False) if now.best != last.best]
        return changes[-1] if changes else PARTS[0]


def decide(artifacts: ImageArtifacts, expression: str, models: Models, variant: Variant, weights: Weights) -> Decision:
    """Answer an expression and watch the winner as P, N and the rectifier are added to V (paper, table 4).

    Raises as ``tn.tas`` does.
    """
    parse = expressions.parse(expression, models.parser, rule=variant.parse)
    mined = pipeline.mine(artifacts, parse, models, variant=variant)
    scored = pipeline.score(artifacts, expression, mined, models, variant=variant, weights=weights)
    tables = [_weighted(scored, 0.0, 0.0), _weighted(scored, weights.alpha, 0.0), scored]
    tables.append(pipeline.rectify(scored, parse, artifacts, variant=variant))
    steps = tuple(
        Step(part=part, best=t.best, total=None if t.best is None else float(t.total[t.best]))
        for part, t in zip(PARTS, tables, strict=True)
    )
    name = f"TAS ({variant.name})"
    return Decision(
        answer=pipeline.answer(artifacts, expression, tables[-1], parse, mined, method_name=name), steps=steps
    )


def why_decided(decision: Decision) -> str:
    """What each part did to the winner, in a sentence or two."""
    if decision.answer.index is None:
        return "No proposal was found, so nothing was decided."
    said = [f"V alone chooses mask {decision.steps[0].best}"]
    for last, now in zip(decision.steps, decision.steps[1:], strict=False):
        changed = f"{NAMES[now.part]} turns it to mask {now.best}" if now.best != last.best else ""
        said += [changed] if changed else []
    if len(said) == 1:
        return f"{said[0]}, and no other part changes it: V decided."
    return f"{'; '.join(said)}. The last change counts: {NAMES[decision.part]} decided."


def why_not(decision: Decision, index: int) -> str:
    """Why a mask is not the answer, without naming the one that is."""
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
    worst = min(parts, key=lambda name: parts[name])
    return (
        f"its S {table.total[index]:.3f} is {gap:.3f} behind the best; it loses most through {worst} "
        f"({parts[worst]:+.3f})."
    )


def _weighted(table: ScoreTable, alpha: float, lam: float) -> ScoreTable:
    return ScoreTable(v=table.v, p=table.p, n=table.n, kept=table.kept, weights=Weights(alpha=alpha, lam=lam))
