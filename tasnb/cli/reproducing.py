"""``tasnb reproduce``: the paper's tables on any data; ``tasnb proposals``: how good the proposals of runs are."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def reproduce(
    what: Annotated[str, typer.Argument(help="table1 ... table7, or cost.")],
    dataset: Annotated[
        str,
        typer.Option(help="reftoy, refcoco, refcoco+, refcocog, phrasecut ...; the nearest column stands beside it."),
    ] = "reftoy",
    split: Annotated[str | None, typer.Option(help="Only this one; default: the table's own.")] = None,
    models: Annotated[
        str, typer.Option("--models", help="Preset (toy, laptop, paper), of which each row replaces what it needs.")
    ] = "toy",
    limit: Annotated[
        int | None, typer.Option(help="Only the first N sentences of a split; cost: N images, default 5.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder of the data; default TASNB_DATA, or what is shipped.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the tables and their runs.")] = Path(
        "outputs/reproduce"
    ),
    freesolo: Annotated[
        Path | None, typer.Option(help="FreeSOLO's masks, a COCO results file, for the rows of Table 1 that use them.")
    ] = None,
    store: Annotated[Path | None, typer.Option(help="Folder of the artifact store; default: the user's cache.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Run what is missing of a table of the paper and put it beside the published figures."""
    from tasnb import plots, report
    from tasnb.evaluation.reproduce import Reproduction
    from tasnb.evaluation.reproduce import reproduce as run_table
    from tasnb.store import Store

    with _Runs(quiet=json_) as progress:
        found = run_table(
            what, dataset, split=split, models=models, limit=limit, root=root, out=out / "runs", freesolo=freesolo,
            store=None if store is None else Store(store), model_options={"device": device}, workers=workers,
            tick=progress.tell,
        )  # fmt: skip
    written = list(found.save(out))
    written.insert(1, report.result(found, out / f"{found.name}.html"))
    charts: dict[str, Any] = {}
    if isinstance(found, Reproduction):
        charts = {metric: plots.reproduction(found, metric) for metric in ("mIoU", "oIoU")}
    else:
        charts = {"": plots.cost_chart(found)}
    for metric, figure in charts.items():
        written.append(out / (f"{found.name}-{metric.lower()}.png" if metric else f"{found.name}.png"))
        figure.savefig(written[-1], dpi=150)
    if json_:
        rows = json.loads(found.frame.to_json(orient="records"))
        record: dict[str, Any] = {"title": found.title, "rows": rows, "differs": list(found.differs)}
        typer.echo(json.dumps(record | {"files": [str(path) for path in written]}, ensure_ascii=False))
        return
    typer.echo(found.text)
    typer.echo("wrote " + ", ".join(str(path) for path in written))


def proposals(
    runs: Annotated[list[Path], typer.Argument(help="Run directories, from tasnb evaluate.")],
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Say how good the proposals of runs are: masks an image, oracle mIoU, recall, redundancy."""
    from tasnb.evaluation import quality
    from tasnb.evaluation.runs import Run

    opened = {folder: Run(folder) for folder in runs}
    names = {f"{run.about['proposals']} ({folder.name})": run for folder, run in opened.items()}
    table = quality.proposal_quality(names)
    if json_:
        typer.echo(json.dumps({"rows": json.loads(table.to_json(orient="records"))}, ensure_ascii=False))
    else:
        typer.echo(quality.as_text(table))


class _Runs:
    """One bar over the runs on standard error; not drawn into a file or pipe."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Any = None

    def tell(self, done: int, total: int, what: str) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, file=sys.stderr, unit="run", disable=True if self._quiet else None, leave=False
            )
        self._bar.update(done - self._bar.n)
        self._bar.set_description_str(what, refresh=True)

    def __enter__(self) -> _Runs:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
