"""The frame of the report: one document with its style, sections with anchors, figures and tables; text is escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core import html

_STYLE = """
html{background:#fff;scroll-behavior:auto}body{margin:0}
.tn{max-width:1120px;margin:0 auto;padding:24px 20px 60px}
.tn h1{font-size:1.7em;line-height:1.25;margin:.2em 0}
.tn h2{font-size:1.25em;margin:2em 0 .4em;border-bottom:2px solid var(--line)}
.tn h3{font-size:1.05em;margin:1.4em 0 .3em}.tn h4{font-size:1em;margin:0 0 .3em}
.tn a{color:var(--mark)}.tn nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2em 1.2em;padding:0}
.tn .key{background:var(--wash);border-left:5px solid var(--mark);padding:.5em 1em;border-radius:0 6px 6px 0}
.tn .key li{margin:.25em 0}
.tn caption{text-align:left;color:var(--soft);padding:.3em 0;caption-side:top}
.tn td,.tn th{padding:.22em .45em}.tn td.num{white-space:nowrap}
.tn tbody th .small{font-weight:400;display:inline-block;min-width:16em}
.tn tr.total td{font-weight:600;border-top:2px solid var(--line)}
.tn .bar{display:inline-block;height:.7em;background:var(--mark);border-radius:2px;vertical-align:baseline}
.tn figure.chart{margin:1em 0}.tn figure.chart img{max-width:100%;height:auto;background:#fff;border-radius:6px}
.tn figcaption{color:var(--soft);font-size:.93em;max-width:70ch}
.tn .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:6px 24px}
.tn .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:18px}
.tn .card{border:1px solid var(--line);border-radius:8px;padding:12px;margin:0;break-inside:avoid;min-width:0}
.tn .card img{width:100%;max-width:256px;height:auto;border-radius:4px;display:block;margin:0 auto 8px}
.tn .card table{font-size:.8em;width:100%}.tn .card td,.tn .card th{padding:.1em .3em}
.tn .card p{margin:.3em 0}.tn .say{font-size:1.1em;overflow-wrap:anywhere}.tn .small{font-size:.88em}
.tn td.words{overflow-wrap:anywhere}.tn .wide{overflow-x:auto}
@media (prefers-color-scheme:dark){html{background:#15181d}}
@media print{html,.tn{background:#fff;color:#000}.tn{max-width:none;padding:0;--ink:#000;--soft:#444;--line:#bbb;
 --paper:#fff;--wash:#f2f2f2;--good:#006b4e;--bad:#a33d00;--mark:#0072b2}.tn nav{display:none}.tn h2{break-after:avoid}
 .tn h3{break-after:avoid}.tn table{break-inside:auto}.tn tr{break-inside:avoid}.tn figure{break-inside:avoid}
 .tn .wide{overflow:visible}.tn .cards{grid-template-columns:repeat(2,1fr)}}
"""
JPEG_QUALITY = 82  # pictures of 320 pixels take about 15 kB
LONGEST = 320  # side of a picture in a gallery, pixels


def document(title: str, subtitle: str, sections: Sequence[tuple[str, str, str]], footer: str) -> str:
    """The whole page. sections: anchor, heading, body as HTML; title, subtitle and headings are text."""
    links = "".join(f'<li><a href="#{anchor}">{escape(heading)}</a></li>' for anchor, heading, _ in sections)
    body = "".join(
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{escape(heading)}</h2>{content}</section>'
        for anchor, heading, content in sections
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; style-src '
        "'unsafe-inline'\">"
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{html.STYLE}{_STYLE}</style></head>'
        f'<body><div class="tn"><header><h1>{escape(title)}</h1><p class="soft">{escape(subtitle)}</p>'
        f'<nav aria-label="Contents"><ul>{links}</ul></nav></header><main>{body}</main>'
        f'<footer class="soft small">{footer}</footer></div></body></html>\n'
    )


def table(
    caption: str, headers: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Sequence[int] = (),
    total: bool = False,
) -> str:  # fmt: skip
    """A table whose first column heads its rows. Cells are HTML already. total: the last row sums up."""
    made = list(rows)
    align = [' class="num"' if column in numeric else "" for column in range(len(headers))]
    head = "".join(f'<th scope="col"{a}>{h}</th>' for h, a in zip(headers, align, strict=True))
    body = []
    for number, row in enumerate(made):
        mark = ' class="total"' if total and number == len(made) - 1 else ""
        first, *rest = row
        cells = "".join(f"<td{a}>{cell}</td>" for cell, a in zip(rest, align[1:], strict=True))
        body.append(f'<tr{mark}><th scope="row">{first}</th>{cells}</tr>')
    # a wide table may scroll by itself, so it can be reached with the keyboard
    return (
        f'<div class="wide" role="region" aria-label="{escape(caption, quote=True)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def chart(figure: Any, alt: str, caption: str) -> str:
    """A matplotlib figure as a picture in the page. alt, caption: text."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return _figure("image/png", out.getvalue(), alt, caption)


def photo_uri(image_rgb: np.ndarray) -> str:
    """A photo as a data URI, at most LONGEST pixels long."""
    picture = Image.fromarray(image_rgb)
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, format="JPEG", quality=JPEG_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def interval(row: Mapping[str, float], name: str, *, sign: str = "") -> str:
    """ "12.34 [10.00, 15.00]", a dash where nothing was measured."""
    value, low, high = (float(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return "-" if value != value else f"{value:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def _figure(kind: str, data: bytes, alt: str, caption: str) -> str:
    uri = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return (
        f'<figure class="chart"><img src="{uri}" alt="{escape(alt, quote=True)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
