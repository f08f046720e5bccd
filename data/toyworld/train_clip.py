"""Train the toy CLIP: open_clip's own classes and loss, on stickers with captions and on whole scenes with theirs.

No (expression, mask) pair and no picture cut with a mask of a scene is used, so that choosing by CLIP stays zero-shot.
Words that the captions lack are one token, [UNK]; unknown words are mixed into the training texts so that the model
learns to read past them ("the cat nearest the camera").
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from toyworld import pairs
from toyworld.captions import thing_caption, vocabulary
from toyworld.photos import NATURAL, Camera, Regime, stacked
from toyworld.train_schedule import Checkpoint, Log, Meter, Optimisers, Schedule, begin, count_parameters, halved
from toyworld.vocabulary import encode, make_tokenizer, save_tokenizer
from toyworld.words import PLACE_WORDS

CONTEXT = 24  # tokens
STEPS = 1000
BATCH = 128
STRANGE_SHARE = 0.35  # of the texts: one to four words put in that the picture does not show
MAX_LOGIT_SCALE = 100.0  # CLIP paper, section 2.5
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)

# the two encoders of the paper's Table 1, small: open_clip's vision_cfg of a ViT and of a ModifiedResNet
TOWERS: dict[str, dict[str, Any]] = {
    "vit": {"image_size": 64, "layers": 4, "width": 128, "head_width": 32, "patch_size": 8},
    "resnet": {"image_size": 128, "layers": [1, 2, 2, 1], "width": 16, "head_width": 64},
}
MODEL_CFG: dict[str, Any] = {
    "embed_dim": 128,
    "quick_gelu": False,
    "text_cfg": {
        "context_length": CONTEXT,
        "hf_tokenizer_name": "local",  # open_clip takes the tokenizer files of the folder itself
        "width": 128,
        "heads": 4,
        "layers": 3,
    },
}


def config(vocab_size: int, tower: str = "vit") -> dict[str, Any]:
    """The contents of open_clip_config.json; ``tower``: one of TOWERS."""
    if tower not in TOWERS:
        raise ValueError(f"unknown tower {tower!r}; choose from {', '.join(TOWERS)}")
    model_cfg = json.loads(json.dumps({"vision_cfg": TOWERS[tower], **MODEL_CFG}))
    model_cfg["text_cfg"]["vocab_size"] = vocab_size
    preprocess = {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest"}
    return {"model_cfg": model_cfg, "preprocess_cfg": preprocess}


def with_strange_words(rng: np.random.Generator, ids: np.ndarray, *, strange: Sequence[int], end: int) -> np.ndarray:
    """Put words that the picture does not show in at random places of some texts.

    ids: int (n, c) padded with 0, the first id is the start. strange: ids to draw from, half of the time [UNK], the
    first; the others are words of place, which people write beside photos that were cropped since.
    """
    out = np.zeros_like(ids)
    for row, text in zip(out, ids, strict=True):
        tokens = [int(t) for t in text[1:] if t not in (0, end)]
        if rng.random() < STRANGE_SHARE:
            place = (0, len(tokens), int(rng.integers(len(tokens) + 1)))[int(rng.integers(3))]
            drawn = strange[:1] if rng.random() < 0.5 else strange[1:]
            tokens[place:place] = [int(rng.choice(drawn)) for _ in range(int(rng.integers(1, 5)))]
        tokens = [int(text[0]), *tokens[: ids.shape[1] - 2], end]
        row[: len(tokens)] = tokens
    return out


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
    batch: int = BATCH,
    tower: str = "vit",
    regime: Regime = NATURAL,
) -> dict[str, Any]:
    """Train from scratch, write open_clip's local folder ``out`` and return the facts for the model card.

    tower: "vit" or "resnet", the encoder of pictures; regime: which pictures it meets. All else is the same for all.
    """
    import open_clip
    import torch
    from safetensors.torch import load_file, save_file

    rng, place = begin(seed, device)
    words = random.Random(seed)
    steps = STEPS if steps is None else steps
    things = pairs.draw_stickers(stickers, cache=cache)
    parks = pairs.draw_scenes(scenes, cache=cache)
    tokenizer = make_tokenizer(vocabulary(), context_length=CONTEXT)
    out.mkdir(parents=True, exist_ok=True)
    save_tokenizer(tokenizer, out)
    settings = config(len(tokenizer), tower)
    size = settings["model_cfg"]["vision_cfg"]["image_size"]
    (out / "open_clip_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    model: Any = open_clip.CLIP(**_construction(settings["model_cfg"])).to(place).train()
    optimisers = Optimisers(model, Schedule(steps=steps, lr=1.5e-3), is_layer=lambda name: "resblocks" in name)
    loss_function = open_clip.ClipLoss()
    camera = Camera(parks, things, size=size, regime=regime)
    meter = Meter(name=out.name, steps=steps, log=log)
    strange = [tokenizer.unk_token_id, *tokenizer.convert_tokens_to_ids(sorted(PLACE_WORDS))]
    settings_used = (tower, regime, steps, batch, stickers, scenes, seed)
    checkpoint = Checkpoint(
        cache, out.name, settings_used, learners=[model, *optimisers.each], meter=meter, rng=rng, words=words
    )
    for step in checkpoint.steps():
        taken = camera.take(rng, batch)
        texts = encode(tokenizer, [photo.caption(words) for photo in taken], CONTEXT).numpy()
        ids = with_strange_words(rng, texts, strange=strange, end=tokenizer.eos_token_id)
        pixels = to_pixels(stacked(taken)).to(place)
        image, text, scale = model(pixels, torch.from_numpy(ids).to(place))
        loss = loss_function(image, text, scale)
        optimisers.step(loss, step)
        with torch.no_grad():
            model.logit_scale.clamp_(0, float(np.log(MAX_LOGIT_SCALE)))
        hits = float(((image @ text.T).argmax(1).cpu() == torch.arange(len(ids))).float().mean())
        meter.tell(step, loss=loss.item(), own_text_first=hits)
    model.eval()
    save_file(halved(model), out / "open_clip_model.safetensors", metadata={"format": "pt"})
    model.load_state_dict(load_file(out / "open_clip_model.safetensors"))  # judge what is shipped
    facts: dict[str, Any] = {
        "parameters": count_parameters(model), "steps": steps, "batch": batch, "seed": seed, "stickers": stickers,
        "scenes": scenes, "vocabulary": len(tokenizer), "minutes": round(meter.minutes, 1),
    }  # fmt: skip
    facts["scores"] = judge(model, tokenizer, size=size, cache=cache, device=place)
    log(f"{meter.name}  scores {json.dumps(facts['scores'])}")
    return facts


def _construction(model_cfg: dict[str, Any]) -> dict[str, Any]:
    """Arguments of open_clip.CLIP for a model_cfg."""
    return {key: value for key, value in model_cfg.items() if key not in ("custom_text",)}


def to_pixels(pictures: np.ndarray) -> Any:
    """uint8 (n, s, s, 3) -> a float tensor (n, 3, s, s), normalised as open_clip_config.json says."""
    import torch

    scaled = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    return (scaled - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def judge(
    model: Any, tokenizer: Any, *, size: int, cache: Path | None, device: str, count: int = 600
) -> dict[str, float]:
    """Shares (0..1) on held-out things: the right kind among all for "a <kind>", and the right colour of the kind's.

    Of things in their surroundings (framed in a scene) and of the same number of cut-outs on black: what lies between
    them is the gap that P exists to bridge.
    """
    import torch

    from toyworld.world import KINDS

    rng = np.random.default_rng(0)
    scenes = max(count // 3, 4)
    camera = Camera(
        pairs.draw_scenes(scenes, first_seed=pairs.HELD_OUT_SEED, cache=cache),
        pairs.draw_stickers(count, seed=pairs.HELD_OUT_SEED, cache=cache),
        size=size,
        regime=NATURAL,
    )
    names, scores = list(KINDS), {}

    def embedded(texts: Sequence[str]) -> Any:
        ids = encode(tokenizer, texts, CONTEXT).to(device)
        return torch.nn.functional.normalize(model.encode_text(ids), dim=-1).cpu()

    with torch.inference_mode():
        kinds = embedded([f"a {name}" for name in names])
        for name, take in (("framed", camera.frame), ("cut_out", camera.cutout)):
            taken = [take(rng) for _ in range(count)]
            things, pixels = [photo.subject for photo in taken if photo.subject], to_pixels(stacked(taken))
            rows = [model.encode_image(pixels[i : i + 100].to(device)) for i in range(0, count, 100)]
            image = torch.nn.functional.normalize(torch.cat(rows), dim=-1).cpu()
            nearest = (image @ kinds.T).argmax(1)
            right = [names[int(i)] == thing.kind for i, thing in zip(nearest, things, strict=True)]
            scores[f"{name}_kind"] = round(float(np.mean(right)), 3)
            said = [
                {
                    c: thing_caption(replace(thing, colour=c), random.Random(0), plain=True)
                    for c in KINDS[thing.kind].colours
                }
                for thing in things
            ]
            texts = list(dict.fromkeys(text for each in said for text in each.values()))
            rows = [embedded(texts[i : i + 100]) for i in range(0, len(texts), 100)]
            known, colour = dict(zip(texts, torch.cat(rows), strict=True)), []
            for row, thing, captions in zip(image, things, said, strict=True):
                nearest_colour = max(captions, key=lambda c: float(known[captions[c]] @ row))
                colour.append(nearest_colour == thing.colour)
            scores[f"{name}_colour"] = round(float(np.mean(colour)), 3)
    return scores
