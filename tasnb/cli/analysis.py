"""``tasnb analyse`` and ``tasnb report``: why a finished run failed, in tables or as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tasnb.cli.datasets import load_noting
from tasnb.cli.options import Json, Root, reads, to_read, writes
from tasnb.cli.output import ready, ready_file, save, show, wrote
from tasnb.core.errors import UserError

Runs = Annotated[
    list[Path],
    typer.Argument(callback=to_read, help="A run directory, from tasnb evaluate or import; several splits are pooled."),
]
Threshold = Annotated[float, typer.Option(help="An answer with a lower IoU is a failure.")]


def analyse(
    run: Runs,
    by: Annotated[
        str | None,
        typer.Option(help="type, stage, cause, head, length, style, n-same-kind, target-size or split."),
    ] = None,
    threshold: Threshold = 0.5,
    method: Annotated[str | None, typer.Option(help="Whose answers; default: tas, or what was imported.")] = None,
    causes: Annotated[
        str | None,
        typer.Option(
            help="scores: which stage of TAS failed; answers: what is wrong with the answer, by the annotations. "
            "Default: scores where RUN has them and the method is tas."
        ),
    ] = None,
    annotations: Annotated[
        str | None, typer.Option(help="refcoco-m: a target that it has taken out counts as a doubtful annotation.")
    ] = None,
    root: Root = None,
    overlap: Annotated[bool, typer.Option("--overlap", help="Also the causes counted independently.")] = False,
    out: Annotated[Path | None, writes(help="Folder for the tables as CSV and the figures as PNG.")] = None,
    json_: Json = False,
) -> None:
    """Say why each answer of RUN failed, and what curing each cause would regain. Needs no model."""
    from tasnb import analysis, plots
    from tasnb.evaluation.reannotation import reannotated
    from tasnb.evaluation.runs import Run, minded_of

    opened = analysis.pool([Run.open(folder) for folder in run])
    if out is not None:
        ready(out)
    if by is not None:
        analysis.check_cut(by)
    how: dict[str, Any] = {"method": method, "threshold": threshold, "causes": causes}
    if annotations is not None:
        if causes == "scores":
            raise UserError("--annotations is asked of answers, not of scores; leave --causes out")
        how["causes"] = "answers"
        others = load_noting(annotations, split=str(opened.about["dataset"]["split"]), root=root, split_by=None)
        how["withdrawn"] = reannotated(opened, others).withdrawn
    found = analysis.attribute(opened, **how)
    regained, cases, table = analysis.recoverable(found), analysis.cases(found), analysis.overlap(found)
    cut = None if by is None else analysis.breakdown(found, by)
    files: list[Path] = []
    if out is not None:
        tables = {"cases.csv": cases, "causes.csv": regained, "overlap.csv": table.reset_index()}
        tables |= {} if cut is None else {f"by-{by}.csv": cut}
        figures = {f"{name}.png": figure for name, figure in plots.analysis_figures(found).items()}
        files = save(out, tables | figures, dpi=120)
    texts = [*(f"! {note}" for note in minded_of(found.about)), analysis.recoverable_text(regained, len(cases))]
    if found.causes is not analysis.CAUSES:
        asked = {row["cause"] for row in regained.to_dict("records") if row["failures"]}
        texts += [f"{name}: {cause.question}" for name, cause in found.causes.items() if name in asked]
    texts += ["\n" + analysis.overlap_text(table)] if overlap else []
    texts += ["\n" + analysis.breakdown_text(cut, by)] if by is not None else []
    texts += [wrote(files)] if files else []
    record: dict[str, Any] = {
        "runs": run,
        "domain_note": "".join(minded_of(found.about)),
        "samples": len(cases),
        "failures": int(found.frame["failed"].sum()),
        "threshold": threshold,
        "protocol": found.protocol,
        "causes": regained,
        "overlap": table.reset_index(),
        "by": by,
        "groups": [] if cut is None else cut,
        "cases": cases,
        "files": files,
    }
    show(record, "\n".join(texts), as_json=json_)


def report(
    run: Runs,
    against: Annotated[
        list[Path] | None, reads(help="Another run on the same data; may be given several times.")
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="Of a leaderboard: these methods of each RUN; default its first.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Of a leaderboard's table; default that of the first RUN.")
    ] = None,
    threshold: Threshold = 0.5,
    out: Annotated[
        Path | None, writes(help="File to write; default: report.html, or leaderboard.html, in the first RUN.")
    ] = None,
    json_: Json = False,
) -> None:
    """Write one HTML file about RUN: what failed, why, and what it costs. Opens without a network, prints well.

    Several runs on one split make a leaderboard: who is ahead, why each fails, what one alone gets right and all miss.
    """
    from tasnb import analysis, report
    from tasnb.evaluation.runs import Run

    runs, others = ([Run.open(folder) for folder in folders] for folders in (run, against or ()))
    record: dict[str, Any] = {}
    if analysis.is_leaderboard(runs, method or ()):
        if others:
            raise UserError("--against compares two runs; a leaderboard takes all of them as RUN_A RUN_B ...")
        path = ready_file(out or run[0] / "leaderboard.html")
        board = analysis.leaderboard(runs, methods=method or (), protocol=protocol, threshold=threshold)
        report.leaderboard(board, path)
        record, text = {"table": board.table, "protocol": board.protocol}, f"{board}\n"
    elif method or protocol:
        raise UserError("--method and --protocol are of a leaderboard: give several runs on one split, or methods")
    else:
        path, text = ready_file(out or run[0] / "report.html"), ""
        report.run(runs, path, against=others, threshold=threshold)
    size = path.stat().st_size
    told = f"{text}wrote {path} ({size / 1e6:.1f} MB)"
    show({"report": path, "bytes": size, **record}, told, as_json=json_)
