"""What the report of a finished run says: the figures of each section, and the cases of its galleries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tasnb import analysis, plots
from tasnb.evaluation import paper
from tasnb.evaluation.ablation import beside_paper
from tasnb.evaluation.runs import ORACLE, has_stages, minded_of
from tasnb.report.galleries import Gallery

CUTS = ("type", "style", "length", "n-same-kind", "target-size", "head", "split")
QUARTERS = 4  # bins of the margin in the summary
ENOUGH = 20  # expressions that a type needs to be called the hardest


def of_runs(runs: Sequence[Any], *, against: Sequence[Any] = (), threshold: float = 0.5) -> dict[str, Any]:
    """What the template ``run`` is filled with. Raises what ``analysis.attribute``, ``pool``, ``compare_by`` raise."""
    pooled = analysis.pool(list(runs))
    found = analysis.attribute(pooled, threshold=threshold)
    gallery = Gallery(found, pooled)
    shown = {
        "data": _data(pooled),
        "about": pooled.about,
        "found": found,
        "failures": int(found.frame["failed"].sum()),
        "figures": [row for run in runs for row in _figures(run)],
        "charts": {name: plots.pixels_of(figure) for name, figure in plots.analysis_figures(found).items()},
        "cuts": dict(_cuts(found)),
        "flips": _flips(found, pooled, against, threshold) if against else None,
        "by_cause": gallery.by_cause(),
        "by_type": gallery.by_type(),
        "papers": [(_data(run), paper.against(run)) for run in runs] if has_stages(pooled) else [],
        "causes": found.causes,
        "scored": found.causes is analysis.CAUSES,
        "who": "TAS" if has_stages(pooled) else pooled.methods[0],
        "details": analysis.DETAILS,
        "types": analysis.TYPES,
        "grid": [[f"{value:g}" for value in sorted(set(axis))] for axis in zip(*analysis.GRID, strict=True)],
        "missing": gallery.missing,
        "minded": list(dict.fromkeys(note for run in (*runs, *against) for note in minded_of(run.about))),
    }
    return shown | _summary(found) | _causes(found)


def _figures(run: Any) -> Iterator[dict[str, Any]]:
    """A row a method; where the run's weights are not the paper's, one more of TAS with the paper's."""
    rows = run.table().to_dict("records")
    if not has_stages(run):  # there are no proposals to be the best of
        rows = [row for row in rows if row["method"] != ORACLE]
    for beside in beside_paper(run).to_dict("records")[:1]:
        own = next(row for row in rows if row["method"] == "tas")
        rows.append({**beside, "method": f"tas with {beside['weights']}", "missing": own["missing"]})
    yield from ({"data": _data(run), **row} for row in rows)


def _data(run: Any) -> str:
    return f"{run.about['dataset']['name']} {run.about['dataset']['split']}"


def _summary(found: analysis.Attribution) -> dict[str, Any]:
    """The hardest type of expression, and whether a large margin is a sign of a right answer."""
    types = analysis.breakdown(found, "type")
    types = types[(types["group"] != "all") & (types["n"] >= ENOUGH)]
    hardest = types.loc[types["accuracy"].idxmin()].to_dict() if len(types) else None
    return {"hardest": hardest, "enough": ENOUGH, "trust": analysis.trust(found, bins=QUARTERS)}


def _causes(found: analysis.Attribution) -> dict[str, Any]:
    """What each cause costs, the most frequent and the dearest, and how causes overlap."""
    regained = analysis.recoverable(found).to_dict("records")
    occurring = [row for row in regained if row["cause"] in found.causes and row["failures"]]
    counted = analysis.overlap(found)
    held = [name for name in found.causes if counted.at[name, name] or counted.at[name, "primary"]]
    return {
        "regained": [*occurring, *(row for row in regained if row["cause"] == "all")],
        "often": max(occurring, key=lambda row: row["failures"], default=None),
        "dear": max(occurring, key=lambda row: row["miou"], default=None),
        "absent": [row["cause"] for row in regained if row["cause"] in found.causes and not row["failures"]],
        "overlap": counted.loc[held, [*held, "only", "primary"]],
    }


def _cuts(found: analysis.Attribution) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """One table a cut; those with a single group are left out."""
    for by in CUTS:
        table = analysis.breakdown(found, by)
        if len(table) > 2 or by == "type":
            yield by, table.to_dict("records")


def _flips(found: analysis.Attribution, pooled: Any, against: Sequence[Any], threshold: float) -> dict[str, Any]:
    """What the other run does better and worse: group by group, and case by case."""
    other_run = analysis.pool(list(against))
    # as the report's own: what needs scores is compared with what needs scores
    kind: Any = "scores" if found.causes is analysis.CAUSES and has_stages(other_run) else "answers"
    other = analysis.attribute(other_run, threshold=threshold, causes=kind)
    flips = analysis.compare_by(found, other, "type")
    sides = []
    for flip, gallery in (("fixed", Gallery(found, pooled)), ("broken", Gallery(other, other_run))):
        ids = flips.flipped[flips.flipped["flip"] == flip]["sample_id"].tolist()
        sides.append({"flip": flip, "count": len(ids), "cases": gallery.of_samples(ids)})
    runs = [pooled.about, other_run.about]
    return {"runs": runs, "rows": flips.frame.to_dict("records"), "notes": flips.notes, "sides": sides}
