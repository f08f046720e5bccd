"""A reproduced table as a value: for a terminal, as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from tasnb.evaluation import paper
from tasnb.evaluation.caption_quality import CaptionQuality
from tasnb.evaluation.reproduction.reading import METRICS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "method", "encoder", "data", "beside", "metric", "measured", "low", "high", "n", "missing", "published", "why",
    "note", "contradicted",
)  # fmt: skip


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
    def marks(self) -> dict[str, str]:
        """The footnotes and their marks, "(a)", "(b)" ...: digits would read as part of the figure."""
        return {note: f"({ascii_lowercase[k % 26]})" for k, note in enumerate(self.notes)}

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
        lines += [f"{mark} {note}" for note, mark in self.marks.items()]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write table<N>.csv (and table6-captions.csv) into a folder; return their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / f"{self.name}.csv"]
        self.frame.to_csv(written[0], index=False)
        if len(self.captions):
            written.append(folder / f"{self.name}-captions.csv")
            self.captions.to_csv(written[-1], index=False)
        return tuple(written)

    def _published(self, cell: dict[str, Any]) -> str:
        if cell["published"] != cell["published"]:
            return "-"
        return f"{cell['published']:.2f}{self.marks.get(cell['note'], '')}"

    def _captions_text(self) -> list[str]:
        if not len(self.captions):
            return []
        names = CaptionQuality._fields
        return ["", "captions:"] + [
            f"  {row['row']}, {row['column']}: {CaptionQuality(**{name: row[name] for name in names}).text}"
            for row in self.captions.to_dict("records")
        ]


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
