"""The frame of the report: one document with its style, sections with anchors, figures and tables; text is escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from tasnb.report.rendering import environment

JPEG_QUALITY = 82  # pictures of 320 pixels take about 15 kB
LONGEST = 320  # side of a picture in a gallery, pixels


def document(title: str, subtitle: str, sections: Sequence[tuple[str, str, str]], footer: str) -> str:
    """The whole page. sections: anchor, heading, body as HTML; title, subtitle and headings are text."""
    links = "".join(f'<li><a href="#{anchor}">{escape(heading)}</a></li>' for anchor, heading, _ in sections)
    body = "".join(
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{escape(heading)}</h2>{content}</section>'
        for anchor, heading, content in sections
    )
    style = environment().get_template("style.css").render()
    return (
        '<!doctype html><html lang="en" class="tn-page"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; style-src '
        "'unsafe-inline'\">"
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{style}</style></head>'
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
