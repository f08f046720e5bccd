"""What ``plus`` gains over ``paper``: each part on RefToy's shipped runs, and its prior alone on real expressions.

    python -m tests.benchmarks.bench_plus                            # testA and testB of reftoy, reftoyg, reftoy+
    python -m tests.benchmarks.bench_plus --preset toy-rn --splits val
    python -m tests.benchmarks.bench_plus --runs RUN ...             # runs of your own, together
    python -m tests.benchmarks.bench_plus --refexp                   # the prior without any picture (TASNB_SHARED)

No model is loaded, but for the two parsers of ``--refexp``. Everything was chosen on RefToy's train scenes and on
pictures of refexp with an even id; ``--refexp --even`` prints those.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tasnb.core.shipped import data_root
from tasnb.core.tables import interval_text, text_table
from tasnb.core.types import Parse
from tasnb.evaluation.ablation import plus_ablation
from tasnb.evaluation.runs import Run
from tasnb.models.language import load_parser
from tasnb.stages import expressions as parsing
from tasnb.stages import spatial
from tests.benchmarks import refexp

DATA = ("reftoy", "reftoyg", "reftoy+")


def table_of(runs: Sequence[Run]) -> str:
    """The steps from paper to plus with their paired intervals, as text."""
    rows = []
    for row in plus_ablation(runs).to_dict("records"):
        steps = [
            "" if row[name] != row[name] else f"{row[name]:+.2f} {interval_text(*ends, signed=True)}"
            for name in ("miou_gain", "total")
            for ends in [(row[f"{name}_low"], row[f"{name}_high"])]
        ]
        rows.append([row["modules"], row["miou"], *steps, row["oiou"], row["pr50"]])
    return text_table(["part", "mIoU", "step", "over paper", "oIoU", "Pr@0.5"], rows)


def of_boxes(each: refexp.Expression, parse: Parse, rule: spatial.RectifierRule) -> tuple[np.ndarray, np.ndarray]:
    """What a rule keeps of an expression's boxes, bool (n,), and its prior, float (n,), 0 for a hard rule."""
    low, size = each.boxes_xywh[:, :2], each.boxes_xywh[:, 2:]
    boxes = np.rint(np.concatenate([low, low + size], axis=1)).astype(int)
    areas = np.rint(size.prod(axis=1)).astype(int)
    kept, trace = spatial.rectify(parse, each.centres_xy, rule=rule, areas=areas, boxes_xyxy=boxes)
    return kept, np.zeros(len(each)) if trace.prior is None else trace.prior.round(9)


def within(prior: np.ndarray, target: int, places: int) -> float:
    """How probable it is that the target is among the first places by its prior, ties in any order: 0 to 1."""
    above, level = (prior > prior[target]).sum(), (prior == prior[target]).sum()
    return float(np.clip((places - above) / level, 0, 1))


def refexp_tables(expressions: Sequence[refexp.Expression], parses: Sequence[Parse]) -> str:
    """The gain over a random choice of the paper's half and of the prior, and where the prior puts the target."""
    gains, places = [], []
    for name, shown in refexp.DATASETS.items():
        pairs = [(e, p) for e, p in zip(expressions, parses, strict=True) if e.dataset == name and len(e) > 1]
        said = [(e, p) for e, p in pairs if p.directions]
        if said:
            here = [e for e, _ in said]
            hard = refexp.gain(here, [of_boxes(e, p, spatial.PAPER)[0] for e, p in said])
            priors = [of_boxes(e, p, spatial.SOFT)[1] for e, p in said]
            soft = refexp.gain(here, [prior == prior.max() for prior in priors])
            alone = [of_boxes(e, p, replace(spatial.SOFT, reads=("direction",)))[1] for e, p in said]
            only = refexp.gain(here, [prior == prior.max() for prior in alone])
            gains.append([shown, len(said), str(hard), str(soft), str(only), f"{soft.value - hard.value:+.1f}"])
        many = [(e, of_boxes(e, p, spatial.SOFT)[1]) for e, p in pairs if len(e) >= 4]
        many = [(e, prior) for e, prior in many if np.ptp(prior) > 0]
        for count in (1, 2, 3) if many else ():
            found = refexp.mean([e for e, _ in many], np.array([within(prior, e.target, count) for e, prior in many]))
            places.append([shown, len(many), count, str(found), 100 * np.mean([count / len(e) for e, _ in many])])
    heads = ["expressions with directions", "n", "half", "prior", "its directions alone", "prior - half"]
    more = ["four boxes or more, a place said", "n", "target within the first", "%", "chance"]
    return f"{text_table(heads, gains)}\n{text_table(more, places)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table a data set."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--preset", default="toy")
    asked.add_argument("--splits", nargs="+", default=["testA", "testB"])
    asked.add_argument("--runs", nargs="+", default=[])
    asked.add_argument("--refexp", action="store_true")
    asked.add_argument("--even", action="store_true")
    given = asked.parse_args(arguments)
    if given.refexp:
        shared = refexp.shared_root()
        if not (shared / "data/refexp").is_dir():
            print(f"no {shared / 'data/refexp'}, so nothing is measured; TASNB_SHARED says where the shared data lies")
            return
        chosen = refexp.load(odd=not given.even)
        pipelines = {"toy": data_root() / "models/toy/spacy", "real": shared / "models/en_core_web_sm-3.8.0"}
        for parser, folder in pipelines.items():
            parses = parsing.parse_all([each.text for each in chosen], load_parser(folder))
            print(f"{parser} parser, {'even' if given.even else 'odd'} picture ids\n{refexp_tables(chosen, parses)}\n")
        return
    groups = {name: [Run.shipped(given.preset, name, split) for split in given.splits] for name in DATA}
    if given.runs:
        groups = {" + ".join(given.runs): [Run.open(folder) for folder in given.runs]}
    for name, runs in groups.items():
        count = sum(int(run.about["dataset"]["samples"]) for run in runs)
        models = runs[0].about["models"]["name"]
        print(f"{name}: {count} expressions, {models}, 95 % paired intervals\n{table_of(runs)}\n")


if __name__ == "__main__":
    main()
