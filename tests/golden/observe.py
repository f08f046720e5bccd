"""Everything that the golden record looks at, as plain JSON values. The only file here that calls the library.

``ranking`` and ``commands`` read the committed runs and need no model, ``shared_data`` needs the shared mini sets, and
``smoke`` and ``smoke_commands`` run the toy models. A refactoring that renames functions is followed here; one that
renames keys is followed by the same renaming in expected/*.json.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pycocotools import mask as coco

import tasnb as tn
from tasnb import analysis, cli
from tasnb.analysis import attribution, counterfactuals, evidence
from tasnb.evaluation import ablation, paper, quality, sweep
from tasnb.evaluation.metrics import PROTOCOLS
from tasnb.evaluation.plan import METHODS
from tasnb.pipeline.variant import PAPER, VARIANTS
from tasnb.stages.spatial import EXTENDED

RUNS = Path(__file__).parent / "runs"
NAMES = ("paper", "official")
SENTENCES = 60
SMOKE = (10, 13, 37, 38)  # two images: a bare colour, a direction among much else, a relation, a direction alone
CPU = {"device": "cpu"}
FIXTURE = Path(__file__).parents[1] / "stages" / "expressions_invented.tsv"
IMAGE = Path(__file__).parents[2] / "data" / "reftoy" / "images" / "reftoy_val_0001.png"

# another day, machine or release, not another behaviour
VOLATILE = frozenset(
    {"seconds", "versions", "python", "device", "cache", "bytes", "created", "ready", "command", "download_bytes"}
)
# sentences for people: they may change with the wording of the library, so they are kept apart from the contract
WORDING = frozenset({"why", "notes", "differs", "rectifier", "title"})
_PATH = re.compile(r"(?<![\w.:/])(?:/[\w.+-]+)+/([\w.+-]+)")  # an absolute path; a URL's is not one


# ---------------------------------------------------------------- runs


def library() -> str:
    """Which tasnb is observed: an editable install may point elsewhere."""
    return str(tn.__file__)


def make_runs(folder: Path) -> None:
    """Evaluate the committed runs anew: every method on the first sentences of RefToy val."""
    samples = tn.datasets.load("reftoy", split="val")[:SENTENCES]
    with tempfile.TemporaryDirectory() as cache:
        for name in NAMES:
            tn.evaluate(
                samples, "toy", methods=list(METHODS), variant=name, out=folder / name,
                store=tn.Store(cache), model_options=CPU,
            )  # fmt: skip


def ranking() -> dict[str, Any]:
    """All that follows from the committed runs."""
    runs = {name: tn.Run.open(RUNS / name) for name in NAMES}
    found = {name: analysis.attribute(run) for name, run in runs.items()}
    seen = {name: _of_run(run) | {"analysis": _analysed(found[name])} for name, run in runs.items()}
    return plain(
        seen | {"official against paper": _between(*runs.values(), *found.values()), "published": _published()}
    )


def _of_run(run: Any) -> dict[str, Any]:
    predictions = run.predictions()
    seen: dict[str, Any] = {"about": {key: run.about[key] for key in ("dataset", "methods", "weights", "protocol")}}
    tables = {protocol: _by(run.table(protocol), "method") for protocol in PROTOCOLS}
    for name in (*run.methods, "oracle"):
        rows = predictions[predictions["method"] == name]
        own = (
            {} if name == "oracle" else {key: rows[key].tolist() for key in ("chosen", "intersection", "union", "iou")}
        )
        seen[name] = own | {"table": {protocol: rows_of[name] for protocol, rows_of in tables.items()}}
    first = predictions[predictions["method"] == run.methods[0]]
    told = ["sample_id", "image_id", "ref_id", "sent_id", "expression", "proposals", "target_area", "oracle",
            "oracle_iou", "head", "phrase", "directions", "rectified", "category", "same_kind"]  # fmt: skip
    seen["predictions"] = {key: first[key].tolist() for key in told}
    seen["predictions"]["negatives"] = [json.loads(text) for text in first["negatives"]]
    for table in ("scores", "proposals", "refs", "errors"):
        frame = getattr(run, table)()
        numbers = frame.select_dtypes("number")
        seen[table] = {"columns": list(frame.columns), "rows": len(frame), "sums": numbers.sum().to_dict()}
    seen["reranked"] = _reranked(run)
    grids = {name: tn.sweep(run, protocol=name) for name in PROTOCOLS if name != "car"}  # "car" cannot be swept
    other = next(name for name in NAMES if name != run.about["variant"])
    grids |= {f"rectifier of {other}": tn.sweep(run, variant=other), "small": tn.sweep(run, alpha=[0, 1], lam=[0.25])}
    seen["sweep"] = {name: _swept(grid) for name, grid in grids.items()}
    ablations = {"own": {}, "other rectifier": {"variant": other}, "lavt": {"protocol": "lavt"}}
    seen["modules"] = {name: _by(ablation.ablation(run, **how), "modules") for name, how in ablations.items()}
    beside = paper.against(run)
    seen["beside"] = {"rows": _rows(beside.frame), "where": beside.where}
    seen["caption_quality"] = quality.caption_quality(run)._asdict()
    seen["proposal_quality"] = _rows(quality.proposal_quality({"it": run}))[0]
    return seen


def _reranked(run: Any) -> dict[str, Any]:
    """TAS chosen again from the stored scores, by every rectifier and without one, with other weights."""
    extended = dataclasses.replace(PAPER, name="extended", rectifier=EXTENDED)
    ways: dict[str, dict[str, Any]] = {
        "own": {}, "unrectified": {"rectified": False}, "V alone": {"alpha": 0, "lam": 0, "rectified": False},
        "V and P": {"lam": 0}, "heavy": {"alpha": 0.4, "lam": 1.5}, "extended": {"variant": extended},
        **{f"rectifier of {name}": {"variant": name} for name in NAMES},
    }  # fmt: skip
    made = {name: sweep.rerank(run, **how) for name, how in ways.items()}
    return {name: {key: frame[key].tolist() for key in ("chosen", "iou")} for name, frame in made.items()}


def _swept(found: Any) -> dict[str, Any]:
    grid = {f"alpha {row['alpha']:g} lam {row['lam']:g}": row for row in _rows(found.frame)}
    return {
        "grid": grid, "used": dataclasses.asdict(found.used), "papers": dataclasses.asdict(found.papers),
        "data": found.data, "variant": found.variant, "protocol": found.protocol,
        "gain": None if found.gain is None else dataclasses.asdict(found.gain),
        "best": {name: found.best(name) for name in sweep.METRICS if found.frame[name].notna().any()},
        "beside_paper": _rows(found.against_paper()),
    }  # fmt: skip


def _analysed(found: Any) -> dict[str, Any]:
    cases = analysis.cases(found).drop(columns="why")  # a sentence; it is among the texts
    again = {"threshold 0.75": {"threshold": 0.75}, "lavt": {"protocol": "lavt"}}
    run = tn.Run.open(RUNS / found.about["variant"])
    return {
        "protocol": found.protocol,
        "cases": _by(cases, "sample_id"),
        "holds": [list(pair) for pair in found.holds.itertuples(index=False)],
        "recoverable": _by(analysis.recoverable(found), "cause"),
        "overlap": {name: row.to_dict() for name, row in analysis.overlap(found).iterrows()},
        "breakdown": {cut: _by(analysis.breakdown(found, cut), "group") for cut in analysis.CUTS},
        "heat": {cut: _rows(analysis.heat(found, cut)) for cut in ("type", "length")},
        "calibration": _rows(analysis.calibration(found)),
        "confusion_of_heads": {name: row.to_dict() for name, row in analysis.confusion_of_heads(found).iterrows()},
        "otherwise": {
            name: {"cause": other.frame["cause"].tolist(), "recoverable": other.frame["recoverable"].tolist()}
            for name, other in ((name, analysis.attribute(run, **how)) for name, how in again.items())
        },
    }


def _between(run: Any, other: Any, found: Any, found_other: Any) -> dict[str, Any]:
    """B against A where A is the paper's."""
    compared = {protocol: _rows(tn.compare(run, other, protocol=protocol).frame) for protocol in PROTOCOLS}
    compared["pr@0.5"] = _rows(tn.compare(run, other, metric="pr@0.5").frame)
    flips = {cut: analysis.compare_by(found, found_other, cut) for cut in analysis.CUTS}
    flipped = flips["type"].flipped.drop(columns="why")
    return {
        "compare": compared,
        "compare_by": {cut: _by(flip.frame, "group") for cut, flip in flips.items()},
        "flipped": _by(flipped, "sample_id"),
    }


def _published() -> dict[str, Any]:
    tables = {str(n): paper.table(n) for n in paper.TITLES}
    return {
        "tables": {n: {"rows": len(table), "sum": table["value"].sum()} for n, table in tables.items()},
        "wide": {n: list(paper.wide(int(n)).shape) for n in tables},
        "errata": _rows(paper.errata()),
        "varied_weights": _rows(paper.varied_weights()),
    }


# ---------------------------------------------------------------- the command line


def commands() -> dict[str, Any]:
    """Every command that needs no model, over the committed runs and RefToy: what it prints with --json."""
    a, b = (str(RUNS / name) for name in NAMES)
    with _somewhere() as out:
        asked = {
            "compare": ["compare", a, b],
            "compare protocol": ["compare", a, b, "--protocol", "lavt"],
            "compare metric": ["compare", a, b, "--metric", "pr@0.7"],
            "compare by": ["compare", a, b, "--by", "type"],
            "analyse": ["analyse", a],
            "analyse by": ["analyse", a, "--by", "length", "--threshold", "0.7", "--overlap"],
            "analyse official": ["analyse", b, "--by", "type", "--out", str(out / "analysis")],
            "sweep": ["sweep", a, "--modules", "--out", str(out / "sweep")],
            "sweep otherwise": ["sweep", b, "--alpha", "0,0.1", "--lam", "0.7", "--variant", "paper", "--protocol",
                                "global-local", "--out", str(out / "other")],
            "report": ["report", a, "--against", b, "--out", str(out / "report.html")],
            "proposals": ["proposals", a, b],
            "datasets list": ["datasets", "list", "--root", str(out)],
            "datasets check": ["datasets", "check", "reftoy", "--split", "val"],
            "datasets show": ["datasets", "show", "reftoy", "--index", "12", "--out", str(out / "show.png")],
            "store info": ["store", "info", "--store", str(out / "store")],
            "store verify": ["store", "verify", "--store", str(out / "store")],
            "store prune": ["store", "prune", "--max-size", "1MB", "--store", str(out / "store")],
        }  # fmt: skip
        found = _asked(asked)
        written = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
        found["files written"] = [name for name in written if not name.startswith("store")]
        for table in ("sweep/sweep.csv", "sweep/modules.csv", "analysis/causes.csv", "analysis/cases.csv"):
            frame = pd.read_csv(out / table)
            found[table] = {"columns": list(frame.columns), "rows": len(frame)}
        wrong = {
            "unknown method": ["sweep", a, "--variant", "papper", "--out", str(out / "x")],
            "unknown protocol": ["compare", a, b, "--protocol", "tass"],
            "unknown cut": ["analyse", a, "--by", "colour"],
            "no run": ["analyse", str(out / "nowhere")],
            "car cannot be swept": ["sweep", a, "--protocol", "car", "--out", str(out / "x")],
            "empty expression": ["segment", str(IMAGE), " "],
            "unknown command": ["segmentt"],
        }
        for name, arguments in wrong.items():
            code, printed = _run(arguments)
            found[f"error: {name}"] = {"exit": code, "printed": printed}
    return plain(found)


def shared_data(shared: Path) -> dict[str, Any]:
    """The data set commands over the mini RefCOCO of shared/, whose counts differ from the published ones."""
    root = str((shared / "data" / "mini-refcoco").resolve())
    with _somewhere() as out:
        asked = {
            "datasets list": ["datasets", "list", "--root", root],
            "datasets check": ["datasets", "check", "refcoco", "--root", root],
            "datasets show": ["datasets", "show", "refcoco", "--root", root, "--split", "testA", "--index", "3",
                              "--out", str(out / "show.png")],
        }  # fmt: skip
        return plain(_asked(asked))


def smoke_commands() -> dict[str, Any]:
    """Commands that load the toy models: segment, evaluate, the store that it fills, and a table of the paper."""
    with _somewhere() as out:
        store = ["--store", str(out / "store")]
        asked = {
            f"segment {name}": ["segment", str(IMAGE), "the left duck", "--variant", name, "--device", "cpu", "--out",
                                str(out / name)]
            for name in NAMES
        }  # fmt: skip
        asked |= {
            "evaluate": ["evaluate", "reftoy", "--limit", "14", "--device", "cpu", "--out", str(out / "run"), *store],
            "store info": ["store", "info", *store],
            "store verify": ["store", "verify", *store],
            "reproduce": ["reproduce", "table4", "--limit", "14", "--split", "val", "--device", "cpu", "--out",
                          str(out / "table"), *store],
            "store prune": ["store", "prune", "--max-size", "0", *store],
            "doctor": ["doctor"],
        }  # fmt: skip
        found = _asked(asked)
        for name in NAMES:
            record = found[f"segment {name}"]["printed"]
            # the pixels of a mask may differ in the last bits of a float, so what is kept has a tolerance
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools' own, about numpy 2
                pixels = coco.decode(record.pop("mask"))
            record["mask centre"] = [float(each.mean()) for each in np.nonzero(pixels)]
        doctor = found["doctor"]["printed"]
        for part in [*doctor["others"], *(part for p in doctor["presets"] for part in (*p["parts"], *p["also"]))]:
            part.pop("missing")  # which checkpoints lie on a machine is its own affair; which parts there are is ours
    return plain(found)


def _asked(asked: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, arguments in asked.items():
        code, printed = _run([*arguments, "--json"])
        found[name] = {"exit": code, "printed": without_wording(scrub(json.loads(printed)))}
    return found


def _run(arguments: Sequence[str]) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = cli.run(list(arguments))
    return code, out.getvalue()


@contextlib.contextmanager
def _somewhere() -> Iterator[Path]:
    """An empty folder named alike every time, and no data folder of this machine's."""
    before = os.environ.pop("TASNB_DATA", None)
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore", tn.datasets.CountWarning)
            out = Path(folder) / "golden-out"
            out.mkdir()
            yield out
    finally:
        if before is not None:
            os.environ["TASNB_DATA"] = before


# ---------------------------------------------------------------- models


def toys() -> tuple[Any, Any, Any]:
    """What ``smoke`` takes, for who has no fixtures."""
    load = partial(tn.models.load, "toy", device="cpu")
    return load(), load(variant="official"), tn.datasets.load("reftoy", split="val")


def smoke(models: Any, official_models: Any, samples: Any) -> dict[str, Any]:
    """The pipeline on a few samples, by every method in both variants; parses of many expressions."""
    found: dict[str, Any] = {}
    loaded = {"paper": models, "official": official_models}
    for name in NAMES:
        models, described = loaded[name], dict[str, Any]()
        for index in SMOKE:
            sample = samples[index]
            if sample.image_id not in described:
                described[sample.image_id] = tn.describe(
                    sample.image, models, variant=name, image_id=sample.image_id, features=tn.baselines.FEATURES
                )
            artifacts = described[sample.image_id]
            answers = {
                other: answer(artifacts, sample.expression, models, variant=name) for other, answer in METHODS.items()
            }
            found.setdefault(name, {})[sample.sample_id] = {
                "expression": sample.expression,
                "described": _described(artifacts),
                "parse": dataclasses.asdict(answers["tas"].parse),
                "negatives": [
                    {key: getattr(phrase, key) for key in ("text", "lemma", "kept", "similarity")}
                    for phrase in answers["tas"].negatives.phrases
                ],
                **{other: _answer(answer, sample.target) for other, answer in answers.items()},
                "why": _why(answers["tas"], sample, models, name),
            }
    some = [samples[index] for index in SMOKE]
    for name in NAMES:
        table = tn.ablate(some, loaded[name], variant=name)
        found[name]["ablate"] = {key: getattr(table, key) for key in ("n", "images", "oracle_miou", "chance_miou")}
        found[name]["ablate"]["rows"] = {row["modules"]: row for row in table.rows}
    texts = [*samples[:SENTENCES].expressions, *(line.split("\t")[0] for line in FIXTURE.read_text().splitlines())]
    found["parses"] = {name: {text: _parse(text, models, name) for text in texts} for name in NAMES}
    return plain(found)


def _described(artifacts: Any) -> dict[str, Any]:
    return {
        "proposals": len(artifacts.proposals),
        "areas": artifacts.proposals.masks.sum(axis=(1, 2)).tolist(),
        "boxes_xyxy": artifacts.proposals.boxes_xyxy.tolist(),
        "captions": {style: list(texts) for style, texts in artifacts.captions.items()},
        "overall_caption": artifacts.overall_caption,
        "phrases": [phrase.text for phrase in artifacts.phrases],
        "features": list(artifacts.features.names),
    }


def _answer(answer: Any, target: np.ndarray) -> dict[str, Any]:
    """margin: of the two best candidates' totals, of the largest total; a small one may flip between machines."""
    table = answer.table
    totals = np.sort(table.total[table.kept])
    return {
        "choice": {"index": answer.index, "iou": tn.iou(answer.mask, target), "area": int(answer.mask.sum())},
        # a Grad-CAM map may be 0 everywhere: no margin at all
        "margin": float((totals[-1] - totals[-2]) / max(np.abs(totals).max(), 1e-9)) if len(totals) > 1 else None,
        "kept": table.kept.tolist(),
        **{key: getattr(table, key).tolist() for key in ("v", "p", "n", "total")},
    }


def _why(answer: Any, sample: Any, models: Any, name: str) -> dict[str, Any]:
    """The cause and the cures from values at hand, as the viewers ask for them."""
    case = evidence.case_of(
        answer.artifacts, answer.table, answer.parse, answer.negatives, sample.target, VARIANTS[name],
        gold=sample.gold, wordnet=models.wordnet,
    )  # fmt: skip
    cures = {switch.name: switch.row for switch in counterfactuals.switches(case)}
    return {"cause": attribution.verdict_of(case).cause, "iou": case.iou, "oracle": case.ious.max(), "cures": cures}


def _parse(text: str, models: Any, name: str) -> dict[str, Any]:
    parse = tn.parse(text, models.parser, rule=VARIANTS[name].parse)
    kept = ("head", "phrase", "modifiers", "directions", "direction_words", "relations", "cues")
    return {key: value for key, value in dataclasses.asdict(parse).items() if key in kept}


# ---------------------------------------------------------------- plain values


def plain(value: Any) -> Any:
    """JSON values: keys are strings, NaN is null, a float has 10 digits, which is far below any tolerance."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.10g}") if np.isfinite(value) else None
    return None if value is pd.NA else value


def scrub(value: Any) -> Any:
    """Without what changes from run to run: volatile keys go, an absolute path becomes its last part."""
    if isinstance(value, dict):
        return {key: scrub(each) for key, each in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [scrub(each) for each in value]
    return _PATH.sub(r"\1", value) if isinstance(value, str) else value


def without_wording(value: Any) -> Any:
    """A record without its sentences; "rectifier" is a cause too, with a count."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key not in WORDING or isinstance(each, (int, float))}
        return {key: without_wording(each) for key, each in kept.items()}
    return [without_wording(each) for each in value] if isinstance(value, list) else value


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dict("records")


def _by(frame: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
    """Rows under the value of one column, so that a difference names its row."""
    return {str(row[key]): row for row in _rows(frame)}
