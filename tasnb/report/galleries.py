"""Galleries of failures: one card a case, with its picture, its receipt and the sentence that explains it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import numpy as np

from tasnb import analysis, plots
from tasnb.core.images import as_rgb
from tasnb.evaluation.samples import RunSamples
from tasnb.report.page import photo_uri

A_CAUSE, A_TYPE, A_SIDE = 6, 3, 8  # cards shown of each cause, of each type, of each kind of flip
LEGEND = (
    "<p>In every picture the target has a white dashed rim, and the answer is tinted with a rim of its own colour. The "
    "receipt below it lists the proposals with the largest S; <b>answer</b> is what was chosen, <b>best</b> the one "
    "with the highest IoU, and <b>out</b> what the rectifier took out.</p>"
)
RECEIPT = 5  # proposals in a receipt, the answer and the best one always among them


class Pictures:
    """The photos and masks of a run's samples, read when a card needs them; a photo that cannot be read is left out."""

    def __init__(self, run: Any) -> None:
        self._behind = RunSamples(run)
        self.missing = 0

    def of(self, row: Any, chosen: int) -> np.ndarray | None:
        """The photo of a case with the target's rim and the answer, uint8 (h, w, 3), or None."""
        try:
            sample, answer = self._behind.sample(int(row["sample"])), self._behind.mask(row["image_id"], chosen)
            return plots.rims(as_rgb(sample.image), sample.target, answer, index=max(chosen, 0))
        except (OSError, ValueError, LookupError):
            self.missing += 1
            return None


def by_cause(found: analysis.Attribution, pictures: Pictures) -> str:
    """A gallery for every cause that occurs: the cases whose cure would regain most come first."""
    parts = []
    failures = analysis.cases(found)
    for name, cause in analysis.CAUSES.items():
        mine = failures[failures["cause"] == name]
        if not len(mine):
            continue
        shown = _varied(mine, A_CAUSE)
        parts.append(
            f'<h3 id="cause-{escape(name.replace(" ", "-"))}">{escape(name)} ({len(mine)})</h3>'
            f'<p class="soft">{escape(cause.question)} Cure: {escape(cause.cure)}. '
            f"Shown: {len(shown)} of {len(mine)}.</p>"
            f'<div class="cards">{"".join(_cards(found, shown, pictures))}</div>'
        )
    return LEGEND + "".join(parts) if parts else "<p>No answer failed.</p>"


def by_type(found: analysis.Attribution, pictures: Pictures) -> str:
    """A gallery for every type of expression that has failures."""
    parts, failures = [], analysis.cases(found)
    groups = analysis.groups(found, "type")
    for name, mask in groups.items():
        mine = failures[mask & failures["failed"].to_numpy(bool)]
        if not len(mine):
            continue
        shown = _varied(mine, A_TYPE, other=True)
        parts.append(
            f'<h3>{escape(name)} ({len(mine)} of {int(mask.sum())} failed)</h3><p class="soft">'
            f'{escape(analysis.TYPES[name])}</p><div class="cards">{"".join(_cards(found, shown, pictures))}</div>'
        )
    return "".join(parts) or "<p>No answer failed.</p>"


def of_samples(found: analysis.Attribution, sample_ids: Sequence[str], pictures: Pictures) -> str:
    """Cards of these samples, in this order."""
    frame = analysis.cases(found).set_index("sample_id", drop=False)
    return f'<div class="cards">{"".join(_cards(found, frame.loc[list(sample_ids)[:A_SIDE]], pictures))}</div>'


def _varied(frame: Any, count: int, *, other: bool = False) -> Any:
    """The dearest cases first, one a picture as far as that goes. other: begin with the second, for another gallery."""
    ordered = frame.sort_values(["price", "sample"], ascending=[False, True], kind="stable")
    repeats = ordered.groupby("image_id").cumcount()
    ordered = ordered.assign(_repeat=repeats).sort_values("_repeat", kind="stable")
    start = min(1, max(0, len(ordered) - count)) if other else 0
    return ordered.iloc[start : start + count]


def _cards(found: analysis.Attribution, rows: Any, pictures: Pictures) -> Iterator[str]:
    places = {sample: place for place, sample in enumerate(found.frame["sample"])}
    for row in rows.to_dict("records"):
        yield _card(found, row, places[row["sample"]], pictures)


def _card(found: analysis.Attribution, row: dict[str, Any], place: int, pictures: Pictures) -> str:
    sample = found.evidence.samples.iloc[place]
    picture = pictures.of(row, int(sample["chosen"]))
    said, where = escape(row["expression"]), escape(str(row["sample_id"]))
    shown = '<p class="soft small">The photo cannot be opened here.</p>'
    if picture is not None:
        alt = f"target: white dashed rim; answer: tinted, proposal {sample['chosen']}, IoU {row['iou']:.2f}"
        shown = f'<img src="{photo_uri(picture)}" alt="{escape(alt, quote=True)}">'
    detail = analysis.DETAILS.get(row["detail"], "")
    tags = escape(row["types"]) or "none"
    return (
        f'<article class="card"><h4 class="say">“{said}”</h4>{shown}<p>{escape(row["why"])}</p>'
        f'<p class="soft small">{escape(row["cause"] or "right")}{": " + escape(detail) if detail else ""}; '
        f"IoU {row['iou']:.2f}, best proposal {row['oracle_iou']:.2f}; types: {tags}; {where}</p>"
        f"{_receipt(found, sample, place)}</article>"
    )


def _receipt(found: analysis.Attribution, sample: Any, place: int) -> str:
    """The score table of a case: the proposals with the largest S, the answer and the best one."""
    e = found.evidence
    start, end = e.spans[place]
    if start == end:
        return '<p class="small">No proposal was made.</p>'
    scores = e.scores.iloc[start:end].reset_index(drop=True)
    scores["s"] = scores["v"] + e.weights.alpha * scores["p"] + e.weights.lam * scores["n"]
    scores["caption"] = e.captions[start:end]
    must = [p for p in (sample["chosen"], sample["oracle"]) if p >= 0]
    first = scores.sort_values("s", ascending=False, kind="stable")
    shown = first[first["proposal"].isin(must) | (np.arange(len(first)) < RECEIPT)].head(RECEIPT + len(must))
    rows = []
    for one in shown.to_dict("records"):
        marks = [
            word
            for word, is_so in (
                ("answer", one["proposal"] == sample["chosen"]), ("best", one["proposal"] == sample["oracle"]),
                ("out", not one["kept"]),
            )
            if is_so
        ]  # fmt: skip
        numbers = "".join(f'<td class="num">{one[key]:.2f}</td>' for key in ("v", "p", "n", "s", "iou"))
        rows.append(
            f'<tr><th scope="row">{one["proposal"]} {escape(", ".join(marks))}</th>{numbers}'
            f'<td class="words">{escape(one["caption"])}</td></tr>'
        )
    heads = "".join(f'<th scope="col" class="num">{name}</th>' for name in ("V", "P", "N", "S", "IoU"))
    negatives = [phrase["text"] for phrase in json.loads(sample["phrases"]) if phrase["kept"]]
    said = f"negatives: {', '.join(negatives)}" if negatives else "no negatives"
    return (
        f'<table><thead><tr><th scope="col">mask</th>{heads}<th scope="col">caption</th></tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table><p class="soft small">{escape(said)}</p>'
    )
