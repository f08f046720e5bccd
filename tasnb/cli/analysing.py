"""``tasnb analyse`` and ``tasnb report``: why a finished run failed, in tables or as one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Runs = Annotated[list[Path], typer.Argument(help="A run directory, from tasnb evaluate; several are pooled.")]
By = Annotated[
    str | None,
    typer.Option("--by", help="type, stage, cause, head, length, style, n-same-kind, target-size or split."),
]
Threshold = Annotated[float, typer.Option(help="An answer with a lower IoU is a failure.")]
Overlap = Annotated[bool, typer.Option("--overlap", help="Also the causes counted independently.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the tables as CSV and the figures as PNG.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def analyse(
    run: Runs, by: By = None, threshold: Threshold = 0.5, overlap: Overlap = False, out: Out = None, json_: Json = False
) -> None:
    """Say why each answer of RUN failed, and what curing each cause would regain. Needs no model."""
    from tasnb import analysis
    from tasnb.evaluation.runs import Run as Opened

    opened = analysis.pool([Opened.open(folder) for folder in run])
    if by is not None:
        analysis.check_cut(by)
    found = analysis.attribute(opened, threshold=threshold)
    prices = analysis.prices(found)
    cut = analysis.ask(found, by) if by is not None else None
    table = analysis.overlap(found)
    written = _write(out, found, prices, table, cut, by) if out is not None else []
    if json_:
        record: dict[str, Any] = {
            "runs": [str(folder) for folder in run], "samples": len(found.frame),
            "failures": int(found.frame["failed"].sum()), "threshold": threshold, "protocol": found.protocol,
            "causes": rows_of(prices),
            "overlap": rows_of(table.reset_index()), "by": by, "groups": rows_of(cut) if cut is not None else [],
            "cases": rows_of(analysis.cases(found)), "files": [str(path) for path in written],
        }  # fmt: skip
        typer.echo(json.dumps(record, ensure_ascii=False))
        return
    typer.echo(analysis.prices_text(prices, len(found.frame)))
    if overlap:
        typer.echo("\n" + analysis.overlap_text(table))
    if cut is not None and by is not None:
        typer.echo("\n" + analysis.ask_text(cut, by))
    if written:
        typer.echo("wrote " + ", ".join(str(path) for path in written))


def report(
    run: Runs,
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="Another run on the same data; may be given several times.")
    ] = None,
    threshold: Threshold = 0.5,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; default: report.html in RUN.")] = None,
    json_: Json = False,
) -> None:
    """Write one HTML file about RUN: what failed, why, and what it costs. Opens without a network, prints well."""
    from tasnb import report
    from tasnb.evaluation.runs import Run as Opened

    path = report.run(
        [Opened.open(folder) for folder in run],
        out if out is not None else run[0] / "report.html",
        against=[Opened.open(folder) for folder in against or ()],
        threshold=threshold,
    )
    size = path.stat().st_size
    if json_:
        typer.echo(json.dumps({"report": str(path), "bytes": size}))
    else:
        typer.echo(f"wrote {path} ({size / 1e6:.1f} MB)")


def compare_by(run_a: Path, run_b: Path, by: str, *, json_: bool) -> None:
    """``tasnb compare --by``: what flipped from A to B, and where."""
    from tasnb import analysis
    from tasnb.evaluation.runs import Run as Opened

    analysis.check_cut(by)
    a, b = (Opened.open(folder) for folder in (run_a, run_b))
    found = [analysis.attribute(run) for run in (a, b)]
    flips = analysis.compare_by(found[0], found[1], by)
    if json_:
        record = {"by": by, "rows": rows_of(flips.frame), "flipped": rows_of(flips.flipped), "notes": list(flips.notes)}
        typer.echo(json.dumps(record, ensure_ascii=False))
    else:
        typer.echo(analysis.flips_text(flips))


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """A table's rows as plain values; JSON knows no NaN: null."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records"))
    return rows


def _write(out: Path, found: Any, prices: Any, overlap: Any, cut: Any, by: str | None) -> list[Path]:
    from tasnb import analysis, plots

    out.mkdir(parents=True, exist_ok=True)
    tables = {"cases": analysis.cases(found), "causes": prices, "overlap": overlap.reset_index()}
    if cut is not None:
        tables[f"by-{by}"] = cut
    written = []
    for name, table in tables.items():
        written.append(out / f"{name}.csv")
        table.to_csv(written[-1], index=False)
    for name, figure in plots.analysis_figures(found).items():
        written.append(out / f"{name}.png")
        figure.savefig(written[-1], dpi=120)
    return written
