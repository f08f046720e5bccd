"""How long an import of RefCOCO val's size takes: 10,834 answers, 1,500 pictures of 480 x 640; wall, CPU, peak memory.

    python -m tests.benchmarks.bench_import            # bounds: 60 s and 1 GB on two cores
    python -m tests.benchmarks.bench_import --small    # a hundredth of it

Answers are ellipses beside the targets, as run lengths in JSON; the data set is that of ``bench_datasets``, read whole.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path

import numpy as np

import tasnb.datasets as datasets
from tasnb.core.masks import to_rle
from tests.benchmarks import bench_datasets

ANSWERS, IMAGES, REFS = 10_834, 1_500, 3_900  # val has 3,811 refs, which here have a few sentences less
SECONDS, GIGABYTES = 60.0, 1.0

IMPORT = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import tasnb as tn
root, answers, count, out = sys.argv[1:]
started = time.perf_counter()
samples = tn.datasets.load("refcoco", split="val", root=root)[: int(count)]
loaded = time.perf_counter() - started
run = tn.evaluation.import_predictions(answers, samples, name="ellipses", out=out)
seconds = time.perf_counter() - started
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu = sum(each.ru_utime + each.ru_stime for each in used)
# the process that reads the expressions runs beside this one, so both count
peak = sum(each.ru_maxrss for each in used) * (1 if sys.platform == "darwin" else 1024) / 1e9
row, images = run.table().iloc[0], run.predictions()["image_id"].nunique()
print(json.dumps({"answers": int(row["n"]), "miou": row["miou"], "images": images, "loaded": loaded,
                  "seconds": seconds, "cpu": cpu, "gigabytes": peak}))
"""


WRITE = """
import sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from tests.benchmarks import bench_import
print(bench_import.write(Path(sys.argv[1]), shrink=int(sys.argv[2])))
"""


def write(root: Path, *, shrink: int = 1) -> int:
    """A data set whose val is of RefCOCO's size, and answers to its first sentences; returns how many these are."""
    bench_datasets.write(root, shrink=shrink)
    images, wanted = IMAGES // shrink, REFS // shrink
    marked = json.loads((root / "refcoco" / "instances.json").read_bytes())["annotations"]
    of_image: dict[int, list[int]] = {}
    for each in marked:
        of_image.setdefault(each["image_id"], []).append(each["id"])
    turns = zip_longest(*list(of_image.values())[:images])
    about = dict(zip(list(of_image)[:images], range(images), strict=True))
    ids = [id_ for turn in turns for id_ in turn if id_ is not None][:wanted]
    image_of = {each["id"]: each["image_id"] for each in marked if each["image_id"] in about}
    path = root / "refcoco" / "refs(unc).p"
    refs = pickle.loads(path.read_bytes())
    for ref in refs:
        ref["split"] = "train"
    for ref, id_ in zip(refs, ids, strict=False):
        ref |= {"split": "val", "ann_id": id_, "image_id": image_of[id_]}
    path.write_bytes(pickle.dumps(refs, protocol=2))
    samples = datasets.load("refcoco", split="val", root=root)
    rng, (ys, xs) = np.random.default_rng(0), np.ogrid[:480, :640]
    answers, count = root / "answers.json", min(len(samples), ANSWERS // shrink)
    rows = []
    for sent_id in samples.sent_ids[:count]:
        x, y, a, b = rng.uniform((250, 180, 80, 60), (400, 300, 200, 160))
        mask = ((xs - x) / a) ** 2 + ((ys - y) / b) ** 2 + 0.1 * np.sin(xs / 5) <= 1
        rows.append({"sent_id": int(sent_id), "segmentation": to_rle(mask), "score": 0.5})
    answers.write_text(json.dumps(rows))
    return count


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", action="store_true", help="a hundredth of the size: checks that the benchmark runs")
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        # in a process of its own: what is started begins with the peak of who starts it
        shrink = "100" if given.small else "1"
        made = subprocess.run([sys.executable, "-c", WRITE, place, shrink], capture_output=True, text=True, check=True)
        answers, count = root / "answers.json", int(made.stdout)
        command = [sys.executable, "-c", IMPORT, str(root), str(answers), str(count), str(root / "run")]
        took = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        fits = took["seconds"] <= SECONDS and took["gigabytes"] <= GIGABYTES
        size = answers.stat().st_size / 1e6
        print(f"{took['answers']:,} answers, {took['images']:,} pictures, {size:.1f} MB, mIoU {took['miou']:.2f}")
        print(f"data set read   {took['loaded']:8.2f} s")
        print(f"all             {took['seconds']:8.2f} s, CPU {took['cpu']:.2f} s, peak {took['gigabytes']:.2f} GB")
        print(f"{'within' if fits else 'OVER'} {SECONDS:g} s and {GIGABYTES:g} GB")


if __name__ == "__main__":
    main()
