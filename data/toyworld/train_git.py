"""Train the toy captioner: transformers' GIT in a small size, on stickers (mostly defocused behind) and whole scenes.

A sticker's caption is its plain one, a scene's names its main things; the picture tells the two tasks apart.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np

from toyworld import pairs
from toyworld.captions import scene_caption, thing_caption, vocabulary
from toyworld.train_schedule import Log, Meter, Optimisers, Schedule, begin, count_parameters
from toyworld.vocabulary import encode, make_tokenizer
from toyworld.world import KINDS

CONTEXT = 32  # tokens
IMAGE_SIZE = 128
PATCH = 16
WIDTH = 128
STEPS = 900
BATCH = 48
SCENE_SHARE = 0.4  # of a batch: whole scenes, much the harder half
MEAN, STD = [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]


def build(vocab_size: int, tokenizer: Any) -> Any:
    """A fresh GitForCausalLM of the toy's size."""
    from transformers import GitConfig, GitForCausalLM

    vision = {
        "hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_hidden_layers": 5, "num_attention_heads": 4,
        "image_size": IMAGE_SIZE, "patch_size": PATCH,
    }  # fmt: skip
    settings = GitConfig(
        vision_config=vision, vocab_size=vocab_size, hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=4,
        intermediate_size=4 * WIDTH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        max_position_embeddings=CONTEXT, pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return GitForCausalLM(settings)


def train(
    out: Path,
    *,
    steps: int | None = None,
    seed: int = 0,
    log: Log = print,
    device: str = "auto",
    cache: Path | None = None,
    stickers: int = 16_000,
    scenes: int = 4_000,
    batch: int = BATCH,
) -> dict[str, Any]:
    """Train from scratch, write a transformers folder ``out`` and return the facts for the model card."""
    rng, place = begin(seed, device)
    steps = STEPS if steps is None else steps
    things = pairs.draw_stickers(stickers, cache=cache)
    parks = pairs.draw_scenes(scenes, cache=cache)
    words = random.Random(seed)
    captions = [thing_caption(thing, words, plain=True) for thing in things.things]
    scene_captions = [scene_caption(scene) for scene in parks.scenes]
    tokenizer = make_tokenizer(vocabulary(), context_length=CONTEXT)
    model = build(len(tokenizer), tokenizer).to(place).train()
    optimisers = Optimisers(model, Schedule(steps=steps), is_layer=lambda name: ".layer" in name)
    whole = pairs.shrink(parks.pictures, IMAGE_SIZE)
    ids, scene_ids = (encode(tokenizer, texts, CONTEXT) for texts in (captions, scene_captions))
    meter = Meter(name="git", steps=steps, log=log)
    some_scenes = int(batch * SCENE_SHARE)
    for step in range(steps):
        chosen = rng.integers(0, stickers, batch - some_scenes)
        parts = np.stack(
            [
                pairs.stick(
                    rng, things.layers[i], scenery=parks.pictures, others=things.layers, size=IMAGE_SIZE,
                    settings=pairs.CAPTION_SETTINGS,
                )
                for i in chosen
            ]
        )  # fmt: skip
        rows = rng.integers(0, scenes, some_scenes)
        sticker_loss = _loss(model, parts, ids[chosen], place)
        scene_loss = _loss(model, whole[rows], scene_ids[rows], place)
        optimisers.step(sticker_loss + scene_loss, step)
        meter.tell(step, stickers=sticker_loss.item(), scenes=scene_loss.item())
    model.eval()
    _save(model, tokenizer, out)
    facts: dict[str, Any] = {
        "parameters": count_parameters(model), "steps": steps, "batch": batch, "seed": seed, "stickers": stickers,
        "scenes": scenes, "vocabulary": len(tokenizer), "minutes": round(meter.minutes, 1),
    }  # fmt: skip
    facts["scores"] = judge(out, cache=cache, device=place, log=log, count=200 if steps >= 100 else 4)
    log(f"git  scores {json.dumps(facts['scores'])}")
    return facts


def _loss(model: Any, pictures: np.ndarray, ids: Any, device: str) -> Any:
    """Mean loss of the next word."""
    ids = ids[:, : int((ids != 0).sum(1).max())].to(device)  # 0 is [PAD]
    labels = ids.masked_fill(ids == 0, -100)
    mask = (ids != 0).long()
    return model(input_ids=ids, attention_mask=mask, pixel_values=to_pixels(pictures).to(device), labels=labels).loss


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

    kind, colour: of stickers, named in the caption. scene_precision: of the kinds that a scene's caption names, how
    many are there; scene_recall: of the kinds that the true caption names, how many the model's names.
    """
    from tasnb.models.captioner import HFCaptioner

    captioner = HFCaptioner.load(folder, device=device, batch_size=50)
    rng = np.random.default_rng(0)
    held_out = pairs.draw_stickers(count, seed=pairs.HELD_OUT_SEED, cache=cache)
    parks = pairs.draw_scenes(count, first_seed=pairs.HELD_OUT_SEED, cache=cache)
    pictures = [
        pairs.stick(
            rng, layer, scenery=parks.pictures, others=held_out.layers, size=IMAGE_SIZE,
            settings=pairs.Settings(black=0.0, sharp=0.0, defocused=1.0, covered=0.0),
        )
        for layer in held_out.layers
    ]  # fmt: skip
    said = captioner.caption(pictures)
    kind = np.mean([thing.kind in named_kinds(text) for thing, text in zip(held_out.things, said, strict=True)])
    colour = np.mean([thing.colour in text.split() for thing, text in zip(held_out.things, said, strict=True)])
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
        "scene_precision": round(hits / max(sum(map(len, named)), 1), 3),
        "scene_recall": round(recalled / max(sum(map(len, wanted)), 1), 3),
    }
