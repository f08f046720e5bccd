"""``tasnb sweep``: other weights and modules for a run that is done, without any model."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

Weights = Annotated[str | None, typer.Option(help="Numbers such as 0,0.1,0.4; default: those of the paper's Table 3.")]
Rectifier = Annotated[str | None, typer.Option(help="Whose rectifier: paper or official; default: the run's.")]
Protocol = Annotated[str | None, typer.Option(help="tas, global-local, lavt or iterprime; default: the run's.")]
Table4 = Annotated[bool, typer.Option("--modules", help="Also what each module adds, as in the paper's Table 4.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for sweep.csv and sweep.png; default: the run's.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def sweep(
    run: Annotated[Path, typer.Argument(help="A run directory, from tasnb evaluate.")],
    alpha: Weights = None,
    lam: Weights = None,
    variant: Rectifier = None,
    protocol: Protocol = None,
    modules: Table4 = False,
    out: Out = None,
    json_: Json = False,
) -> None:
    """Rank the scores of RUN again for a grid of alpha and lambda (the paper's Table 3)."""
    from tasnb import plots
    from tasnb.evaluation import ablation as table4
    from tasnb.evaluation import sweep as sweeping
    from tasnb.evaluation.runs import Run

    opened = Run.open(run)
    found = sweeping.sweep(
        opened,
        alpha=sweeping.PAPER_ALPHAS if alpha is None else weights_of("--alpha", alpha),
        lam=sweeping.PAPER_LAMS if lam is None else weights_of("--lam", lam),
        variant=variant,
        protocol=protocol,
    )
    ablation = table4.ablation(opened, variant=variant, protocol=protocol) if modules else None
    folder = run if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "sweep.csv"]
    found.frame.to_csv(written[0], index=False)
    metrics = [name for name in sweeping.METRICS if not found.frame[name].isna().all()]
    if metrics:
        written.append(folder / "sweep.png")
        plots.sweep_heatmap(found, metrics[0]).savefig(written[1], dpi=150)
    if ablation is not None:
        written.append(folder / "modules.csv")
        ablation.to_csv(written[-1], index=False)
    if json_:
        record: dict[str, Any] = {
            "run": str(run), "data": found.data, "variant": found.variant, "protocol": found.protocol,
            "used": {"alpha": found.used.alpha, "lam": found.used.lam}, "grid": rows_of(found.frame),
            "best": {name: found.best(name) for name in metrics}, "beside_paper": rows_of(found.against_paper()),
            "gain": None if found.gain is None else asdict(found.gain), "notes": list(found.notes),
            "files": [str(path) for path in written],
        }  # fmt: skip
        if ablation is not None:
            record["modules"] = rows_of(ablation)
        typer.echo(json.dumps(_plain(record), ensure_ascii=False))
        return
    typer.echo(found.text)
    if ablation is not None:
        typer.echo(table4.as_text(ablation))
    typer.echo("wrote " + ", ".join(str(path) for path in written))


def weights_of(option: str, text: str) -> list[float]:
    """ "0,0.1" -> [0.0, 0.1]. Raises ValueError for what is no list of numbers."""
    try:
        found = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        found = []
    if not found:
        raise ValueError(f"{option}: expected numbers such as 0,0.1,0.4, got {text!r}")
    return found


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """A table's rows as plain values."""
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return rows


def _plain(value: Any) -> Any:
    """JSON knows no NaN: null."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if value != value else value
