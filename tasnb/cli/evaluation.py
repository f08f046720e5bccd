"""``tasnb evaluate``, ``import``, ``compare``, ``sweep`` and the like: runs, and what follows from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tasnb.cli import options
from tasnb.cli.datasets import load_noting
from tasnb.cli.options import reads, to_read, writes
from tasnb.cli.output import ProgressBar, ready, ready_file, save, show, wrote
from tasnb.core.errors import UserError
from tasnb.core.tables import counted, interval_text


def evaluate(
    dataset: Annotated[str, typer.Argument(help="reftoy, refcoco, refcoco+, refcocog, grefcoco, phrasecut ...")],
    split: Annotated[str, typer.Option(help="val, testA, testB, test ...")] = "val",
    root: options.Root = None,
    split_by: options.SplitBy = None,
    without: options.Without = None,
    methods: Annotated[
        str, typer.Option(help="Comma-separated; the first is compared with the others.")
    ] = "tas,clip-only,text-only",
    models: options.Models = "toy",
    sam: options.Sam = None,
    clip: options.Clip = None,
    captioner: options.Captioner = None,
    spacy: options.Spacy = None,
    wordnet: options.Wordnet = None,
    variant: options.Variant = "paper",
    alpha: options.Alpha = None,
    lam: options.Lam = None,
    proposals: Annotated[
        str, reads(help="sam: the models' own; vit_b, sam2, fastsam ...; a COCO results file; annotations: the data's.")
    ] = "sam",
    limit: Annotated[int | None, typer.Option(help="Only the first N sentences.")] = None,
    out: Annotated[Path | None, writes(help="Run directory; a started one is taken up again.")] = None,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    workers: Annotated[int, typer.Option(help="Processes, or ray actors.")] = 1,
    shards: Annotated[int | None, typer.Option(help="Number of parts; default: of 10 images each.")] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="tas, global-local, lavt, iterprime, car or gres; default: a started run's, the data's."),
    ] = None,
    answer_threshold: Annotated[
        float | None,
        typer.Option(help="Answer with all proposals whose score is above it, or nothing; default: with the best."),
    ] = None,
    store: options.StoreFolder = None,
    device: options.Device = "auto",
    json_: options.Json = False,
) -> None:
    """Evaluate methods on a whole split: figures with intervals, and every decision on disk."""
    from tasnb.evaluation.ablation import beside_paper, beside_text
    from tasnb.evaluation.engine import evaluate as run_evaluation
    from tasnb.evaluation.runs import why_nothing
    from tasnb.store import Store

    if limit is not None and limit < 1:
        raise UserError(f"--limit: expected at least 1, got {limit}")
    samples = load_noting(dataset, split=split, root=root, split_by=split_by, without=without)
    samples = samples if limit is None else samples[:limit]
    names = [name.strip() for name in methods.split(",") if name.strip()]
    what: dict[str, Any] = {"variant": variant, "alpha": alpha, "lam": lam, "proposals": proposals}
    what["answering_above"] = answer_threshold
    how: dict[str, Any] = {"protocol": protocol, "out": out, "shards": shards, "engine": engine, "workers": workers}
    parts = options.parts_of(sam=sam, clip=clip, captioner=captioner, spacy=spacy, wordnet=wordnet)
    how |= {"store": store and Store(store), "model_options": {"device": device, **parts}}
    with ProgressBar(quiet=json_, unit="part") as bar:
        run = run_evaluation(samples, models, methods=names, **what, **how, tick=bar)
    lines = [run.text()]
    for row in run.summary["differences"]:
        if row["metric"] == "miou":
            interval = interval_text(row["low"], row["high"], signed=True)
            difference = f"{row['difference']:+.2f} mIoU {interval}"
            lines.append(f"{row['first']} - {row['second']}: {difference}, paired, {counted(row['n'], 'sentence')}")
    record = {"run": run.folder, "weights": run.about["weights"], "domain_note": run.domain_note, **run.summary}
    if len(beside := beside_paper(run)):
        record["beside_paper"] = beside
        lines.append(beside_text(beside))
    if nothing := why_nothing(run):
        record["nothing"] = nothing
    lines.append(f"run: {run.folder}")
    show(record, "\n".join(lines), as_json=json_)
    if nothing:
        raise typer.Exit(1)


def import_(
    predictions: Annotated[
        Path, typer.Argument(callback=to_read, help="JSON, JSON lines, Parquet, COCO results, or a folder of PNGs.")
    ],
    dataset: Annotated[str, typer.Option(help="What was answered: refcoco, refcoco+, refcocog, phrasecut, folder ...")],
    name: Annotated[str, typer.Option(help="Of the model.")],
    out: Annotated[Path, writes(help="Run directory, a new one.")],
    split: Annotated[str, typer.Option(help="val, testA, testB, test ...")] = "val",
    root: options.Root = None,
    split_by: options.SplitBy = None,
    without: options.Without = None,
    protocol: Annotated[str | None, typer.Option(help="As for evaluate; it changes no table.")] = None,
    resize: Annotated[
        bool, typer.Option("--resize", help="Bring masks of another size to the picture's, by nearest neighbour.")
    ] = False,
    bbox: Annotated[
        str | None, typer.Option(help="What boxes are, where their field does not tell: xywh, xyxy.")
    ] = None,
    json_: options.Json = False,
) -> None:
    """Measure anybody's answers, and keep them as a run like any other."""
    from tasnb.evaluation.importing import import_predictions, told_of

    samples = load_noting(dataset, split=split, root=root, split_by=split_by, without=without)
    how: dict[str, Any] = {"protocol": protocol, "resize": resize, "bbox": bbox}
    with ProgressBar(quiet=json_, unit="image") as bar:
        run = import_predictions(predictions, samples, name=name, out=out, **how, tick=bar)
    found = run.about["imported"]
    lines = [run.text(), *told_of(found), f"run: {run.folder}"]
    show({"run": run.folder, "imported": found, **run.summary}, "\n".join(lines), as_json=json_)


def export(
    run: options.RunFolder,
    out: Annotated[Path, writes(help="A .json file: COCO results; a .jsonl file: JSON lines.")],
    method: Annotated[str | None, typer.Option(help="Whose answers; default: the run's first.")] = None,
    json_: options.Json = False,
) -> None:
    """Write what a method of RUN answered, for other tools; tasnb import reads it again."""
    from tasnb.evaluation.exporting import export_answers
    from tasnb.evaluation.runs import Run

    opened = Run.open(run)
    path = export_answers(opened, ready_file(out), method)
    show({"file": path, "method": method or opened.methods[0]}, wrote([path]), as_json=json_)


def compare(
    run_a: options.RunFolder,
    run_b: Annotated[Path | None, typer.Argument(callback=to_read, help="Another one, on the same data.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Default: that of RUN_A.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="miou, oiou or pr@0.5 (any threshold), nacc, tacc (gres); default: mIoU, oIoU.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="What flipped in TAS, where: type, cause, head, length, split ...")
    ] = None,
    annotations: Annotated[
        str | None, typer.Option(help="refcoco-m, instead of RUN_B: the same answers under its annotation.")
    ] = None,
    root: options.Root = None,
    json_: options.Json = False,
) -> None:
    """Show how RUN_B differs from RUN_A, method by method, paired by sample; or what another annotation changes."""
    from tasnb import analysis
    from tasnb.evaluation.compare import compare as compare_runs
    from tasnb.evaluation.runs import Run

    if (run_b is None) == (annotations is None):
        raise UserError("compare: expected RUN_A and either RUN_B or --annotations, such as --annotations refcoco-m")
    if annotations is not None:
        from tasnb.evaluation.reannotation import reannotated

        if by is not None:
            raise UserError("--annotations compares whole runs; leave --by out")
        run = Run.open(run_a)
        others = load_noting(annotations, split=str(run.about["dataset"]["split"]), root=root, split_by=None)
        told = reannotated(run, others, protocol=protocol, metric=metric)
        show(told.to_dict(), told.text(), as_json=json_)
        return
    assert run_b is not None
    if by is None:
        found = compare_runs(Run.open(run_a), Run.open(run_b), protocol=protocol, metric=metric)
        show({"rows": found.frame, "notes": found.notes}, str(found), as_json=json_)
        return
    if protocol or metric:
        raise UserError("--by has a protocol and metrics of its own; leave --protocol and --metric out")
    analysis.check_cut(by)
    a, b = (analysis.attribute(Run.open(folder)) for folder in (run_a, run_b))
    flips = analysis.compare_by(a, b, by)
    record = {"by": by, "rows": flips.frame, "flipped": flips.flipped, "notes": flips.notes}
    show(record, analysis.flips_text(flips), as_json=json_)


Weights = Annotated[str | None, typer.Option(help="Numbers such as 0,0.1,0.4; default: those of the paper's Table 3.")]


def sweep(
    run: options.RunFolder,
    alpha: Weights = None,
    lam: Weights = None,
    variant: Annotated[
        str | None, typer.Option(help="Whose rectifier: paper, official or plus; default: the run's.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="tas, global-local, lavt or iterprime; default: the run's.")
    ] = None,
    modules: Annotated[
        bool, typer.Option("--modules", help="Also what each module adds, as in the paper's Table 4.")
    ] = False,
    out: Annotated[Path | None, writes(help="Folder for sweep.csv and sweep.png; default: the run's.")] = None,
    json_: options.Json = False,
) -> None:
    """Rank the scores of RUN again for a grid of alpha and lambda (the paper's Table 3)."""
    from tasnb import plots
    from tasnb.evaluation import ablation
    from tasnb.evaluation import sweep as sweeping
    from tasnb.evaluation.runs import Run

    opened = Run.open(run)
    if out is not None:
        ready(out)
    alphas = sweeping.PAPER_ALPHAS if alpha is None else weights_of("--alpha", alpha)
    lams = sweeping.PAPER_LAMS if lam is None else weights_of("--lam", lam)
    found = sweeping.sweep(opened, alpha=alphas, lam=lams, variant=variant, protocol=protocol)
    metrics = [name for name in sweeping.METRICS if not found.frame[name].isna().all()]
    files = {"sweep.csv": found.frame}
    if metrics:
        files["sweep.png"] = plots.sweep_heatmap(found, metrics[0])
    texts = [found.text]
    record: dict[str, Any] = {"run": run}
    record |= {name: getattr(found, name) for name in ("data", "variant", "protocol", "used", "gain", "notes")}
    best = {name: found.best(name) for name in metrics}
    record |= {"grid": found.frame, "best": best, "beside_paper": found.against_paper()}
    if modules:
        how: dict[str, Any] = {"variant": variant, "protocol": protocol}
        record["modules"] = files["modules.csv"] = ablation.ablation(opened, **how)
        texts.append(ablation.as_text(record["modules"]))
        if found.used != found.papers:
            beside = ablation.ablation(opened, **how, weights=found.papers)
            record["modules_paper"] = files["modules-paper.csv"] = beside
            texts += ablation.beside_lines(beside, found.papers)
    record["files"] = save(run if out is None else out, files)
    show(record, "\n".join([*texts, wrote(record["files"])]), as_json=json_)


def weights_of(option: str, text: str) -> list[float]:
    """ "0,0.1" -> [0.0, 0.1]. Raises ValueError for what is no list of numbers."""
    try:
        found = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        found = []
    if not found:
        raise UserError(f"{option}: expected numbers such as 0,0.1,0.4, got {text!r}")
    return found


def reproduce(
    what: Annotated[str, typer.Argument(help="table1 ... table7, or cost.")],
    dataset: Annotated[
        str,
        typer.Option(help="reftoy, refcoco, refcoco+, refcocog, phrasecut ...; the nearest column stands beside it."),
    ] = "reftoy",
    split: Annotated[str | None, typer.Option(help="Only this one; default: the table's own.")] = None,
    models: Annotated[
        str, typer.Option(help="Preset (toy, laptop, paper), of which each row replaces what it needs.")
    ] = "toy",
    sam: options.Sam = None,
    clip: options.Clip = None,
    captioner: options.Captioner = None,
    spacy: options.Spacy = None,
    wordnet: options.Wordnet = None,
    limit: Annotated[
        int | None, typer.Option(help="Only the first N sentences of a split; cost: N images, default 5.")
    ] = None,
    root: options.Root = None,
    out: Annotated[Path, writes(help="Folder of the tables and their runs.")] = Path("outputs/reproduce"),
    freesolo: Annotated[
        Path | None, reads(help="FreeSOLO's masks, a COCO results file, for Table 1's rows that use them.")
    ] = None,
    store: options.StoreFolder = None,
    device: options.Device = "auto",
    workers: Annotated[int, typer.Option(help="Processes, or ray actors.")] = 1,
    json_: options.Json = False,
) -> None:
    """Run what is missing of a table of the paper and put it beside the published figures."""
    from tasnb import plots, report
    from tasnb.evaluation.reproduce import Reproduction
    from tasnb.evaluation.reproduce import reproduce as run_table
    from tasnb.store import Store

    ready(out)
    data: dict[str, Any] = {"split": split, "limit": limit, "root": root, "freesolo": freesolo}
    parts = options.parts_of(sam=sam, clip=clip, captioner=captioner, spacy=spacy, wordnet=wordnet)
    how: dict[str, Any] = {"models": models, "model_options": {"device": device, **parts}, "workers": workers}
    how |= {"store": store and Store(store), "out": out / "runs"}
    with ProgressBar(quiet=json_, unit="run") as runs:
        found = run_table(what, dataset, **data, **how, tick=runs)
    if isinstance(found, Reproduction):
        metrics = ("mIoU", "oIoU")
        figures = {f"{found.name}-{metric.lower()}.png": plots.reproduction(found, metric) for metric in metrics}
    else:
        figures = {f"{found.name}.png": plots.cost_chart(found)}
    table, *others = found.save(out)
    files = [table, report.result(found, out / f"{found.name}.html"), *others, *save(out, figures)]
    record = {"title": found.title, "rows": found.frame, "differs": found.differs, "files": files}
    show(record, f"{found.text}\n{wrote(files)}", as_json=json_)


def proposals(
    runs: Annotated[list[Path], typer.Argument(callback=to_read, help="Run directories, from tasnb evaluate.")],
    json_: options.Json = False,
) -> None:
    """Say how good the proposals of runs are: masks an image, oracle mIoU, recall, redundancy."""
    from tasnb.evaluation import quality
    from tasnb.evaluation.runs import Run, minded_of

    opened = [Run.open(folder) for folder in runs]
    table = quality.proposal_quality({f"{run.about['proposals']} ({run.folder.name})": run for run in opened})
    minded = list(dict.fromkeys(note for run in opened for note in minded_of(run.about)))
    text = "\n".join([*(f"! {note}" for note in minded), quality.as_text(table)])
    show({"rows": table, "domain_note": "".join(minded)}, text, as_json=json_)
