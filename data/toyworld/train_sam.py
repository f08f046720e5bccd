"""Train the toy SAM: segment_anything's own classes, on points and the class-agnostic visible masks of train scenes.

As in the SAM paper (section 3, appendix A) a point gets three masks and only the best one's loss counts, and a head
learns each mask's IoU. Here a prompt is always one positive point: what automatic mask generation asks. Points on the
background teach the head to answer 0, so that they leave no proposal. One embedding serves all points of an image.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.models.sam import SamConfig, SamProposer, build_sam
from toyworld import pairs
from toyworld.train_schedule import Checkpoint, Log, Meter, Optimisers, Schedule, begin, count_parameters, halved
from toyworld.world import SCENE_SIZE

CONFIG = SamConfig(
    image_size=SCENE_SIZE,
    patch_size=16,
    encoder_embed_dim=160,
    encoder_depth=5,
    encoder_num_heads=4,
    encoder_global_attn_indexes=(1, 3),
    window_size=8,
    prompt_embed_dim=64,
    decoder_mlp_dim=256,
    decoder_num_heads=4,
    iou_head_hidden_dim=64,
)
# steps, the matrices' rate, scenes; each cycle falls to nearly zero. One cycle of 4,500 at 2e-2 was worse: it began
# faster (best of three 0.604 against 0.573 after 300 steps) and ended at a held-out oracle of 0.780, against 0.803.
# So was a first cycle on windows of 128 pixels, four times as cheap: 0.799 after 6,000 steps in all, against 0.817
CYCLES = ((2400, 1e-2, 4_000), (1500, 5e-3, 4_000), (1500, 5e-3, 12_000), (2000, 5e-3, 12_000))
BATCH = 6  # images
POINTS_ON_THINGS, POINTS_ON_BACKGROUND = 8, 3  # of an image
PIXEL_WEIGHT = 10.0  # of the cross-entropy beside the dice loss
OTHERS_SHARE = 0.05  # of the mask loss: the two masks that are not the best keep a little of it
LEAST_VISIBLE = 60  # pixels; smaller rests of a thing are not asked for


def sample_points(
    labels: np.ndarray,
    rng: np.random.Generator,
    *,
    on_things: int = POINTS_ON_THINGS,
    on_background: int = POINTS_ON_BACKGROUND,
) -> tuple[np.ndarray, np.ndarray]:
    """Random pixels, every thing alike however small: points_xy float32 (p, 2) and the label under each, int (p,).

    labels: uint8 (h, w), 0 is background. An image without things, or without background, gives points on what it has.
    """
    flat = labels.ravel()
    counts = np.bincount(flat, minlength=1)
    things = np.flatnonzero(counts >= LEAST_VISIBLE)
    things = things[things > 0]
    asked = np.resize(rng.permutation(things), on_things) if len(things) else np.zeros(on_things, int)
    asked = np.concatenate([asked, np.zeros(on_background, int)])
    if counts[0] == 0:
        asked = np.resize(rng.permutation(things), len(asked))
    places = np.array([rng.choice(np.flatnonzero(flat == label)) for label in asked])
    points_xy = np.stack([places % labels.shape[1], places // labels.shape[1]], axis=1)
    return points_xy.astype(np.float32), asked


def predict(sam: Any, embeddings: Any, points_xy: Any) -> tuple[Any, Any]:
    """All points of a batch of images through prompt encoder and mask decoder at once.

    embeddings (b, c, g, g), points_xy (b, p, 2) -> mask logits (b, p, 3, 4g, 4g), predicted IoU (b, p, 3).
    MaskDecoder's own forward takes one image at a time; this is the same computation with its parts.
    """
    import torch

    b, p = points_xy.shape[:2]
    decoder = sam.mask_decoder
    ones = torch.ones(b * p, 1, device=points_xy.device)
    sparse, _ = sam.prompt_encoder(points=(points_xy.reshape(b * p, 1, 2), ones), boxes=None, masks=None)
    outputs = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
    tokens = torch.cat([outputs[None].expand(b * p, -1, -1), sparse], dim=1)
    source = (embeddings + sam.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)).repeat_interleave(p, dim=0)
    positions = sam.prompt_encoder.get_dense_pe().expand(b * p, -1, -1, -1)
    answers, source = decoder.transformer(source, positions, tokens)
    fine = decoder.output_upscaling(source.transpose(1, 2).reshape(b * p, *embeddings.shape[1:]))
    heads = [decoder.output_hypernetworks_mlps[i](answers[:, 1 + i]) for i in (1, 2, 3)]  # 0: the single-mask token
    logits = (torch.stack(heads, dim=1) @ fine.flatten(2)).reshape(b, p, 3, *fine.shape[2:])
    return logits, decoder.iou_prediction_head(answers[:, 0])[:, 1:].reshape(b, p, 3)


def losses(logits: Any, predicted_iou: Any, targets: Any, on_thing: Any) -> tuple[Any, Any, Any]:
    """Mask loss of the best of three, squared error of the IoU head, and the true IoU (b, p, 3).

    targets: share of each low-resolution pixel that belongs to the thing, (b, p, m, m) in 0..1; on_thing bool (b, p).
    """
    import torch
    from torch.nn import functional

    wanted = targets[:, :, None].expand_as(logits)
    pixel = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean((-1, -2))
    share = logits.sigmoid()
    dice = 1 - (2 * (share * wanted).sum((-1, -2)) + 1) / (share.sum((-1, -2)) + wanted.sum((-1, -2)) + 1)
    each = PIXEL_WEIGHT * pixel + dice
    mixed = (1 - OTHERS_SHARE) * each.min(-1).values + OTHERS_SHARE * each.mean(-1)
    thing = on_thing.float()
    mask_loss = (mixed * thing).sum() / thing.sum().clamp(min=1)
    with torch.no_grad():
        inside, true = logits > 0, targets[:, :, None] > 0.5
        iou = (inside & true).sum((-1, -2)) / (inside | true).sum((-1, -2)).clamp(min=1) * thing[..., None]
    return mask_loss, functional.mse_loss(predicted_iou, iou), iou


def run_cycle(
    sam: Any,
    parks: pairs.SceneSet,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    device: str,
    batch: int = BATCH,
    log: Log = print,
    cache: Path | None = None,
    name: str = "sam",
) -> float:
    """Train ``sam`` in place for one schedule; return the minutes.

    cache: where it can be taken up again, by its name.
    """
    import torch

    optimisers = Optimisers(sam, schedule, is_layer=_is_layer)
    low = 4 * sam.prompt_encoder.image_embedding_size[0]
    meter = Meter(name=name, steps=schedule.steps, log=log)
    used = (schedule, batch, len(parks.pictures))
    checkpoint = Checkpoint(cache, name, used, learners=[sam, *optimisers.each], meter=meter, rng=rng)
    for step in checkpoint.steps():
        rows = rng.integers(0, len(parks.pictures), batch)
        pictures, labels = parks.pictures[rows], parks.labels[rows]
        flip = rng.random(batch) < 0.5
        pictures[flip], labels[flip] = pictures[flip, :, ::-1].copy(), labels[flip, :, ::-1].copy()
        chosen = [sample_points(one, rng) for one in labels]
        points = torch.from_numpy(np.stack([xy for xy, _ in chosen])).to(device)
        asked = torch.from_numpy(np.stack([label for _, label in chosen])).to(device)
        pixels = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float()
        truth = (torch.from_numpy(labels).to(device)[:, None] == asked[:, :, None, None]).float()
        truth = torch.nn.functional.adaptive_avg_pool2d(truth, low)
        embeddings = sam.image_encoder((pixels - sam.pixel_mean) / sam.pixel_std)
        logits, predicted = predict(sam, embeddings, points)
        mask_loss, iou_loss, iou = losses(logits, predicted, truth, asked > 0)
        optimisers.step(mask_loss + iou_loss, step)
        best = iou.max(-1).values[asked > 0]
        meter.tell(
            step,
            mask=mask_loss.item(),
            iou_head=iou_loss.item(),
            best_of_three=float(best.mean()) if len(best) else 0.0,
        )
    return meter.minutes


def _is_layer(name: str) -> bool:
    return ("blocks" in name or "transformer" in name) and "rel_pos" not in name


def train(
    out: Path,
    *,
    steps: int | None = None,
    seed: int = 0,
    log: Log = print,
    device: str = "auto",
    cache: Path | None = None,
    scenes: int | None = None,
    batch: int = BATCH,
    config: SamConfig = CONFIG,
) -> dict[str, Any]:
    """Train from scratch, write config.json and model.safetensors to ``out``; return the facts for the model card.

    scenes: in place of every cycle's own number.
    """
    import torch
    from safetensors.torch import save_file

    _, place = begin(seed, device)
    cycles = CYCLES if steps is None else ((steps, CYCLES[0][1], scenes or CYCLES[0][2]),)
    steps = sum(cycle[0] for cycle in cycles)
    sam = build_sam(config).to(place).train()
    torch.nn.init.trunc_normal_(sam.image_encoder.pos_embed, std=0.02)
    minutes = 0.0
    for i, (count, matrix_lr, drawn) in enumerate(cycles):
        parks = pairs.draw_scenes(scenes or drawn, cache=cache)
        schedule = Schedule(steps=count, lr=matrix_lr / 10, matrix_lr=matrix_lr)
        rng = np.random.default_rng(seed + i)
        minutes += run_cycle(
            sam, parks, schedule, rng, device=place, batch=batch, log=log, cache=cache, name=f"sam {seed} {i + 1}"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")
    save_file(halved(sam), out / "model.safetensors")
    facts: dict[str, Any] = {
        "parameters": count_parameters(sam), "steps": steps, "batch": batch, "seed": seed,
        "scenes": scenes or max(cycle[2] for cycle in cycles),
        "points_per_image": POINTS_ON_THINGS + POINTS_ON_BACKGROUND, "minutes": round(minutes, 1),
    }  # fmt: skip
    facts["scores"] = judge_all(out, cache=cache, device=place, log=log, count=40 if steps >= 100 else 2)
    return facts


# options of automatic mask generation: the paper's, a finer grid, and the toy preset's (chosen on train scenes)
ASKED: dict[str, dict[str, Any]] = {
    "paper": {},
    "finer": {"points_per_side": 12},
    "preset": {
        "points_per_side": 14,
        "pred_iou_thresh": 0.4,
        "stability_score_thresh": 0.5,
        "box_nms_thresh": 0.8,
        "min_mask_region_area": 40,
    },
}


def judge_all(folder: Path, *, cache: Path | None, device: str, log: Log, count: int = 40) -> dict[str, Any]:
    """`judge` under each of ASKED."""
    scores = {name: judge(folder, cache=cache, device=device, count=count, **o) for name, o in ASKED.items()}
    log(f"sam  scores {json.dumps(scores)}")
    return scores


def judge(folder: Path, *, cache: Path | None, device: str, count: int = 40, **options: Any) -> dict[str, float]:
    """Automatic mask generation on held-out scenes, with the paper's thresholds unless ``options`` say otherwise.

    oracle: mean over things of the best proposal's IoU (0..1); proposals: of an image; junk: of those, with IoU below
    0.5 with every thing.
    """
    proposer = SamProposer.load(folder / "model.safetensors", model=folder / "config.json", device=device, **options)
    parks = pairs.draw_scenes(count, first_seed=pairs.HELD_OUT_SEED, cache=cache)
    best_of_thing: list[float] = []
    found, junk = 0, 0
    for picture, labels in zip(parks.pictures, parks.labels, strict=True):
        masks = proposer.propose(picture).masks
        things = np.stack([labels == k for k in np.unique(labels) if k])
        overlap = np.einsum("nhw,thw->nt", masks.astype(np.float32), things.astype(np.float32))
        union = masks.sum((1, 2))[:, None] + things.sum((1, 2))[None] - overlap
        iou = overlap / np.maximum(union, 1)
        best_of_thing += list(iou.max(axis=0)) if len(masks) else [0.0] * len(things)
        found += len(masks)
        junk += int((iou.max(axis=1) < 0.5).sum()) if len(masks) else 0
    return {
        "oracle": round(float(np.mean(best_of_thing)), 3),
        "proposals": round(found / count, 2),
        "junk": round(junk / count, 2),
    }
