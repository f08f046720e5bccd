"""Train the toy CLIP: open_clip's own classes and loss, on stickers with captions and on whole scenes with theirs.

No (expression, mask) pair and no picture cut with a mask of a scene is used, so that choosing by CLIP stays zero-shot.
Words that the captions lack are one token, [UNK]; unknown words are mixed into the training texts so that the model
learns to read past them ("the cat nearest the camera").
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from toyworld import pairs
from toyworld.captions import scene_caption, thing_caption, vocabulary
from toyworld.train_schedule import Log, Meter, Optimisers, Schedule, begin, count_parameters, halved
from toyworld.vocabulary import encode, make_tokenizer, save_tokenizer

CONTEXT = 24  # tokens
STEPS = 800
BATCH = 128
SCENE_SHARE = 0.08  # of a batch: whole scenes
UNKNOWN_SHARE = 0.3  # of the texts: one to four unknown words put in
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


def with_unknown_words(rng: np.random.Generator, ids: np.ndarray, *, unknown: int, end: int) -> np.ndarray:
    """Put unknown words in at random places of some texts: ids int (n, c) padded with 0, the first id is the start."""
    out = np.zeros_like(ids)
    for row, text in zip(out, ids, strict=True):
        tokens = [int(t) for t in text[1:] if t not in (0, end)]
        if rng.random() < UNKNOWN_SHARE:
            place = (0, len(tokens), int(rng.integers(len(tokens) + 1)))[int(rng.integers(3))]
            tokens[place:place] = [unknown] * int(rng.integers(1, 5))
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
    scenes: int = 2_400,
    batch: int = BATCH,
    tower: str = "vit",
) -> dict[str, Any]:
    """Train from scratch, write open_clip's local folder ``out`` and return the facts for the model card.

    tower: "vit" or "resnet", the encoder of pictures; all else is the same for both.
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
    whole = pairs.shrink(parks.pictures, size)
    scene_ids = encode(tokenizer, [scene_caption(scene) for scene in parks.scenes], CONTEXT).numpy()
    meter = Meter(name="clip" if tower == "vit" else "clip-rn", steps=steps, log=log)
    marks = {"unknown": tokenizer.unk_token_id, "end": tokenizer.eos_token_id}
    some_scenes = int(batch * SCENE_SHARE)
    for step in range(steps):
        chosen = rng.choice(stickers, batch - some_scenes, replace=stickers < batch)
        parts = [
            pairs.stick(rng, things.layers[i], scenery=parks.pictures, others=things.layers, size=size) for i in chosen
        ]
        texts = encode(tokenizer, [thing_caption(things.things[i], words) for i in chosen], CONTEXT).numpy()
        scene_rows = rng.integers(0, scenes, some_scenes)
        pixels = to_pixels(np.concatenate([np.stack(parts), whole[scene_rows]])).to(place)
        ids = np.concatenate([with_unknown_words(rng, texts, **marks), scene_ids[scene_rows]])
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
    model: Any, tokenizer: Any, *, size: int, cache: Path | None, device: str, count: int = 600, rivals: int = 6
) -> dict[str, float]:
    """Shares (0..1) on held-out stickers on black.

    pick: the right picture for a plain caption among ``rivals`` stickers (chance 1 / rivals; some fit as well as the
    right one). kind: the right kind among all for "a <kind>".
    """
    import torch

    from toyworld.world import KINDS

    rng = np.random.default_rng(0)
    held_out = pairs.draw_stickers(count, seed=pairs.HELD_OUT_SEED, cache=cache)
    plain = pairs.Settings(black=1.0, sharp=0.0, defocused=0.0, covered=0.0)
    scenery = np.zeros((1, 256, 256, 3), np.uint8)
    pictures = [
        pairs.stick(rng, layer, scenery=scenery, others=held_out.layers, size=size, settings=plain)
        for layer in held_out.layers
    ]
    captions = [thing_caption(thing, random.Random(0), plain=True) for thing in held_out.things]
    names = list(KINDS)
    with torch.inference_mode():
        rows = [model.encode_image(to_pixels(np.stack(pictures[i : i + 100])).to(device)) for i in range(0, count, 100)]
        image = torch.nn.functional.normalize(torch.cat(rows), dim=-1).cpu()
        text, kinds = (
            torch.nn.functional.normalize(model.encode_text(encode(tokenizer, t, CONTEXT).to(device)), dim=-1).cpu()
            for t in (captions, [f"a {name}" for name in names])
        )
    kind = np.mean([names[int(i)] == t.kind for i, t in zip((image @ kinds.T).argmax(1), held_out.things, strict=True)])
    groups = np.array(
        [[i, *rng.choice(np.delete(np.arange(count), i), rivals - 1, replace=False)] for i in range(count)]
    )
    similar = (image[torch.from_numpy(groups)] * text[:, None]).sum(-1)
    return {"pick": round(float((similar.argmax(1) == 0).float().mean()), 3), "kind": round(float(kind), 3)}
