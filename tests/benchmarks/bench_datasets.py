"""How fast the REFER reader is on a set of RefCOCO's size: seconds and memory, with made-up polygons and sentences.

    python -m tests.benchmarks.bench_datasets            # 142,209 sentences, 50,000 refs, 19,994 images, 196,000 masks
    python -m tests.benchmarks.bench_datasets --small    # a hundredth of it

Before that it reads instances.json (159 MB) in two ways: pydantic on the whole file, and json with the polygons left
unread and our own checks. Pydantic takes about three quarters of the time and 2.4 times the memory, and gives nothing
at all of a file with one fault, where ``check`` names every fault; so the library reads in the other way.

Each reading runs in a process of its own, so that its peak memory is its own. Bounds: 30 s and 3 GB.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

IMAGES, REFS, SENTENCES, ANNOTATIONS = 19_994, 50_000, 142_209, 196_000
WORDS = ("left", "right", "man", "woman", "red", "shirt", "dog", "zebra", "second", "from", "the", "front", "holding")
SECONDS, GIGABYTES = 30.0, 3.0

READ = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import tasnb.datasets as datasets
name, split, root = sys.argv[1:]
started = time.perf_counter()
if split == "check":
    report = datasets.check(name, root=root)
    answer = {"sentences": sum(c.found.sentences for c in report.counts), "kinds": report.kinds}
else:
    samples = datasets.load(name, split=split, root=root)
    answer = {"sentences": len(samples), "things": len(samples.things(samples.image_id(0)))}
answer["seconds"] = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
answer["gigabytes"] = peak * (1 if sys.platform == "darwin" else 1024) / 1e9
print(json.dumps(answer))
"""

PARSE = """
import json, resource, sys, time
from pathlib import Path
from typing import Any
how, path = sys.argv[1], Path(sys.argv[2])
if how == "pydantic":
    from pydantic import TypeAdapter
    from typing_extensions import NotRequired, TypedDict
    Id = int | str
    Image = TypedDict("Image", {"id": Id, "file_name": str, "height": NotRequired[int], "width": NotRequired[int]})
    Code = TypedDict("Code", {"size": tuple[int, int], "counts": str | list[int]})
    Marked = TypedDict("Marked", {"id": Id, "image_id": Id, "segmentation": list[list[float]] | Code,
                                  "bbox": NotRequired[list[float]], "category_id": NotRequired[Id]})
    Kind = TypedDict("Kind", {"id": Id, "name": str})
    File = TypedDict("File", {"images": list[Image], "annotations": list[Marked], "categories": list[Kind]})
    file = TypeAdapter(File)
    started = time.perf_counter()
    found = len(file.validate_json(path.read_bytes())["annotations"])
else:
    from tasnb.datasets import refer
    from tasnb.datasets.contents import Contents
    contents = Contents(name="refcoco", strict=True, draw=refer._draw)
    started = time.perf_counter()
    refer._read_instances(path, path.parent, None, contents)
    found = len(contents.annotations)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
peak *= 1 if sys.platform == "darwin" else 1024
print(json.dumps({"annotations": found, "seconds": seconds, "gigabytes": peak / 1e9}))
"""


def write(root: Path, *, shrink: int = 1) -> None:
    """A REFER set of RefCOCO's proportions; its images folder is empty. Half of the sentences are train's."""
    rng = np.random.default_rng(0)
    images, refs, sentences, annotations = (n // shrink for n in (IMAGES, REFS, SENTENCES, ANNOTATIONS))
    (root / "refcoco").mkdir(parents=True)
    (root / "images" / "train2014").mkdir(parents=True)
    image_ids = np.sort(rng.choice(581_000, images, replace=False)) + 1
    listed = [
        {"license": 1, "file_name": f"COCO_train2014_{i:012d}.jpg", "coco_url": f"http://mscoco.org/images/{i}",
         "height": 480, "width": 640, "date_captured": "2013-11-14 17:02:52",
         "flickr_url": f"http://farm5.staticflickr.com/{i}_z.jpg", "id": int(i)}
        for i in image_ids
    ]  # fmt: skip
    owners = rng.integers(0, images, annotations)
    marked = []
    for place in range(annotations):
        polygons = []
        for _ in range(1 if rng.random() < 0.75 else 2):
            # 600 to 700 bytes an annotation; COCO's instances_train2017.json has 545
            points = int(rng.integers(8, 58))
            angles = np.sort(rng.random(points)) * 2 * np.pi
            rim = np.stack([320 + 150 * np.cos(angles), 240 + 110 * np.sin(angles)], axis=1).round(2)
            polygons.append(rim.ravel().tolist())
        marked.append(
            {"segmentation": polygons, "area": 51836.25, "iscrowd": 0, "image_id": int(image_ids[owners[place]]),
             "bbox": [170.0, 130.0, 300.0, 220.0], "category_id": 1, "id": place + 1}
        )  # fmt: skip
    content = {
        "info": {"description": "made up"}, "images": listed, "licenses": [], "annotations": marked,
        "categories": [{"supercategory": "person", "id": 1, "name": "person"}],
    }  # fmt: skip
    with (root / "refcoco" / "instances.json").open("w") as file:
        json.dump(content, file)
    each = rng.multinomial(sentences - refs, np.full(refs, 1 / refs)) + 1
    said, number = [], 0
    for place in range(refs):
        own = []
        for _ in range(each[place]):
            tokens = [str(word) for word in rng.choice(WORDS, rng.integers(1, 8))]
            text = " ".join(tokens)
            own.append({"tokens": tokens, "raw": text + ".", "sent_id": number, "sent": text})
            number += 1
        split = ("train", "train", "train", "train", "val", "testA", "testB")[place % 7]
        said.append(
            {"sent_ids": [s["sent_id"] for s in own], "file_name": f"COCO_train2014_{place}_{place}.jpg",
             "ann_id": place + 1, "ref_id": place, "image_id": marked[place]["image_id"], "split": split,
             "sentences": own, "category_id": 1}
        )  # fmt: skip
    (root / "refcoco" / "refs(unc).p").write_bytes(pickle.dumps(said, protocol=2))


def apart(code: str, *arguments: str) -> dict[str, float]:
    """What the code prints in a fresh process: how many, seconds, gigabytes at the peak."""
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def line(what: str, took: dict[str, float], unit: str = "sentences") -> str:
    return f"{what:<16}{took[unit]:>8,} {unit} {took['seconds']:8.2f} s {took['gigabytes']:6.2f} GB"


def main(arguments: list[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", action="store_true", help="a hundredth of the size: checks that the benchmark runs")
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        print("writing a made-up RefCOCO ...", flush=True)
        write(root, shrink=100 if given.small else 1)
        for file in sorted((root / "refcoco").iterdir()):
            print(f"{file.name:<16} {file.stat().st_size / 1e6:8.1f} MB")
        for how in ("pydantic", "own checks"):
            took = apart(PARSE, how, str(root / "refcoco" / "instances.json"))
            print(line(how, took, "annotations"), flush=True)
        for split in ("train", "val"):
            took = apart(READ, "refcoco", split, str(root))
            fits = took["seconds"] <= SECONDS and took["gigabytes"] <= GIGABYTES
            verdict = f"{'within' if fits else 'OVER'} {SECONDS:g} s and {GIGABYTES:g} GB"
            print(f"{line('load ' + split, took)}   {verdict}", flush=True)
        print(line("check all", apart(READ, "refcoco", "check", str(root))))


if __name__ == "__main__":
    main()
