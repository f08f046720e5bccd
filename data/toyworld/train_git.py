"""Train the toy captioner: transformers' GIT in a small size, on photos of things and of whole scenes.

As with the real ones, its image tower is taught before the words: it learns tags, which kinds in which colours a photo
shows, first on small photos of one or a few things, then on whole scenes; the tags' head is thrown away. No caption and
no tag says where anything is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from toyworld import pairs
from toyworld.captions import scene_caption, vocabulary
from toyworld.photos import Camera, Photo, Regime, stacked
from toyworld.train_sam import ASKED
from toyworld.train_schedule import Checkpoint, Log, Meter, Optimisers, Schedule, begin, count_parameters
from toyworld.vocabulary import encode, make_tokenizer
from toyworld.world import KINDS

CONTEXT = 32  # tokens
IMAGE_SIZE = 128
PATCH = 8
WIDTH = 128
LAYERS, HEADS = 4, 4  # of the image tower


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of the training. side: of the pictures, pixels. words: the captions too, not the tags alone."""

    steps: int
    side: int
    batch: int
    words: bool
    regime: Regime


_FEW = Regime(scenes=0.0, windows=0.5, frames=0.2, defocused=0.6, coarse=0.3, letterboxed=0.5)
_MANY = Regime(scenes=0.4, windows=0.2, frames=0.1, defocused=0.7, coarse=0.5, letterboxed=0.7)
PHASES = (
    Phase(steps=800, side=64, batch=96, words=False, regime=_FEW),
    Phase(steps=500, side=64, batch=48, words=True, regime=_FEW),
    Phase(steps=300, side=IMAGE_SIZE, batch=40, words=False, regime=replace(_MANY, scenes=0.6)),
    Phase(steps=700, side=IMAGE_SIZE, batch=32, words=True, regime=_MANY),
)
FITS = 0.7  # IoU from which on a proposal counts as one of a thing
TAG_WEIGHT = 0.2  # of the tags' loss beside the words'
MEAN, STD = [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]
TAGS = (*KINDS, *(f"{colour} {kind.name}" for kind in KINDS.values() for colour in kind.colours))


def build(vocab_size: int, tokenizer: Any) -> Any:
    """A fresh GitForCausalLM of the toy's size."""
    from transformers import GitConfig, GitForCausalLM

    vision = {
        "hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "image_size": IMAGE_SIZE, "patch_size": PATCH,
    }  # fmt: skip
    settings = GitConfig(
        vision_config=vision, vocab_size=vocab_size, hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=4,
        intermediate_size=4 * WIDTH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        max_position_embeddings=CONTEXT, pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return GitForCausalLM(settings)


class Tags:
    """Which kinds, and in which colours, a picture holds, told from the tower's patches: the best of them decide."""

    def __init__(self, model: Any, device: str) -> None:
        import torch

        self.head = torch.nn.Linear(model.config.vision_config.hidden_size, len(TAGS)).to(device)
        torch.nn.init.constant_(self.head.bias, -4.0)  # a tag is rare
        self._seen: Any = None
        model.git.image_encoder.register_forward_hook(lambda _, __, out: setattr(self, "_seen", out.last_hidden_state))

    def loss(self, photos: Sequence[Photo]) -> Any:
        """Of the pictures that went through the tower last."""
        import torch

        patches = self.head(self._seen[:, 1:])
        wanted = torch.zeros(len(photos), len(TAGS), device=patches.device)
        for row, photo in zip(wanted, photos, strict=True):
            row[[TAGS.index(tag) for thing in photo.things for tag in (thing.kind, f"{thing.colour} {thing.kind}")]] = 1
        best = patches.topk(3, dim=1).values.mean(1)  # a thing covers some patches
        return torch.nn.functional.binary_cross_entropy_with_logits(best, wanted, reduction="sum") / len(photos)


def train(
    out: Path,
    *,
    steps: int | None = None,
    seed: int = 0,
    log: Log = print,
    device: str = "auto",
    cache: Path | None = None,
    stickers: int = 16_000,
    scenes: int = 12_000,
    batch: int | None = None,
) -> dict[str, Any]:
    """Train from scratch, write a transformers folder ``out`` and return the facts for the model card.

    steps, batch: of each phase, in place of the recipe's.
    """
    import torch

    rng, place = begin(seed, device)
    things = pairs.draw_stickers(stickers, cache=cache)
    parks = pairs.draw_scenes(scenes, cache=cache)
    tokenizer = make_tokenizer(vocabulary(), context_length=CONTEXT)
    model = build(len(tokenizer), tokenizer).to(place).train()
    tags, minutes = Tags(model, place), 0.0
    both = torch.nn.ModuleList([model, tags.head])
    phases = [replace(phase, steps=steps or phase.steps, batch=batch or phase.batch) for phase in PHASES]
    for number, phase in enumerate(phases, start=1):
        camera = Camera(parks, things, size=phase.side, regime=phase.regime)
        optimisers = Optimisers(both, Schedule(steps=phase.steps), is_layer=lambda name: ".layer" in name)
        meter = Meter(name=f"git {number}", steps=phase.steps, log=log)
        used = (phase, stickers, scenes, seed)
        checkpoint = Checkpoint(cache, meter.name, used, learners=[both, *optimisers.each], meter=meter, rng=rng)
        for step in checkpoint.steps():
            taken = camera.take(rng, phase.batch)
            pixels = to_pixels(stacked(taken)).to(place)
            if phase.words:
                said = _loss(model, pixels, encode(tokenizer, [photo.plain_caption() for photo in taken], CONTEXT))
                tagged = tags.loss(taken)
                optimisers.step(said + TAG_WEIGHT * tagged, step)
                meter.tell(step, words=said.item(), tags=tagged.item())
            else:
                model.git.image_encoder(pixels, interpolate_pos_encoding=True)
                tagged = tags.loss(taken)
                optimisers.step(tagged, step)
                meter.tell(step, tags=tagged.item())
        minutes += meter.minutes
    model.eval()
    _save(model, tokenizer, out)
    facts: dict[str, Any] = {
        "parameters": count_parameters(model), "steps": sum(phase.steps for phase in phases),
        "batch": " + ".join(str(phase.batch) for phase in phases), "seed": seed, "stickers": stickers,
        "scenes": scenes, "vocabulary": len(tokenizer), "minutes": round(minutes, 1),
    }  # fmt: skip
    facts["scores"] = judge(out, cache=cache, device=place, log=log, count=200 if steps is None or steps >= 100 else 4)
    log(f"git  scores {json.dumps(facts['scores'])}")
    return facts


def _loss(model: Any, pixels: Any, ids: Any) -> Any:
    """Mean loss of the next word."""
    import torch

    ids = ids[:, : int((ids != 0).sum(1).max())].to(pixels.device)  # 0 is [PAD]
    # some phases' pictures are smaller than the model's: GIT's own loss counts on its full grid
    told = model(input_ids=ids, attention_mask=(ids != 0).long(), pixel_values=pixels, interpolate_pos_encoding=True)
    logits = told.logits[:, -ids.shape[1] : -1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=0)


def to_pixels(pictures: np.ndarray) -> Any:
    """uint8 (n, s, s, 3) -> a float tensor (n, 3, s, s), normalised as preprocessor_config.json says."""
    import torch

    scaled = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    return (scaled - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def _save(model: Any, tokenizer: Any, out: Path) -> None:
    """Write the model, the tokenizer and the picture processor as AutoProcessor finds them."""
    from transformers import CLIPImageProcessor, GitProcessor

    out.mkdir(parents=True, exist_ok=True)
    side = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    pictures = CLIPImageProcessor(
        size={"shortest_edge": IMAGE_SIZE}, crop_size=side, image_mean=MEAN, image_std=STD, resample=3
    )
    model.generation_config.max_new_tokens = CONTEXT - 2
    model.save_pretrained(str(out))
    GitProcessor(image_processor=pictures, tokenizer=tokenizer).save_pretrained(str(out))


def named_kinds(caption: str) -> set[str]:
    """Kinds of the toy world that a caption names, by any of their own names; plurals count."""
    found = set()
    for kind in KINDS.values():
        names = {
            form
            for name in (kind.name, *kind.synonyms)
            for form in (name, *_PLURALS.get(name, (name + "s", name + "es")))
        }
        if any(re.search(rf"\b{re.escape(name)}\b", caption) for name in names):
            found.add(kind.name)
    return found


_PLURALS: dict[str, tuple[str, ...]] = {"man": ("men",), "woman": ("women",), "sheep": ("sheep",), "lady": ("ladies",)}


def judge(folder: Path, *, cache: Path | None, device: str, log: Log, count: int = 200) -> dict[str, float]:
    """Shares (0..1) on held-out pictures, captioned as tasnb does it (greedy).

    kind, colour: of defocused close-ups, named in the caption; proposal_kind, proposal_colour: of the toy SAM's own
    proposals that have IoU 0.7 with a thing, cut as TAS cuts them; only where a SAM stands beside ``folder``.
    scene_precision: of the kinds that a scene's caption names, how many are there; scene_recall: of the kinds that the
    true caption names, how many the model's names.
    """
    from tasnb.models.captioner import HFCaptioner

    captioner = HFCaptioner.load(folder, device=device, batch_size=50)
    rng = np.random.default_rng(0)
    held_out = pairs.draw_stickers(count, seed=pairs.HELD_OUT_SEED, cache=cache)
    parks = pairs.draw_scenes(count, first_seed=pairs.HELD_OUT_SEED, cache=cache)
    closely = Regime(defocused=1.0, coarse=0.5, letterboxed=1.0)
    camera = Camera(parks, held_out, size=IMAGE_SIZE, regime=closely)
    taken = [camera.close_up(rng) for _ in range(count)]
    subjects, pictures = [photo.subject for photo in taken], [photo.picture for photo in taken]
    said = captioner.caption(pictures)
    kind, colour = _right(subjects, said)
    overall = captioner.caption(list(parks.pictures))
    there = [{thing.kind for thing in scene.things} for scene in parks.scenes]
    named, wanted = [named_kinds(text) for text in overall], [named_kinds(scene_caption(s)) for s in parks.scenes]
    for text, scene in list(zip(overall, parks.scenes, strict=True))[:5]:
        log(f"git  says {text!r}, gold {scene_caption(scene)!r}")
    hits = sum(len(a & b) for a, b in zip(named, there, strict=True))
    recalled = sum(len(a & b) for a, b in zip(named, wanted, strict=True))
    return {
        "kind": round(float(kind), 3),
        "colour": round(float(colour), 3),
        **_on_proposals(captioner, folder.parent / "sam", parks, count=min(count, 60)),
        "scene_precision": round(hits / max(sum(map(len, named)), 1), 3),
        "scene_recall": round(recalled / max(sum(map(len, wanted)), 1), 3),
    }


def _right(things: Sequence[Any], captions: Sequence[str]) -> tuple[float, float]:
    """Shares of captions that name the thing's kind, and its colour."""
    told = list(zip(things, captions, strict=True))
    kind = np.mean([thing.kind in named_kinds(text) for thing, text in told])
    return float(kind), float(np.mean([thing.colour in text.split() for thing, text in told]))


def _on_proposals(captioner: Any, sam: Path, parks: pairs.SceneSet, *, count: int) -> dict[str, float]:
    """Captions of what the toy SAM proposes in some scenes, each judged by the thing that it fits."""
    from tasnb.models.sam import SamProposer
    from tasnb.pipeline.variant import PAPER
    from tasnb.stages import crops

    if not (sam / "model.safetensors").is_file():
        return {}
    proposer = SamProposer.load(sam / "model.safetensors", model=sam / "config.json", device="cpu", **ASKED["preset"])
    things, pictures = [], []
    for scene, picture, labels in list(zip(parks.scenes, parks.pictures, parks.labels, strict=True))[:count]:
        masks = proposer.propose(picture).masks
        for mask, cut in zip(masks, crops.cut_all(picture, masks, PAPER.p_crop), strict=True):
            for number, thing in enumerate(scene.things, start=1):
                true = labels == number
                if (mask & true).sum() >= FITS * (mask | true).sum():
                    things.append(thing)
                    pictures.append(cut)
    if not things:
        return {}
    kind, colour = _right(things, captioner.caption(pictures))
    return {"proposals": len(things), "proposal_kind": round(kind, 3), "proposal_colour": round(colour, 3)}
