"""A reproduced table as a value: for a terminal, as CSV, as a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasnb.core import html
from tasnb.core.html import escape
from tasnb.evaluation import paper
from tasnb.evaluation.caption_quality import CaptionQuality
from tasnb.evaluation.reproduction.reading import METRICS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "method", "encoder", "data", "beside", "metric", "measured", "low", "high", "n", "missing", "published", "why",
    "note", "contradicted",
)  # fmt: skip
_PAGE = """
body{margin:0}.tn{max-width:1180px;margin:0 auto;padding:24px 20px 60px}html{background:#fff}
.tn h1{font-size:1.5em;margin:.2em 0}.tn h2{font-size:1.1em;margin:1.6em 0 .3em}.tn .scroll{overflow-x:auto}
.tn td.why{color:var(--soft)}.tn li{margin:.2em 0}@media (prefers-color-scheme:dark){html{background:#15181d}}
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reproduction:
    """A table of the paper, measured.

    frame: a row a cell and metric: method, encoder (the paper's labels), data (what was measured), beside (the paper's
    column), metric, measured, low, high (per cent, 95 % interval; NaN where nothing was run), n, missing (sentences),
    published (NaN where the paper prints none), why (no figure), note (about the published figure), contradicted
    (whether the paper itself prints another figure for it). captions: the quality of each captioner's texts (Table 6).
    differs: how measured and published differ, in words. runs: the folders of the runs.
    """

    number: int
    models: str
    protocol: str
    frame: pd.DataFrame
    captions: pd.DataFrame
    differs: tuple[str, ...]
    runs: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"Table {self.number}. {paper.TITLES[self.number]}"

    @property
    def name(self) -> str:
        """ "table1": what its files are called."""
        return f"table{self.number}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said about single figures: footnotes, in order of appearance, each once."""
        return tuple(dict.fromkeys(note for note in self.frame["note"] if note))

    @property
    def text(self) -> str:
        """For a terminal: a block a column of the paper, measured beside published."""
        width = max(len("method"), *(len(_label(row)) for row in self.frame.to_dict("records")))
        lines = [f"{self.title}; models {self.models}, protocol {self.protocol}, 95 % intervals"]
        head = f"{'method':<{width}} " + "  ".join(f"{m:>6} {'interval':<16} {'published':>10}" for m in METRICS)
        for (data, beside), block in self.frame.groupby(["data", "beside"], sort=False):
            lines += ["", f"{data} ({_sentences(block)}), beside {beside}", head]
            reasons: dict[str, int] = {}
            for cells in _rows(block):
                first = next(iter(cells.values()))
                if first["why"]:
                    number = reasons.setdefault(first["why"], len(reasons) + 1)
                    parts = [f"{'':>6} {f'not run ({number})':<16} {self._published(c):>10}" for c in cells.values()]
                else:
                    parts = [f"{c['measured']:6.2f} {_interval(c):<16} {self._published(c):>10}"
                             for c in cells.values()]  # fmt: skip
                missing = f"  {first['missing']} missing" if first["missing"] else ""
                lines.append(f"{_label(first):<{width}} " + "  ".join(parts) + missing)
            lines += [f"not run ({number}): {why}" for why, number in reasons.items()]
        lines += self._captions_text()
        lines += ["", *(f"differs: {words}" for words in self.differs)]
        lines += [f"{_mark(number)} {note}" for number, note in enumerate(self.notes)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<div class="tn"><style>{html.STYLE}</style>{self._body("h3")}</div>'

    def to_html(self) -> str:
        """One page without scripts or links, readable in light and dark."""
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{escape(self.title)} · tasnb</title><style>{html.STYLE}{_PAGE}</style></head>"
            f'<body><main class="tn">{self._body("h1")}</main></body></html>\n'
        )

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write table<N>.csv and table<N>.html (and table6-captions.csv) into a folder; return their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / f"{self.name}.csv", folder / f"{self.name}.html"]
        self.frame.to_csv(written[0], index=False)
        written[1].write_text(self.to_html(), encoding="utf-8")
        if len(self.captions):
            written.append(folder / f"{self.name}-captions.csv")
            self.captions.to_csv(written[-1], index=False)
        return tuple(written)

    def _published(self, cell: dict[str, Any]) -> str:
        if cell["published"] != cell["published"]:
            return "-"
        mark = _mark(self.notes.index(cell["note"])) if cell["note"] else ""
        return f"{cell['published']:.2f}{mark}"

    def _captions_text(self) -> list[str]:
        if not len(self.captions):
            return []
        names = CaptionQuality._fields
        return ["", "captions:"] + [
            f"  {row['row']}, {row['column']}: {CaptionQuality(**{name: row[name] for name in names}).text}"
            for row in self.captions.to_dict("records")
        ]

    def _body(self, heading: str) -> str:
        blocks = []
        for (data, beside), block in self.frame.groupby(["data", "beside"], sort=False):
            headers = ["method", "encoder", *(h for m in METRICS for h in (m, "95 % interval", "published"))]
            rows = [self._html_row(cells) for cells in _rows(block)]
            blocks.append(
                f"<h2>{escape(str(data))} ({_sentences(block)}) <span class='soft'>beside {escape(str(beside))}</span>"
                "</h2>"
                f'<div class="scroll">{html.table(headers, rows, numeric=(2, 3, 4, 5, 6, 7))}</div>'
            )
        if len(self.captions):
            blocks.append(f'<h2>What the captions are like</h2><div class="scroll">{self._captions_html()}</div>')
        reasons = dict.fromkeys(why for why in self.frame["why"] if why)
        words = [f"<li>{escape(each)}</li>" for each in self.differs]
        notes = [f"<li>{_mark(i)} {escape(note)}</li>" for i, note in enumerate(self.notes)]
        why = [f"<li>{escape(each)}</li>" for each in reasons]
        lists = [("Why measured and published differ", words), ("About the published figures", notes),
                 ("Rows without a measured figure", why)]  # fmt: skip
        return (
            f"<{heading}>{escape(self.title)}</{heading}><p class='soft'>Measured with the "
            f"{escape(self.models)} models, protocol {escape(self.protocol)}; per cent, 95 % intervals from an "
            "image-cluster bootstrap. Published: Suo, Zhu and Yang, EMNLP Findings 2023.</p>"
            + "".join(blocks)
            + "".join(f"<h2>{title}</h2><ul>{''.join(items)}</ul>" for title, items in lists if items)
        )

    def _html_row(self, cells: dict[str, dict[str, Any]]) -> list[str]:
        first = next(iter(cells.values()))
        row = [escape(first["method"]), escape(first["encoder"] or "-")]
        for cell in cells.values():
            if cell["why"]:
                row += ["", '<span class="soft">not run</span>']
            else:
                row += [f"{cell['measured']:.2f}", _interval(cell)]
            shown = escape(self._published(cell))
            # a word beside the mark: a footnote sign alone says nothing to a screen reader
            row.append(f'{shown} <span class="out">erratum</span>' if cell["contradicted"] else shown)
        return row

    def _captions_html(self) -> str:
        headers = ["captioner", "data", "words", "distinct", "names the target's noun", "other crops do", "captions"]
        rows = [
            [escape(r["row"]), escape(r["column"]), f"{r['length']:.1f}", _share(r["distinct"]),
             _share(r["names_target"]), _share(r["names_others"]), str(r["captions"])]
            for r in self.captions.to_dict("records")
        ]  # fmt: skip
        return html.table(headers, rows, numeric=(2, 3, 4, 5, 6))


def _rows(block: pd.DataFrame) -> list[dict[str, dict[str, Any]]]:
    """The cells of each row by metric, in the table's order."""
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for cell in block.to_dict("records"):
        found.setdefault((cell["method"], cell["encoder"]), {})[cell["metric"]] = cell
    return list(found.values())


def _sentences(block: pd.DataFrame) -> str:
    most = int(block["n"].max())
    return f"{most:,} sentences" if most else "nothing measured"


def _label(cell: dict[str, Any]) -> str:
    return f"{cell['method']}, {cell['encoder']}" if cell["encoder"] else str(cell["method"])


def _interval(cell: dict[str, Any]) -> str:
    return f"[{cell['low']:.2f}, {cell['high']:.2f}]"


def _share(value: float) -> str:
    return "-" if value != value else f"{value:.0f} %"


def _mark(number: int) -> str:
    """a, b, c ...: digits would read as part of the figure."""
    return f"({'abcdefghijklmnopqrstuvwxyz'[number % 26]})"
