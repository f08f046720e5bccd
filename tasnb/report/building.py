"""``build``: a finished run, or several, as one HTML document."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from tasnb import analysis, plots
from tasnb.report import galleries, sections
from tasnb.report.page import chart, document

# name of a figure -> alternative text, caption
FIGURES: dict[str, tuple[str, str]] = {
    "causes-by-type": (
        "Two heat maps of causes by types of expression: failures, and their cost in points of mIoU",
        "Which cause hits which kind of expression. In brackets: how many expressions are of the type. An expression "
        "of several types counts in each row, so the rows do not add up.",
    ),
    "margins": (
        "Distributions of the margin of right and of wrong answers",
        "The margin: S of the answer less S of the next candidate. Two proposals of one thing leave a small margin "
        "although either is right.",
    ),
    "calibration": (
        "Share of right answers by margin, rising",
        "How sure is S: bins of equal size, with 95 % intervals. The dashed line is the share over all answers.",
    ),
    "same-kind": (
        "mIoU by the number of other things of the same kind",
        "Other things of the target's kind in the picture, from the annotations. Whiskers: 95 % intervals.",
    ),
    "target-size": (
        "mIoU by the size of the target",
        "The size of the target as a share of the picture. Whiskers: 95 % intervals.",
    ),
    "heads": (
        "Heat map: the noun asked for against the noun in the caption of the answer, per cent of a row",
        "Which noun was asked for and which one the captioner sees in the answer; it can misname a right answer. In "
        "brackets: samples. (other): any noun that is not among the most frequent ones.",
    ),
}


def build(runs: Sequence[Any], *, against: Sequence[Any] = (), threshold: float = 0.5) -> str:
    """The report of one run, or of several splits pooled, as an HTML document that needs nothing else.

    runs: each a ``Run``. against: the same data measured otherwise; the report then says what flipped. threshold: an
    answer with a lower IoU is a failure. Raises what ``analysis.attribute``, ``pool`` and ``compare_by`` raise.
    """
    pooled = analysis.pool(list(runs))
    found = analysis.attribute(pooled, threshold=threshold)
    prices = analysis.prices(found)
    pictures = galleries.Pictures(pooled)
    made = [
        ("summary", "Summary", sections.summary(runs, found, prices)),
        ("causes", "Why answers failed", sections.causes(found, prices)),
        ("figures", "Figures", _charts(found)),
        ("cuts", "Where answers failed", sections.cuts(found)),
    ]
    if against:
        made.append(("against", "Against the other run", _against(pooled, found, against, threshold)))
    made += [
        ("gallery-causes", "Failures by cause", galleries.by_cause(found, pictures)),
        ("gallery-types", "Failures by type of expression", galleries.by_type(found, pictures)),
        ("paper", "Beside the paper", sections.papers(runs)),
        ("reading", "How to read this", sections.reading()),
    ]
    about = pooled.about
    data = f"{about['dataset']['name']} {about['dataset']['split']}"
    weights = about["weights"]
    subtitle = (
        f"Models {about['models']['name']}, variant {about['variant']}, alpha {weights['alpha']:g}, lambda "
        f"{weights['lam']:g}, proposals {about['proposals']}, protocol {found.protocol}; {len(found.frame)} sentences "
        f"of {found.frame['image_id'].nunique()} images"
    )
    return document(f"Why did it fail? {data}", subtitle, made, _footer(pooled, pictures))


def _charts(found: analysis.Attribution) -> str:
    figures = plots.analysis_figures(found)
    shown = {name: chart(figure, *FIGURES[name]) for name, figure in figures.items()}
    wide = [shown.pop(name) for name in ("causes-by-type", "heads") if name in shown]
    return "".join(wide[:1]) + f'<div class="charts">{"".join(shown.values())}</div>' + "".join(wide[1:])


def _against(pooled: Any, found: analysis.Attribution, against: Sequence[Any], threshold: float) -> str:
    other_run = analysis.pool(list(against))
    other = analysis.attribute(other_run, threshold=threshold)
    flips = analysis.compare_by(found, other, "type")
    names = _name(pooled), _name(other_run)
    parts = [sections.against(flips, names=names)]
    for flip, mine, run, words in (
        ("fixed", found, pooled, "Fixed: the answers of A that B mends"),
        ("broken", other, other_run, "Broken: the answers of B where A is right"),
    ):
        ids = flips.flipped[flips.flipped["flip"] == flip]["sample_id"].tolist()
        parts.append(f"<h3>{escape(words)} ({len(ids)})</h3>")
        parts.append(galleries.of_samples(mine, ids, galleries.Pictures(run)) if ids else "<p>None.</p>")
    return "".join(parts)


def _name(run: Any) -> str:
    about = run.about
    weights = about["weights"]
    return (
        f"{about['dataset']['name']} {about['dataset']['split']}, models {about['models']['name']}, variant "
        f"{about['variant']}, alpha {weights['alpha']:g}, lambda {weights['lam']:g}"
    )


def _footer(run: Any, pictures: galleries.Pictures) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in (run.about.get("versions") or {}).items())
    missing = f" {pictures.missing} photos could not be opened." if pictures.missing else ""
    return f"<p>Made by tasnb. {escape(versions)}.{escape(missing)}</p>"
