"""``tasnb evaluate`` and ``tasnb compare``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def evaluate(
    dataset: Annotated[str, typer.Argument(help="reftoy, refcoco, refcoco+, refcocog, phrasecut, folder ...")],
    split: Annotated[str, typer.Option(help="val, testA, testB, test ...")] = "val",
    root: Annotated[
        Path | None, typer.Option(help="Folder of the data; default TASNB_DATA, or what is shipped.")
    ] = None,
    split_by: Annotated[
        str | None, typer.Option("--split-by", help="unc, google or umd, where there is a choice.")
    ] = None,
    methods: Annotated[str, typer.Option(help="Comma-separated; the first is compared with the others.")] = (
        "tas,clip-only,text-only"
    ),
    models: Annotated[
        str, typer.Option("--models", help="Preset (tasnb doctor lists them) or a folder with models.json.")
    ] = "toy",
    variant: Annotated[
        str, typer.Option("--variant", help="paper: the paper's text; official: the authors' code.")
    ] = "paper",
    alpha: Annotated[float | None, typer.Option(help="Weight of P; default 0.1 (paper).")] = None,
    lam: Annotated[float | None, typer.Option(help="Weight of N; default 0.7, for RefCOCOg 1 (paper).")] = None,
    proposals: Annotated[
        str,
        typer.Option(
            help="sam: the models' own; vit_b, vit_h, sam2, fastsam ...; a COCO results file; or annotations, the data "
            "set's own masks."
        ),
    ] = "sam",
    limit: Annotated[int | None, typer.Option(help="Only the first N sentences.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Run directory; a started one is taken up again.")] = None,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    workers: Annotated[int, typer.Option(help="Processes, or ray actors.")] = 1,
    shards: Annotated[int | None, typer.Option(help="Number of parts; default: of 10 images each.")] = None,
    protocol: Annotated[str, typer.Option(help="tas, global-local, lavt, iterprime or car.")] = "tas",
    store: Annotated[Path | None, typer.Option(help="Folder of the artifact store; default: the user's cache.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Evaluate methods on a whole split: figures with intervals, and every decision on disk."""
    from tasnb.cli.data import load_noting
    from tasnb.evaluation.engine import evaluate as run_evaluation
    from tasnb.store import Store

    if limit is not None and limit < 1:
        raise ValueError(f"--limit: expected at least 1, got {limit}")
    samples = load_noting(dataset, split=split, root=root, split_by=split_by)
    with _Parts(quiet=json_) as parts:
        run = run_evaluation(
            samples if limit is None else samples[:limit],
            models,
            methods=[name.strip() for name in methods.split(",") if name.strip()],
            variant=variant, alpha=alpha, lam=lam, protocol=protocol, proposals=proposals, out=out, shards=shards,
            engine=engine, workers=workers, store=None if store is None else Store(store),  # type: ignore[arg-type]
            model_options={"device": device}, tick=parts.tell,
        )  # fmt: skip
    if json_:
        typer.echo(json.dumps({"run": str(run.folder), **run.summary}, ensure_ascii=False))
        return
    typer.echo(run.text())
    for row in run.summary["differences"]:
        if row["metric"] == "miou":
            typer.echo(
                f"{row['first']} - {row['second']}: {row['difference']:+.2f} mIoU "
                f"[{row['low']:+.2f}, {row['high']:+.2f}], paired, {row['n']} sentences"
            )
    typer.echo(f"run: {run.folder}")


def compare(
    run_a: Annotated[Path, typer.Argument(help="A run directory.")],
    run_b: Annotated[Path, typer.Argument(help="Another one, on the same data.")],
    protocol: Annotated[str | None, typer.Option(help="Default: that of RUN_A.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="miou, oiou or pr@0.5 (any threshold); default: mIoU, oIoU.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="What flipped in TAS, where: type, cause, head, length, split ...")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Show how RUN_B differs from RUN_A, method by method, paired by sample."""
    if by is not None:
        if protocol or metric:
            raise ValueError("--by has a protocol and metrics of its own; leave --protocol and --metric out")
        from tasnb.cli.analysing import compare_by

        compare_by(run_a, run_b, by, json_=json_)
        return
    from tasnb.evaluation.compare import compare as compare_runs
    from tasnb.evaluation.runs import Run

    found = compare_runs(Run(run_a), Run(run_b), protocol=protocol, metric=metric)
    if json_:
        rows = json.loads(found.frame.to_json(orient="records"))
        typer.echo(json.dumps({"rows": rows, "notes": list(found.notes)}, ensure_ascii=False))
    else:
        typer.echo(str(found))


class _Parts:
    """A progress bar over parts on standard error; not drawn into a file or pipe."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Any = None

    def tell(self, done: int, total: int) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                initial=done,
                file=sys.stderr,
                unit="part",
                disable=True if self._quiet else None,
                leave=False,
            )
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
