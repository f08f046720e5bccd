"""Damaged files of every kind that is read: what comes of each, how long it takes at most, how much memory.

    python -m tests.benchmarks.bench_mutations                  # 10,000 files
    python -m tests.benchmarks.bench_mutations --files 300      # a quick look
    python -m tests.benchmarks.bench_mutations --kind run       # one kind

Small whole files are written, one of each kind is damaged (bits, bytes, blocks, cuts, numbers and brackets of texts)
and read again as a user's command reads it. Allowed are the same value, another value where nothing tells (a pixel of a
photo) and a `UserError`. Anything else is a defect: another exception, a process that dies, one that hangs. In a kind
that carries our checksums (store, run) another value is a defect too: it would be a silent change.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import multiprocessing
import random
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

HANGS = 60.0  # seconds
SAME, OTHER, REFUSED = "same value", "another value", "refused"
Read = Callable[[], Any]


@dataclass(frozen=True)
class Kind:
    """A kind of file. ``make`` writes whole ones into a folder; it gives those to damage, and how to read them."""

    make: Callable[[Path], tuple[list[Path], Read]]
    share: int  # of the files, in parts
    checked: bool = False  # whether it carries our checksum


def digest(*values: Any) -> str:
    """One text for arrays and plain values."""
    parts = [v.tobytes() if isinstance(v, np.ndarray) else repr(v).encode("utf-8", "replace") for v in values]
    return hashlib.sha256(b"|".join(parts)).hexdigest()


def samples_digest(samples: Any) -> str:
    return digest(*((s.sample_id, s.expression, s.image, s.target) for s in samples))


# the kinds


def pictures(folder: Path) -> tuple[list[Path], Read]:
    from PIL import Image

    from tasnb.core.images import as_rgb

    pixels = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8))
    paths = [folder / f"photo.{ending}" for ending in ("png", "jpg", "webp", "tif", "bmp", "gif")]
    for path in paths:
        pixels.save(path)
    return paths, lambda: digest(*map(as_rgb, paths))


def folder_set(folder: Path) -> tuple[list[Path], Read]:
    from PIL import Image

    import tasnb as tn
    from tests.datasets.hand_made import photo

    photo(folder / "a.png")
    mask = np.zeros((30, 40), dtype=np.uint8)
    mask[5:20, 5:30] = 255
    Image.fromarray(mask).save(folder / "m.png")
    Image.fromarray(mask).convert("P").save(folder / "p.gif")
    polygon = json.dumps([[2, 2, 20, 2, 20, 20]])
    rows = [("image", "expression", "mask"), ("a.png", "the dog", "m.png"), ("a.png", "left cat", "p.gif"),
            ("a.png", "cup", polygon)]  # fmt: skip
    with (folder / "samples.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    paths = [folder / name for name in ("samples.csv", "m.png", "p.gif")]
    return paths, lambda: samples_digest(tn.datasets.load("folder", root=folder, split="all"))


def refer_set(folder: Path, *, as_json: bool = False) -> tuple[list[Path], Read]:
    import tasnb as tn
    from tests.datasets.hand_made import refer_parts, write_refer

    write_refer(folder, *refer_parts(), as_json=as_json)
    home = folder / "refcoco"
    paths = [home / "instances.json", home / f"refs(unc).{'json' if as_json else 'p'}"]
    return paths, lambda: samples_digest(tn.datasets.load("refcoco", split="val", root=folder))


def refer_json(folder: Path) -> tuple[list[Path], Read]:
    return refer_set(folder, as_json=True)


def checked_set(folder: Path) -> tuple[list[Path], Read]:
    import tasnb as tn

    paths, _ = refer_set(folder)
    return paths, lambda: tn.datasets.check("refcoco", root=folder).to_dict()["problems"]


def phrasecut(folder: Path) -> tuple[list[Path], Read]:
    import tasnb as tn
    from tests.datasets.hand_made import phrasecut_tasks, write_phrasecut

    write_phrasecut(folder, phrasecut_tasks())
    home = folder / "VGPhraseCut_v0"
    paths = [home / "refer_test.json", home / "image_data_split.json"]
    return paths, lambda: samples_digest(tn.datasets.load("phrasecut", split="test", root=folder))


def proposals_file(folder: Path) -> tuple[list[Path], Read]:
    from tasnb.core.masks import to_rle
    from tasnb.datasets.results import ResultsFile

    path, mask = folder / "masks.json", np.zeros((12, 20), dtype=bool)
    mask[2:9, 3:12] = True
    path.write_text(json.dumps([{"image_id": i, "segmentation": to_rle(mask), "score": 0.5} for i in (1, 1, 2)]))
    return [path], lambda: digest(*(ResultsFile.read(path).proposals(i, (12, 20)).masks for i in ("1", "2")))


def store_entry(folder: Path) -> tuple[list[Path], Read]:
    from tasnb.store import Store

    made = np.arange(64, dtype=np.float32)
    store = Store(folder)

    def read() -> str:
        return digest(store.memo("captions", "0" * 64, "toy", {}, lambda: made))

    read()
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size], read


def run_folder(folder: Path) -> tuple[list[Path], Read]:
    from tasnb.core.shipped import data_root
    from tasnb.evaluation.runs import Run

    here = folder / "run"
    source = next((data_root() / "runs" / "toy").rglob("run.json")).parent
    shutil.copytree(source, here)

    def read() -> str:
        run = Run(here)
        tables = [run.predictions(), run.refs(), run.errors(), run.proposals()]
        return digest(*(table.to_csv() for table in tables), json.dumps(dict(run.about), sort_keys=True, default=str))

    return [path for path in here.rglob("*") if path.is_file() and path.suffix in (".json", ".parquet")], read


def notebook(folder: Path) -> tuple[list[Path], Read]:
    import nbformat

    from tasnb.viewers.freezing import freeze

    cells = [nbformat.v4.new_markdown_cell("# A title\n\n$x^2$"), nbformat.v4.new_code_cell("1 + 1")]
    cells[1]["outputs"] = [nbformat.v4.new_output("execute_result", {"text/plain": "2", "text/html": "<b>2</b>"})]
    path = folder / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return [path], lambda: freeze(path)


def models_file(folder: Path) -> tuple[list[Path], Read]:
    from tasnb.models.presets import plan

    path = folder / "models.json"
    path.write_text(json.dumps({"preset": "toy", "sam": "toy", "weights": {"refcoco": {"alpha": 0.1, "lam": 0.7}}}))
    return [path], lambda: repr(plan(path)[::2])


def toy_part(role: str, home: str, suffixes: tuple[str, ...]) -> Callable[[Path], Any]:
    """One of the toy models, in its official format, loaded by the loader of its role."""

    def make(folder: Path) -> tuple[list[Path], Read]:
        from tasnb.core.shipped import data_root
        from tasnb.models.presets import plan

        here = folder / home
        shutil.copytree(data_root() / "models" / "toy" / home, here)
        paths = [path for path in here.rglob("*") if path.is_file() and path.suffix in suffixes]

        def read() -> str:
            _, loaders, arguments = plan("toy", device="cpu", **{role: str(here)})
            return type(loaders[role](**arguments[role])).__name__

        return paths, read

    return make


WEIGHTS = (".json", ".safetensors", ".txt")
KINDS: dict[str, Kind] = {
    "picture": Kind(pictures, 12),
    "folder": Kind(folder_set, 10),
    "refcoco, pickle": Kind(refer_set, 10),
    "refcoco, json": Kind(refer_json, 10),
    "refcoco, check": Kind(checked_set, 8),
    "phrasecut": Kind(phrasecut, 8),
    "proposals": Kind(proposals_file, 8),
    "store": Kind(store_entry, 10, checked=True),
    "run": Kind(run_folder, 10, checked=True),
    "notebook": Kind(notebook, 5),
    "models.json": Kind(models_file, 5),
    "SAM": Kind(toy_part("sam", "sam", WEIGHTS), 3),
    "CLIP": Kind(toy_part("clip", "clip", WEIGHTS), 3),
    "captioner": Kind(toy_part("captioner", "git", WEIGHTS), 3),
    "spaCy": Kind(toy_part("spacy", "spacy", (".json", ".cfg", ".bin", "")), 2),
    "WordNet": Kind(toy_part("wordnet", "wordnet", ("", ".noun", ".exc", ".verb")), 3),
}


# the damage


def damaged(data: bytes, at: random.Random) -> bytes:
    """The bytes with one damage, of a dozen sorts."""
    size = max(len(data), 1)
    start = at.randrange(size)
    stop = min(size, start + at.choice([1, 4, 16, 256, size]))
    piece = data[start:stop]
    sorts: list[Callable[[], bytes]] = [
        lambda: data[:start] + bytes([(data[start] if data else 0) ^ (1 << at.randrange(8))]) + data[start + 1 :],
        lambda: data[:start] + at.randbytes(len(piece)) + data[stop:],
        lambda: data[:start],
        lambda: data[start:],
        lambda: data[:start] + data[stop:],
        lambda: data[:stop] + data[start:],
        lambda: data[:start] + bytes(len(piece)) + data[stop:],
        lambda: data[:start] + at.randbytes(at.randrange(1, 64)) + data[start:],
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: at.choice([b"", b"<!doctype html><html></html>", b"version https://git-lfs.github.com/spec/v1\n"]),
        lambda: text_damage(data, at),
        lambda: text_damage(data, at),
    ]
    return at.choice(sorts)()


def text_damage(data: bytes, at: random.Random) -> bytes:
    """A number, a text or a bracket of JSON, or of a table, made into another."""
    import re

    found = list(re.finditer(rb'-?\d+(?:\.\d+)?|"[^"]{0,40}"|[\[\]{}:,]', data[:200_000]))
    if not found:
        return data[::-1]
    chosen = at.choice(found)
    others = [b"1e999", b"-1", b"0", b"9" * 30, b"null", b"true", b'""', b"[]", b"{}", b'"\\ud800"', b"NaN",
              b'"../../x"', b"[" * 3000, b"2147483648", b'"' + b"a" * 5000 + b'"', b"0.5", b'"\\u0000"']  # fmt: skip
    return data[: chosen.start()] + at.choice(others) + data[chosen.end() :]


def work(name: str, first: int, last: int, pipe: Connection) -> None:
    """Damage and read files number first to last of a kind; each outcome is sent: (number, what, seconds)."""
    import logging

    from tasnb.core.errors import UserError

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place:
        paths, read = KINDS[name].make(Path(place))
        paths.sort()
        whole = {path: path.read_bytes() for path in paths}
        expected = read()
        for number in range(first, last):
            at = random.Random(f"{name} {number}")
            path = at.choice(paths)
            path.write_bytes(damaged(whole[path], at))
            pipe.send((number, "", 0.0))
            began = time.perf_counter()
            try:
                what = SAME if read() == expected else OTHER
            except UserError as refusal:
                what = REFUSED if "\n" not in str(refusal) else "an error of several lines"
            except OSError as problem:  # the system's own word, which the command line gives as one line
                what = REFUSED if problem.errno else f"{type(problem).__name__}: {problem}"[:110]
            except Exception as defect:
                what = f"{type(defect).__name__}: {' '.join(str(defect).split())}"[:110]
            taken = time.perf_counter() - began
            for other, data in whole.items():  # a reader may move a damaged file aside
                if not other.is_file() or other == path or other.stat().st_size != len(data):
                    other.parent.mkdir(parents=True, exist_ok=True)
                    other.write_bytes(data)
            pipe.send((number, what, taken))
        pipe.send((last, "done", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))


def campaign(name: str, files: int) -> tuple[Counter[str], float, float, list[str]]:
    """Outcomes of a kind, its slowest file in seconds, its peak memory in GB, and what went wrong."""
    spawn, outcomes, slowest, peak = multiprocessing.get_context("spawn"), Counter[str](), 0.0, 0.0
    defects: list[str] = []
    number, begun = 0, False
    while number < files:
        mine, theirs = spawn.Pipe(duplex=False)
        process = spawn.Process(target=work, args=(name, number, files, theirs))
        process.start()
        theirs.close()
        what = ""
        while True:
            try:
                if not mine.poll(HANGS + 120 * (what == "")):
                    what = "hangs"
                    break
                at, what, figure = mine.recv()
            except EOFError:
                what = "the process dies"
                break
            if what == "done":
                peak, number = max(peak, figure), files
                break
            number, begun = at, True
            if what:
                outcomes[what if what in (SAME, OTHER, REFUSED) else "defect"] += 1
                slowest, number = max(slowest, figure), at + 1
                if what not in (SAME, OTHER, REFUSED) or (what == OTHER and KINDS[name].checked):
                    defects.append(f"{name} {at}: {what}")
        if not begun:
            raise SystemExit(f"the whole files of {name!r} cannot be made or read: see above")
        if what in ("hangs", "the process dies"):
            process.kill()
            outcomes["defect"] += 1
            defects.append(f"{name} {number}: {what}")
            number += 1
        process.join()
    return outcomes, slowest, peak, defects


def rows(files: int, only: str | None) -> Iterator[str]:
    """A line a kind, then every defect."""
    whole = sum(kind.share for kind in KINDS.values())
    defects: list[str] = []
    total = Counter[str]()
    head = (SAME, OTHER, REFUSED, "defect")
    yield f"{'kind':<16} {'files':>6} " + " ".join(f"{word:>13}" for word in head) + "  slowest  peak of process"
    for name, kind in KINDS.items():
        if only not in (None, name):
            continue
        count = files if only else max(1, round(files * kind.share / whole))
        outcomes, slowest, peak, found = campaign(name, count)
        total += outcomes
        defects += found
        figures = " ".join(f"{outcomes[word]:>13,}" for word in head)
        marked = "  checksums" if kind.checked else ""
        yield f"{name:<16} {count:>6,} {figures} {slowest:>7.2f} s {peak:>7.2f} GB{marked}"
    yield f"{'together':<16} {sum(total.values()):>6,} " + " ".join(f"{total[word]:>13,}" for word in head)
    yield f"{len(defects)} defects" + "".join(f"\n  {line}" for line in defects[:60])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--kind", choices=sorted(KINDS))
    given = parser.parse_args()
    for row in rows(given.files, given.kind):
        print(row, flush=True)


if __name__ == "__main__":
    sys.exit(main())
