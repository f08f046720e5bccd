"""Small pieces of HTML over finished values: the notebook card and the parts of the report page.

All text from data passes ``escape``. Colour never carries a meaning alone: a kept mask says "in", a dropped one "out".
The values are met by their attributes, so that ``types`` can use this module and not the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.images import mask_colour, png_uri

STYLE = """
.tn{--ink:#1d2129;--soft:#5b6472;--line:#d9dde4;--paper:#fff;--wash:#f5f7fa;--good:#006b4e;--bad:#a33d00;--mark:#0072b2;
 color:var(--ink);background:var(--paper);font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
@media (prefers-color-scheme:dark){.tn{--ink:#e8eaee;--soft:#a3acba;--line:#3a404b;--paper:#15181d;--wash:#1e2229;
 --good:#4fd0a5;--bad:#ff9f66;--mark:#7cc4f0}}
body[data-jp-theme-light="false"] .tn{--ink:#e8eaee;--soft:#a3acba;--line:#3a404b;--paper:#15181d;--wash:#1e2229;
 --good:#4fd0a5;--bad:#ff9f66;--mark:#7cc4f0}
body[data-jp-theme-light="true"] .tn{--ink:#1d2129;--soft:#5b6472;--line:#d9dde4;--paper:#fff;--wash:#f5f7fa;
 --good:#006b4e;--bad:#a33d00;--mark:#0072b2}
.tn table{border-collapse:collapse;margin:.4em 0;font-variant-numeric:tabular-nums}
.tn th,.tn td{padding:.22em .7em;border-bottom:1px solid var(--line);text-align:left;vertical-align:middle;
 color:var(--ink);background:none;white-space:normal}
.tn th{color:var(--soft);font-weight:600}.tn td.num,.tn th.num{text-align:right}
.tn tr.best td{background:var(--wash);font-weight:600}.tn .out{color:var(--bad)}.tn .in{color:var(--good)}
.tn .soft{color:var(--soft)}.tn .say{font-size:1.25em}.tn .head{border-bottom:3px solid var(--mark)}
.tn .dir{background:var(--mark);color:var(--paper);border-radius:4px;padding:0 .25em}
.tn .chip{display:inline-block;width:.85em;height:.85em;border-radius:3px;margin-right:.4em;
 border:1px solid var(--line)}
.tn img.thumb{height:56px;width:auto;border:1px solid var(--line);border-radius:4px;background:#000;display:block}
.tn img.answer{height:160px;border:1px solid var(--line);border-radius:4px}
"""


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Sequence[int] = (),
          best: int | None = None) -> str:  # fmt: skip
    """An HTML table of cells that are already escaped. numeric: right-aligned columns. best: the marked row."""
    align = [' class="num"' if column in numeric else "" for column in range(len(headers))]
    head = "".join(f'<th scope="col"{a}>{h}</th>' for h, a in zip(headers, align, strict=True))
    body = []
    for number, row in enumerate(rows):
        mark = ' class="best"' if number == best else ""
        cells = "".join(f"<td{a}>{c}</td>" for c, a in zip(row, align, strict=True))
        body.append(f"<tr{mark}>{cells}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def expression(parse: Any) -> str:
    """The expression with its head noun underlined and its direction words marked."""
    text = parse.text
    marks: list[tuple[int, int, str]] = []
    if parse.head is not None:
        marks.append((*parse.head.span, "head"))
    taken = set(range(*parse.head.span)) if parse.head is not None else set()
    for word in parse.direction_words:
        start = text.lower().find(word.lower())
        if start >= 0 and not taken & set(range(start, start + len(word))):
            marks.append((start, start + len(word), "dir"))
            taken |= set(range(start, start + len(word)))
    out, at = [], 0
    for start, end, kind in sorted(marks):
        out.append(escape(text[at:start]) + f'<span class="{kind}">{escape(text[start:end])}</span>')
        at = end
    return "“" + "".join(out) + escape(text[at:]) + "”"


def parse_facts(parse: Any) -> str:
    """A two-column table: head and its rule, phrase, modifiers, directions, relations, cues."""
    head = (
        f"{escape(parse.head.lemma)} <span class='soft'>({escape(parse.head.rule)})</span>"
        if parse.head
        else "none found"
    )
    rows = [
        ("head noun", head),
        ("phrase", escape(parse.phrase) or "none"),
        ("modifiers", escape(", ".join(parse.modifiers)) or "none"),
        ("directions", escape(", ".join(parse.directions)) or "none about the subject"),
        ("relations", escape("; ".join(f"{r.word} → {r.phrase}" for r in parse.relations)) or "none"),
    ]
    if parse.cues:
        cues = "; ".join(f"{c.kind}: {c.value}" for c in parse.cues)
        rows.append(("extended cues", escape(cues) + " <span class='soft'>(off by default)</span>"))
    return table(("part", "reading"), rows)


def phrases(negatives: Any) -> str:
    """The mined phrases: each kept or dropped, and why."""
    if not negatives.phrases:
        return '<p class="soft">No noun phrase was mined, so N = 0 for every proposal.</p>'
    rows = [
        (
            escape(p.text),
            '<span class="in">kept</span>' if p.kept else '<span class="out">dropped</span>',
            escape(p.reason),
        )
        for p in negatives.phrases
    ]
    return table(("phrase", "verdict", "why"), rows)


def ranking(prediction: Any) -> np.ndarray:
    """Proposal numbers, best first: kept ones by S, then those that the rectifier took out, by S; ties in order."""
    total, kept = prediction.table.total, prediction.table.kept
    return np.lexsort((np.arange(len(total)), -total, ~kept))


def silhouette(mask: np.ndarray, colour: tuple[int, int, int], *, height: int = 56) -> np.ndarray:
    """A small picture of one mask on black: uint8 (height, about height * w / h, 3)."""
    pixels = (mask[:, :, None] * np.asarray(colour, dtype=np.uint8)).astype(np.uint8)
    width = max(1, round(height * mask.shape[1] / mask.shape[0]))
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def receipt(prediction: Any, *, limit: int | None = None, thumbs: bool = True) -> str:
    """The receipt: a row a proposal, best first, with V, P, N, S, in or out, and its caption."""
    scores, artifacts = prediction.table, prediction.artifacts
    captions = next(iter(artifacts.captions.values()), ("",) * len(scores))
    order = ranking(prediction)
    shown = order[:limit] if limit else order
    headers = ["#", *(["mask"] if thumbs else []), "S", "V", f"{scores.weights.alpha:g} P", f"{scores.weights.lam:g} N",
               "half", "caption"]  # fmt: skip
    rows = []
    for index in shown:
        colour = mask_colour(int(index))
        chip = f'<span class="chip" style="background:rgb{colour}" aria-hidden="true"></span>{index}'
        small = png_uri(silhouette(artifacts.proposals.masks[index], colour))
        thumb = f'<img class="thumb" alt="mask {index}" src="{small}">'
        state = '<span class="in">in</span>' if scores.kept[index] else '<span class="out">out</span>'
        rows.append((
            chip, *([thumb] if thumbs else []), f"{scores.total[index]:.3f}", f"{scores.v[index]:.3f}",
            f"{scores.weights.alpha * scores.p[index]:+.3f}", f"{scores.weights.lam * scores.n[index]:+.3f}",
            state, escape(captions[index]),
        ))  # fmt: skip
    first = 2 if thumbs else 1
    more = len(order) - len(shown)
    rest = f'<p class="soft">{more} more in the table of the prediction.</p>' if more > 0 else ""
    best = None if prediction.index is None else int(np.flatnonzero(shown == prediction.index)[0])
    return table(headers, rows, numeric=range(first, first + 4), best=best) + rest


def prediction_card(prediction: Any) -> str:
    """What a notebook shows for a Prediction: mask, verdict, receipt of the best five, parse, rectifier."""
    where = f"proposal {prediction.index} of {len(prediction.table)}" if prediction.index is not None else "no proposal"
    trace = prediction.table.trace
    mask = silhouette(prediction.mask, (255, 255, 255), height=160)
    area = int(prediction.mask.sum())
    return (
        f'<div class="tn"><style>{STYLE}</style><p class="say">{expression(prediction.parse)}</p>'
        f"<p><b>{escape(prediction.method)}</b>: {where}, {area} px</p>"
        f'<img class="answer" alt="chosen mask, {area} pixels" src="{png_uri(mask)}">'
        f"{receipt(prediction, limit=5)}"
        f"<p>{escape(trace.sentence) if trace else 'The spatial rectifier was not used.'}</p>"
        f"<details><summary>parse and mined phrases</summary>{parse_facts(prediction.parse)}"
        f'<p class="soft">overall caption: {escape(prediction.negatives.caption)}</p>{phrases(prediction.negatives)}'
        "</details></div>"
    )
