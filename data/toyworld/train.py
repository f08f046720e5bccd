"""Reproduce the toy models' weights: ``python data/toyworld/train.py [--only PART] [--steps N] [--out DIR] ...``.

Writes one folder a part, a model card (README.md), the figures behind it (training.json) and the log (train.log).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toyworld.train_schedule import Log

PARTS = ("wordnet", "spacy", "sam", "clip", "clip-cutouts", "clip-rn", "git")
DEFAULT_CACHE = Path(".cache/toyworld")


def train_part(
    part: str,
    out: Path,
    *,
    steps: int | None = None,
    seed: int = 0,
    device: str = "auto",
    cache: Path | None = DEFAULT_CACHE,
    log: Log = print,
    **options: Any,
) -> dict[str, Any]:
    """Train one part into ``out``/part; return its facts: counts, seed, minutes, scores.

    options: what the part's own ``train`` takes (scenes, stickers, batch). Raises ValueError for an unknown part.
    """
    folder = out / part
    if part not in PARTS:
        raise ValueError(f"unknown part {part!r}; choose from {', '.join(PARTS)}")
    if part == "wordnet":
        from toyworld import mini_wordnet

        began = time.perf_counter()
        counts = mini_wordnet.build(folder)
        return {**counts, "minutes": round((time.perf_counter() - began) / 60, 1)}
    if part == "spacy":
        from toyworld import train_spacy

        began = time.perf_counter()
        facts = dict(train_spacy.train(folder, steps=steps, seed=seed, log=log))
        return {"seed": seed, "minutes": round((time.perf_counter() - began) / 60, 1), **facts}
    if part == "sam":
        from toyworld import train_sam as recipe
    elif part.startswith("clip"):
        from toyworld import photos
        from toyworld import train_clip as recipe  # type: ignore[no-redef]

        regime = photos.WITH_CUTOUTS if part == "clip-cutouts" else photos.NATURAL
        options = {"tower": "resnet" if part == "clip-rn" else "vit", "regime": regime, **options}
    else:
        from toyworld import train_git as recipe  # type: ignore[no-redef]
    return recipe.train(folder, steps=steps, seed=seed, device=device, cache=cache, log=log, **options)


def record(out: Path, part: str, facts: dict[str, Any], lines: Sequence[str]) -> None:
    """Put a part's facts into training.json and its lines into train.log, write the card; other parts stay."""
    from toyworld.model_card import write_card

    book = out / "training.json"
    everything = json.loads(book.read_text(encoding="utf-8")) if book.is_file() else {}
    everything[part] = facts
    ordered = {name: everything[name] for name in PARTS if name in everything}
    book.write_text(json.dumps(ordered, indent=2, default=float) + "\n", encoding="utf-8")
    log_file = out / "train.log"
    sections = _sections(log_file.read_text(encoding="utf-8")) if log_file.is_file() else {}
    sections[part] = "\n".join(lines)
    text = "\n\n".join(f"== {name} ==\n{sections[name]}" for name in PARTS if name in sections)
    log_file.write_text(text + "\n", encoding="utf-8")
    write_card(out, ordered)


def _sections(text: str) -> dict[str, str]:
    """The log's parts: name -> lines."""
    found: dict[str, str] = {}
    for block in ("\n" + text).split("\n== ")[1:]:
        name, _, body = block.partition(" ==\n")
        found[name] = body.strip("\n")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the recipe; returns 0."""
    parser = argparse.ArgumentParser(prog="python data/toyworld/train.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", choices=PARTS, action="append", help="train this part only (may be given again)")
    parser.add_argument("--steps", type=int, help="fewer steps than the recipe's, to try it out")
    parser.add_argument("--out", type=Path, help="folder to write to (default: the shipped data/models/toy)")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="where pictures drawn ahead are kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's choice)")
    given = parser.parse_args(argv)
    if given.steps is not None and given.steps < 1:
        parser.error(f"--steps: expected at least 1, got {given.steps}")
    out = given.out if given.out is not None else _shipped_folder()
    out.mkdir(parents=True, exist_ok=True)
    if given.threads:
        import torch

        torch.set_num_threads(given.threads)
    for part in given.only or PARTS:
        lines: list[str] = []

        def log(line: str, lines: list[str] = lines) -> None:
            lines.append(line)
            print(line, file=sys.stderr, flush=True)

        facts = train_part(
            part, out, steps=given.steps, seed=given.seed, device=given.device, cache=given.cache, log=log
        )
        log(f"{part}  done in {facts.get('minutes', 0)} min")
        record(out, part, facts, lines)
    return 0


def _shipped_folder() -> Path:
    from tasnb.core.shipped import data_root

    return data_root() / "models" / "toy"


if __name__ == "__main__":
    # run as a file, Python looks beside it: look one folder up, for the package
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    raise SystemExit(main())
