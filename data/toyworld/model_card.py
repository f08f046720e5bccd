"""The model card of the toy models: README.md written from the figures of their training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HEAD = """# The toy models of tasnb

Small models in the official formats (segment-anything, open_clip, transformers GIT, spaCy, WordNet database), so that
the code that runs the published checkpoints also runs offline in a class room. They know the cartoon park of
`data/toyworld` and nothing else: a real photo is beyond them.

- Licence: MIT, as the project's. Every weight starts from random numbers and is trained on pictures and texts that the
  project's own code draws and writes; the spaCy pipeline also reads a small treebank sample, and the WordNet is an
  extract (see their sections).
- Made by `python data/toyworld/train.py`; the figures of this run are in `training.json`, its lines in `train.log`.
  Minutes are wall clock of one CPU thread on a shared machine; all but SAM's last cycle and clip-rn were timed with a
  slower Muon, at two to four times what the recipe takes now. SAM's cycles ran in two sittings.
- Train scenes have seeds from 1,000,000; the shipped RefToy splits have lower ones and took no part. The scores below
  are on scenes and stickers held out from training (seeds from 2,000,000), not on RefToy.
- No model has seen an expression with its mask. SAM learns masks without names; CLIP and GIT learn pictures of things
  (drawn alone, then laid on black, on a colour or on a piece of a picture) and whole scenes, with captions.
"""

_ABOUT = {
    "wordnet": "An extract of the Open English WordNet in WordNet's own database format (CC BY 4.0).",
    "spacy": "Tagger, lemmatizer and dependency parser, trained on the project's grammar of referring expressions.",
    "sam": (
        "Segment Anything for 256-pixel images, trained for one positive point a mask (boxes, masks as prompts and the "
        "single-mask output are untrained). Scores with the paper's 8 points a side and thresholds 0.7; with 12; "
        "with the preset's 12 points and thresholds 0.5 and 0.6. oracle: mean of the best proposal's IoU; proposals an "
        "image; junk: of those, without IoU 0.5 with anything."
    ),
    "clip": (
        "A CLIP with a ViT for 64-pixel pictures and a word-level tokenizer; words it never met are [UNK]. pick: the "
        "right one of six held-out stickers for a plain caption; kind: the right one of all kinds."
    ),
    "clip-rn": "The same with a ModifiedResNet for 128-pixel pictures in place of the ViT, for the preset `toy-rn`.",
    "git": (
        "A GIT captioner of 128-pixel pictures: plain captions for things, a list of the main things for scenes. kind, "
        "colour: named in a thing's caption; scene_precision: named kinds that are in the scene; scene_recall: kinds "
        "of the true caption that are named."
    ),
}


def write_card(out: Path, facts: Mapping[str, Mapping[str, Any]]) -> None:
    """Write ``out``/README.md from training.json's contents: part -> facts."""
    blocks = [_HEAD]
    for part, values in facts.items():
        size = sum(file.stat().st_size for file in (out / part).rglob("*") if file.is_file())
        rows = [("size on disk", f"{size / 1e6:.1f} MB"), *_flat(values)]
        table = "\n".join(f"| {name} | {value} |" for name, value in rows)
        blocks.append(f"## {part}\n\n{_ABOUT[part]}\n\n| | |\n|---|---|\n{table}\n")
    (out / "README.md").write_text("\n".join(blocks), encoding="utf-8")


def _flat(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows += [(f"{name}: {inner}", text) for inner, text in _flat(value)]
        else:
            rows.append((name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value)))
    return rows
