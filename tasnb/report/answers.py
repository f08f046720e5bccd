"""One self-contained HTML page about one answer: no script, no outside link, readable in light and dark."""

from __future__ import annotations

from html import escape

import numpy as np
from PIL import Image

from tasnb import plots
from tasnb.core import html
from tasnb.core.images import png_uri
from tasnb.core.types import Prediction

_PAGE_STYLE = """
body{margin:0}.tn{max-width:1080px;margin:0 auto;padding:24px 20px 60px}
.tn h1{font-size:1.7em;margin:.2em 0}.tn h2{font-size:1.15em;margin:1.6em 0 .3em;border-bottom:2px solid var(--line)}
.tn figure{margin:0;flex:1 1 200px;max-width:420px}
.tn figure img{width:100%;border:1px solid var(--line);border-radius:6px}
.tn .row{display:flex;gap:14px;flex-wrap:wrap}.tn figcaption{color:var(--soft);font-size:.92em}
.tn .verdict{background:var(--wash);border-left:5px solid var(--mark);padding:.5em 1em;border-radius:0 6px 6px 0}
.tn .scroll{overflow-x:auto}html{background:#fff}@media (prefers-color-scheme:dark){html{background:#15181d}}
"""


def _figure(pixels: np.ndarray, alt: str, caption: str, *, longest: int = 640) -> str:
    shrink = longest / max(pixels.shape[:2])
    if shrink < 1:  # a 12-megapixel photo would make a 30 MB page
        size = (max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink)))
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    return (
        f'<figure><img alt="{escape(alt)}" src="{png_uri(pixels)}"><figcaption>{escape(caption)}</figcaption></figure>'
    )


def page(
    prediction: Prediction, image_rgb: np.ndarray, *, target: np.ndarray | None = None, models_name: str = ""
) -> str:
    """The whole story of one answer as an HTML document.

    image_rgb: uint8 (h, w, 3). target: the true mask, when known. models_name: the preset, for the subtitle.
    """
    table, proposals = prediction.table, prediction.artifacts.proposals
    colour = html.mask_colour(prediction.index or 0)
    pictures = [
        _figure(image_rgb, "the image", "the image"),
        _figure(
            plots.proposals_picture(image_rgb, proposals, table.kept),
            f"{len(proposals)} mask proposals",
            f"{len(proposals)} proposals; hatched gray ones were taken out by the rectifier",
        ),
        _figure(plots.overlay(image_rgb, prediction.mask, colour), "the chosen mask", "the answer"),
    ]
    if target is not None:
        pictures.append(_figure(plots.overlay(image_rgb, target, (255, 255, 255)), "the true mask", "the true mask"))
    trace = table.trace.sentence if table.trace else "The spatial rectifier was not used."
    verdict = (
        f"Mask {prediction.index} has the largest score among the {int(table.kept.sum())} candidates that stay in."
        if prediction.index is not None
        else "No proposal was found, so there is no answer."
    )
    subtitle = ", ".join(part for part in (prediction.method, f"models: {models_name}" if models_name else "") if part)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{escape(prediction.expression)} · tasnb</title><style>{html.STYLE}{_PAGE_STYLE}</style></head>
<body><main class="tn">
<p class="soft">{escape(subtitle)}</p>
<h1>{html.expression(prediction.parse)}</h1>
<div class="row">{"".join(pictures)}</div>
<p class="verdict">{escape(verdict)}<br>{escape(trace)}</p>
<h2>1. What the expression says</h2>
<div class="scroll">{html.parse_facts(prediction.parse)}</div>
<h2>2. What to push away from: phrases of “{escape(prediction.negatives.caption)}”</h2>
<div class="scroll">{html.phrases(prediction.negatives)}</div>
<h2>3. The rectifier</h2>
<p>{escape(trace)}</p>
<h2>4. The receipt: S = V + {table.weights.alpha:g} P + {table.weights.lam:g} N, best first</h2>
<div class="scroll">{html.receipt(prediction)}</div>
<p class="soft">V: the crop against the expression. P: the crop's caption against the expression. N: minus the mean
of the crop against the mined phrases. half: whether the rectifier left the mask in.
(Suo, Zhu and Yang, EMNLP Findings 2023.)</p>
</main></body></html>
"""
