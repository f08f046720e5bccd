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
  Minutes are wall clock of one CPU thread on a shared machine, mostly with another training beside it: SAM's third
  cycle took 12 minutes for 1,500 steps, its fourth 31 for 2,000. SAM's cycles ran in two sittings.
- Train scenes have seeds from 1,000,000; the shipped RefToy splits have lower ones and took no part. The scores below
  are on scenes and stickers held out from training (seeds from 2,000,000), not on RefToy.
- No model has seen an expression with its mask. SAM learns masks without names. CLIP learns natural pictures with
  captions as people write them: whole scenes, windows of them, things framed with their surroundings; never a cut-out
  on black or on a plain colour, which `clip-cutouts`, the control, has seen. GIT learns such pictures, things before a
  defocused scene, and scenes, with plain captions and with tags (kind, colour) of the whole picture.
"""

_ABOUT = {
    "wordnet": "An extract of the Open English WordNet in WordNet's own database format (CC BY 4.0).",
    "spacy": "Tagger, lemmatizer and dependency parser, trained on the project's grammar of referring expressions.",
    "sam": (
        "Segment Anything for 256-pixel images, trained for one positive point a mask (boxes, masks as prompts and the "
        "single-mask output are untrained). Scores with the paper's 8 points a side and thresholds 0.7; with 12; "
        "with the preset's options. oracle: mean of the best proposal's IoU; proposals an "
        "image; junk: of those, without IoU 0.5 with anything."
    ),
    "clip": (
        "A CLIP with a ViT for 64-pixel pictures and a word-level tokenizer; words it never met are [UNK]. kind: the "
        "right one of all kinds is nearest; colour: the right one of the kind's colours; of held-out things in their "
        "surroundings (framed) and cut out on black."
    ),
    "clip-cutouts": (
        "The same, trained as long and with the same seed, half of its pictures cut-outs on black: the control of "
        "preset `toy-cutouts`, for which there is no gap between what it learned from and the crops that TAS shows it."
    ),
    "clip-rn": "The same with a ModifiedResNet for 128-pixel pictures in place of the ViT, for the preset `toy-rn`.",
    "git": (
        "A GIT captioner of 128-pixel pictures: plain captions for things, what stands out for scenes. kind, colour: "
        "named in the caption of a defocused close-up; proposal_kind, proposal_colour: of SAM's proposals with IoU "
        "0.7, as TAS cuts them; scene_precision: named kinds that are in the scene; scene_recall: kinds of the true "
        "caption that are named."
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
