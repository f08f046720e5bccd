"""Dense features against open_clip's own forward pass, its raw weights, and finite differences: never our own lines."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tasnb.core.types import GRIDS, REGIONS, DenseEncoder
from tasnb.models.adapters import load_matcher
from tasnb.models.clip import ClipEncoder, cells_inside
from tasnb.stages import heatmaps
from tests.models.official_checkpoints import write_clip

pytestmark = pytest.mark.slow

SHALLOW = {"image_size": 64, "layers": 4, "width": 48, "head_width": 16, "patch_size": 16}
TOWERS = {
    "vit": SHALLOW,
    "vit, mean of cells": {**SHALLOW, "pool_type": "avg", "final_ln_after_pool": True, "no_ln_pre": True},
    "vit, layer scale": {**SHALLOW, "layers": 3, "ls_init_value": 0.3},
    "resnet": {"image_size": 96, "layers": [1, 1, 1, 1], "width": 8, "head_width": 64},
}
VITS = [name for name in TOWERS if name.startswith("vit")]


def load(folder: Path, vision: dict) -> ClipEncoder:
    """A small CLIP in double precision; every weight and statistic of its tower is random, none left at 0 or 1."""
    import torch

    write_clip(folder, vision=vision)
    encoder = ClipEncoder.load(folder, device="cpu")
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, tensor in [*encoder.model.visual.named_parameters(), *encoder.model.visual.named_buffers()]:
            if tensor.is_floating_point():
                noise = torch.randn(tensor.shape, generator=generator)
                tensor.add_(0.3 * noise.abs() if name.endswith("running_var") else 0.15 * noise)
    encoder.model.double()
    encoder.dtype = torch.float64
    return encoder


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ClipEncoder]:
    return {name: load(tmp_path_factory.mktemp("clip") / "c", vision) for name, vision in TOWERS.items()}


@pytest.fixture(params=list(TOWERS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def encoder(encoders: dict[str, ClipEncoder], name: str) -> ClipEncoder:
    return encoders[name]


@pytest.fixture
def picture(encoder: ClipEncoder) -> np.ndarray:
    """Square and of the model's size, so that nothing is resized."""
    side = encoder.preprocessing.size_hw[0]
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


@pytest.fixture
def masks(picture: np.ndarray) -> np.ndarray:
    """Along the cells of 16 and of 32 pixels: a quarter, a stripe, all but a corner."""
    side = len(picture)
    found = np.zeros((3, side, side), dtype=bool)
    found[0, : side // 64 * 32 or 32, :32] = True
    found[1, 32:64] = True
    found[2] = True
    found[2, :32, :32] = False
    return found


def text_of(encoder: ClipEncoder) -> np.ndarray:
    return encoder.encode_texts(["the left dog"])[0]


def pixels_of(encoder: ClipEncoder, picture: np.ndarray):
    import torch

    return torch.from_numpy(encoder.preprocessing([picture])).double()


def weights_of(encoder: ClipEncoder) -> dict[str, np.ndarray]:
    return {key: value.double().numpy() for key, value in encoder.model.visual.state_dict().items()}


def heard(module, encoder: ClipEncoder, picture: np.ndarray, *, into: bool) -> np.ndarray:
    """What goes into, or comes out of, a module of open_clip's own forward pass."""
    import torch

    caught = []
    hook = (
        module.register_forward_pre_hook(lambda _, given: caught.append(given[0]))
        if into
        else module.register_forward_hook(lambda _, given, out: caught.append(out))
    )
    with torch.no_grad():
        encoder.model.encode_image(pixels_of(encoder, picture))
    hook.remove()
    return caught[0][0].numpy().astype(np.float64)


def normed(x: np.ndarray, weights: dict, prefix: str) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    return (
        centred / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5) * weights[f"{prefix}.weight"]
        + weights[f"{prefix}.bias"]
    )


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return x @ weight.T + bias


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def by_hand_value_attention(value: np.ndarray, heads: int, *, normalise: bool, scale: float) -> np.ndarray:
    """Each token listens to the tokens with like values, head by head: (t, w)."""
    out = np.zeros_like(value)
    size = value.shape[1] // heads
    for head in range(heads):
        v = value[:, head * size : (head + 1) * size]
        q = unit(v) if normalise else v
        logits = scale / math.sqrt(size) * q @ q.T
        share = np.exp(logits - logits.max(axis=1, keepdims=True))
        out[:, head * size : (head + 1) * size] = share / share.sum(axis=1, keepdims=True) @ v
    return out


# --- the picture's own embedding --------------------------------------------------------------------------------------


def test_it_is_a_dense_encoder(encoder: ClipEncoder) -> None:
    assert isinstance(encoder, DenseEncoder)


@pytest.mark.parametrize("kind", REGIONS)
def test_a_full_mask_gives_plain_clip(encoder: ClipEncoder, picture: np.ndarray, kind: str) -> None:
    full = np.ones((1, *picture.shape[:2]), dtype=bool)
    np.testing.assert_allclose(
        encoder.encode_regions(picture, full, kind), encoder.encode_images([picture]), rtol=0, atol=2e-6
    )


# --- Score Map --------------------------------------------------------------------------------------------------------


def test_the_score_map_of_a_vit_is_its_last_values_projected(encoders, picture_of, vit: str) -> None:
    from scipy.special import erf

    encoder = encoders[vit]
    picture, w = picture_of(encoder), weights_of(encoder)
    blocks = encoder.model.visual.transformer.resblocks
    b = f"transformer.resblocks.{len(blocks) - 1}"
    x = heard(blocks[-1], encoder, picture, into=True)
    width = x.shape[1]
    value = linear(
        normed(x, w, f"{b}.ln_1"), w[f"{b}.attn.in_proj_weight"][2 * width :], w[f"{b}.attn.in_proj_bias"][2 * width :]
    )
    x = x + w.get(f"{b}.ls_1.gamma", 1.0) * linear(value, w[f"{b}.attn.out_proj.weight"], w[f"{b}.attn.out_proj.bias"])
    hidden = linear(normed(x, w, f"{b}.ln_2"), w[f"{b}.mlp.c_fc.weight"], w[f"{b}.mlp.c_fc.bias"])
    hidden = hidden * 0.5 * (1 + erf(hidden / math.sqrt(2)))  # GELU
    x = x + w.get(f"{b}.ls_2.gamma", 1.0) * linear(hidden, w[f"{b}.mlp.c_proj.weight"], w[f"{b}.mlp.c_proj.bias"])
    expected = unit(normed(x, w, "ln_post") @ w["proj"])[1:].reshape(4, 4, -1)
    np.testing.assert_allclose(encoder.encode_grids(picture, ["score_map"])["score_map"], expected, atol=1e-6)


def test_the_score_map_of_a_resnet_is_its_pools_values_projected(encoders, picture_of) -> None:
    encoder = encoders["resnet"]
    picture, w = picture_of(encoder), weights_of(encoder)
    cells = heard(encoder.model.visual.layer4, encoder, picture, into=False).transpose(
        1, 2, 0
    )  # (k, r, c) -> (r, c, k)
    value = linear(cells, w["attnpool.v_proj.weight"], w["attnpool.v_proj.bias"])
    expected = unit(linear(value, w["attnpool.c_proj.weight"], w["attnpool.c_proj.bias"]))
    got = encoder.encode_grids(picture, ["score_map"])["score_map"]
    assert got.shape == (3, 3, 32)
    np.testing.assert_allclose(got, expected, atol=1e-6)


# --- Grad-CAM ---------------------------------------------------------------------------------------------------------


def test_grad_cam_agrees_with_finite_differences(encoder: ClipEncoder, name: str, picture: np.ndarray) -> None:
    """Channel weights measured on open_clip's own forward pass, one channel of all cells moved at a time."""
    import torch

    visual, text = encoder.model.visual, torch.from_numpy(text_of(encoder)).double()
    is_vit = name in VITS
    module = visual.transformer.resblocks[-1].ln_1 if is_vit else visual.layer4
    out = heard(module, encoder, picture, into=False)
    cells = out[1:] if is_vit else out.reshape(len(out), -1).T  # (p, k)
    channels, step = cells.shape[1], 1e-5

    def moved(_, given, out):  # every row of the batch moves another channel up or down
        size = channels
        shift = torch.cat([torch.eye(size), -torch.eye(size)]).double() * step
        if is_vit:
            shift = torch.cat([torch.zeros(2 * size, 1, size), shift[:, None].expand(-1, len(cells), -1)], dim=1)
            return out + shift
        return out + shift[:, :, None, None]

    hook = module.register_forward_hook(moved)
    with torch.no_grad():
        batch = pixels_of(encoder, picture).expand(2 * channels, -1, -1, -1)
        similarity = torch.nn.functional.normalize(encoder.model.encode_image(batch), dim=-1) @ text
    hook.remove()
    # a shift of all cells at once gathers the sum of their gradients; the weight is the mean
    weights = ((similarity[:channels] - similarity[channels:]) / (2 * step) / len(cells)).numpy()
    side = math.isqrt(len(cells))
    expected = np.maximum(cells @ weights, 0).reshape(side, side)
    got = heatmaps.grad_cam(encoder.encode_grids(picture, ["grad_cam"])["grad_cam"], text.numpy())
    assert expected.max() > 1e-4, "a map of nothing would show nothing"
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6 * expected.max())


def test_grad_cam_agrees_with_backpropagation(encoder: ClipEncoder, name: str, picture: np.ndarray) -> None:
    import torch

    visual, text = encoder.model.visual, torch.from_numpy(text_of(encoder)).double()
    module = visual.transformer.resblocks[-1].ln_1 if name in VITS else visual.layer4
    kept = []

    def keep(_, given, out):
        kept.append(out.clone().requires_grad_(True))
        return kept[0].clone()

    hook = module.register_forward_hook(keep)
    similarity = torch.nn.functional.normalize(encoder.model.encode_image(pixels_of(encoder, picture)), dim=-1) @ text
    hook.remove()
    (gradient,) = torch.autograd.grad(similarity.sum(), kept)
    cells, slopes = ((t[0, 1:] if name in VITS else t[0].flatten(1).T).detach().numpy() for t in (kept[0], gradient))
    expected = np.maximum(cells @ slopes.mean(axis=0), 0)
    got = heatmaps.grad_cam(encoder.encode_grids(picture, ["grad_cam"])["grad_cam"], text.numpy())
    np.testing.assert_allclose(got.ravel(), expected, rtol=1e-4, atol=1e-6 * expected.max())


# --- CLIP Surgery -----------------------------------------------------------------------------------------------------


def test_surgery_of_a_vit_adds_value_attention_in_the_last_half(encoders, picture_of, vit: str) -> None:
    encoder = encoders[vit]
    picture, w = picture_of(encoder), weights_of(encoder)
    blocks = encoder.model.visual.transformer.resblocks
    first = len(blocks) - len(blocks) // 2
    path = heard(blocks[first], encoder, picture, into=True)
    width = path.shape[1]
    for number in range(first, len(blocks)):
        b = f"transformer.resblocks.{number}"
        x = normed(heard(blocks[number], encoder, picture, into=True), w, f"{b}.ln_1")
        value = linear(x, w[f"{b}.attn.in_proj_weight"][2 * width :], w[f"{b}.attn.in_proj_bias"][2 * width :])
        mixed = by_hand_value_attention(value, 3, normalise=False, scale=1.0)
        path = path + w.get(f"{b}.ls_1.gamma", 1.0) * linear(
            mixed, w[f"{b}.attn.out_proj.weight"], w[f"{b}.attn.out_proj.bias"]
        )
    expected = unit(normed(path, w, "ln_post") @ w["proj"])[1:].reshape(4, 4, -1)
    np.testing.assert_allclose(encoder.encode_grids(picture, ["clip_surgery"])["clip_surgery"], expected, atol=1e-6)


def test_surgery_of_a_resnet_is_value_attention_in_its_pool(encoders, picture_of) -> None:
    encoder = encoders["resnet"]
    picture, w = picture_of(encoder), weights_of(encoder)
    cells = heard(encoder.model.visual.layer4, encoder, picture, into=False)
    cells = cells.reshape(len(cells), -1).T
    tokens = np.concatenate([cells.mean(axis=0, keepdims=True), cells]) + w["attnpool.positional_embedding"]
    value = linear(tokens, w["attnpool.v_proj.weight"], w["attnpool.v_proj.bias"])
    mixed = by_hand_value_attention(value, 4, normalise=True, scale=8.0)
    expected = unit(linear(mixed, w["attnpool.c_proj.weight"], w["attnpool.c_proj.bias"]))[1:].reshape(3, 3, -1)
    np.testing.assert_allclose(encoder.encode_grids(picture, ["clip_surgery"])["clip_surgery"], expected, atol=1e-6)


# layers, first block with a second path, first block with masked tokens: the documented ones at 12 blocks
DEPTHS = [(1, 0, 0), (2, 1, 1), (4, 2, 3), (6, 3, 4), (12, 6, 9), (24, 18, 9)]


@pytest.mark.parametrize(("layers", "surgery", "masking"), DEPTHS)
def test_where_surgery_and_masking_start(layers: int, surgery: int, masking: int) -> None:
    from open_clip.transformer import VisionTransformer

    from tasnb.models.towers import ViTTower

    visual = VisionTransformer(32, 16, width=16, layers=layers, heads=2, mlp_ratio=2.0, output_dim=8)
    assert (ViTTower(visual).surgery_start, ViTTower(visual).masking_start) == (surgery, masking)


# --- Region Token -----------------------------------------------------------------------------------------------------


def test_region_token_of_a_vit_is_a_forward_pass_without_the_other_tokens(encoders, picture_of, vit: str) -> None:
    import torch

    encoder = encoders[vit]
    picture, visual = picture_of(encoder), encoder.model.visual
    masks = np.zeros((2, 64, 64), dtype=bool)
    masks[0, :32, 16:64] = True
    masks[1, 16:32, 16:32] = True
    got = encoder.encode_regions(picture, masks, "region_token")
    for mask, row in zip(masks, got, strict=True):
        kept = torch.from_numpy(mask[::16, ::16].ravel())
        with torch.no_grad():
            tokens = visual._embeds(pixels_of(encoder, picture))
            tokens = tokens[:, torch.cat([torch.ones(1, dtype=torch.bool), kept])]
            expected = visual._pool(visual.transformer(tokens))[0] @ visual.proj
        np.testing.assert_allclose(row, unit(expected[0].numpy()), atol=2e-6)


def test_region_token_of_a_resnet_is_its_pool_over_the_masks_cells(encoders, picture_of) -> None:
    encoder = encoders["resnet"]
    picture, w = picture_of(encoder), weights_of(encoder)
    mask = np.zeros((1, 96, 96), dtype=bool)
    mask[0, 32:, :64] = True
    kept = mask[0, ::32, ::32].ravel()
    cells = heard(encoder.model.visual.layer4, encoder, picture, into=False)
    cells = cells.reshape(len(cells), -1).T[kept]
    places = w["attnpool.positional_embedding"]
    tokens = np.concatenate([cells.mean(axis=0, keepdims=True) + places[:1], cells + places[1:][kept]])
    query, key, value = (
        linear(tokens, w[f"attnpool.{p}_proj.weight"], w[f"attnpool.{p}_proj.bias"]) for p in ("q", "k", "v")
    )
    mixed = np.zeros(value.shape[1])
    for head in np.split(np.arange(len(mixed)), 4):
        logits = key[:, head] @ query[0, head] / math.sqrt(len(head))
        share = np.exp(logits - logits.max())
        mixed[head] = share / share.sum() @ value[:, head]
    expected = unit(linear(mixed, w["attnpool.c_proj.weight"], w["attnpool.c_proj.bias"]))
    np.testing.assert_allclose(encoder.encode_regions(picture, mask, "region_token")[0], expected, atol=2e-6)


def test_region_token_of_a_vit_does_not_see_what_lies_outside_the_mask(encoders, vit: str) -> None:
    encoder = encoders[vit]  # a ResNet's cells have seen their surroundings before the pool
    rng = np.random.default_rng(3)
    picture = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    other = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    mask = np.zeros((1, 64, 64), dtype=bool)
    mask[0, 16:48, :32] = True
    other[mask[0]] = picture[mask[0]]
    rows = [encoder.encode_regions(each, mask, "region_token") for each in (picture, other)]
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    assert not np.allclose(*(encoder.encode_images([each]) for each in (picture, other)), atol=1e-3)


KEPT = [
    ("half and more", [0.5, 0.49, 1.0, 0.0], [True, False, True, False]),
    ("half of none: the most covered", [0.1, 0.3, 0.2, 0.3], [False, True, False, False]),
    ("an empty mask", [0.0, 0.0, 0.0, 0.0], [False] * 4),
    ("a full mask", [1.0] * 4, [True] * 4),
]


@pytest.mark.parametrize(("case", "share", "kept"), KEPT)
def test_which_tokens_a_mask_keeps(case: str, share: list[float], kept: list[bool]) -> None:
    assert cells_inside(np.array([share])).tolist() == [kept]


# --- Global-Local -----------------------------------------------------------------------------------------------------


def test_global_local_of_a_vit_masks_what_goes_into_the_last_blocks(encoders, picture_of, vit: str) -> None:
    import torch

    encoder = encoders[vit]
    picture, visual = picture_of(encoder), encoder.model.visual
    mask = np.zeros((1, 64, 64), dtype=bool)
    mask[0, 8:40, 20:64] = True  # across the cells
    share = mask[0].reshape(4, 16, 4, 16).mean(axis=(1, 3)).ravel()
    factor = torch.cat([torch.ones(1), torch.from_numpy(share)]).double()[None, :, None]
    blocks = visual.transformer.resblocks
    hooks = [
        block.register_forward_pre_hook(lambda _, given: (given[0] * factor, *given[1:]))
        for block in blocks[3 * len(blocks) // 4 :]
    ]
    with torch.no_grad():
        expected = encoder.model.encode_image(pixels_of(encoder, picture))
    for hook in hooks:
        hook.remove()
    got = encoder.encode_regions(picture, mask, "global_local")
    np.testing.assert_allclose(got, unit(expected.numpy()), atol=2e-6)


def test_global_local_of_a_resnet_masks_the_map_before_the_pool(encoders, picture_of) -> None:
    import torch

    encoder = encoders["resnet"]
    picture = picture_of(encoder)
    mask = np.zeros((1, 96, 96), dtype=bool)
    mask[0, 10:70, 30:96] = True
    share = torch.from_numpy(mask[0].reshape(3, 32, 3, 32).mean(axis=(1, 3)))
    hook = encoder.model.visual.layer4.register_forward_hook(lambda _, given, out: out * share)
    with torch.no_grad():
        expected = encoder.model.encode_image(pixels_of(encoder, picture))
    hook.remove()
    got = encoder.encode_regions(picture, mask, "global_local")
    np.testing.assert_allclose(got, unit(expected.numpy()), atol=2e-6)


def test_a_mask_comes_to_the_grid_as_it_is_loaded(toy_folder) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    mask = np.zeros((1, 64, 64), dtype=bool)
    mask[0, 3:41, 22:60] = True
    found = {}
    for how in ("area", "bilinear", "nearest"):
        encoder = load_matcher(toy_folder / "clip", device="cpu", mask_resize=how)
        found[how] = encoder.encode_regions(picture, mask, "global_local"), encoder.fingerprint
        np.testing.assert_array_equal(
            encoder.encode_regions(picture, mask, "region_token"),
            load_matcher(toy_folder / "clip", device="cpu").encode_regions(picture, mask, "region_token"),
        )
    rows, names = zip(*found.values(), strict=True)
    assert len(set(names)) == 3
    assert not np.allclose(rows[0], rows[1])
    assert not np.allclose(rows[1], rows[2])
    with pytest.raises(ValueError, match="unknown resize of masks 'max'; choose from area, bilinear, nearest"):
        load_matcher(toy_folder / "clip", device="cpu", mask_resize="max")


# --- pictures, masks and towers of every kind -------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (30, 90), (200, 50)])
def test_any_picture_has_features_that_cover_it(encoder: ClipEncoder, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    masks = np.stack([np.ones(size, bool), np.zeros(size, bool), rng.random(size) < 0.1])
    side = encoder.preprocessing.size_hw[0]
    cells = side // 16 if side == 64 else side // 32
    found = encoder.encode_grids(picture, GRIDS)
    assert {kind: grid.shape for kind, grid in found.items()} == dict.fromkeys(GRIDS, (cells, cells, 32))
    for kind in REGIONS:
        rows = encoder.encode_regions(picture, masks, kind)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert all(np.isfinite(grid).all() for grid in found.values())


def test_a_wide_picture_is_squashed_not_cropped(encoder: ClipEncoder) -> None:
    """The same picture, stretched to a square by hand, gives the same grid: nothing at the rim is lost."""
    from PIL import Image

    side = encoder.preprocessing.size_hw[0]
    wide = np.random.default_rng(0).integers(0, 256, (side, 3 * side, 3), dtype=np.uint8)
    square = np.asarray(Image.fromarray(wide).resize((side, side), Image.Resampling.BICUBIC))
    for kind in GRIDS:
        np.testing.assert_allclose(
            encoder.encode_grids(wide, [kind])[kind], encoder.encode_grids(square, [kind])[kind], atol=1e-6
        )


def test_one_pass_gives_what_several_give(encoder: ClipEncoder, picture: np.ndarray) -> None:
    together = encoder.encode_grids(picture, GRIDS)
    for kind in GRIDS:
        np.testing.assert_allclose(encoder.encode_grids(picture, [kind])[kind], together[kind], atol=1e-6)


def test_the_batch_size_changes_nothing(
    encoder: ClipEncoder, picture: np.ndarray, masks: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [encoder.encode_regions(picture, masks, kind) for kind in REGIONS]
    grid = encoder.encode_grids(picture, ["grad_cam"])["grad_cam"]
    monkeypatch.setattr(encoder, "batch_size", 2)
    for kind, before in zip(REGIONS, rows, strict=True):
        np.testing.assert_allclose(encoder.encode_regions(picture, masks, kind), before, atol=1e-6)
    np.testing.assert_allclose(encoder.encode_grids(picture, ["grad_cam"])["grad_cam"], grid, atol=1e-6)


def test_no_masks_give_no_rows(encoder: ClipEncoder, picture: np.ndarray, masks: np.ndarray) -> None:
    for kind in REGIONS:
        assert encoder.encode_regions(picture, masks[:0], kind).shape == (0, 32)


def test_an_unknown_kind_lists_the_choices(encoder: ClipEncoder, picture: np.ndarray, masks: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"unknown grid 'cam'; choose from score_map, clip_surgery, grad_cam"):
        encoder.encode_grids(picture, ["cam"])
    with pytest.raises(ValueError, match="choose from region_token, global_local"):
        encoder.encode_regions(picture, masks, "crop")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_stays_near(tmp_path: Path, dtype: str) -> None:
    write_clip(tmp_path / "c")
    full, half = (ClipEncoder.load(tmp_path / "c", device="cpu", dtype=d) for d in ("float32", dtype))
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    masks = np.random.default_rng(1).random((3, 64, 64)) < 0.5
    for kind in ("score_map", "clip_surgery"):
        one, two = (e.encode_grids(picture, [kind])[kind] for e in (full, half))
        assert (one * two).sum(axis=-1).min() > 0.98
    one, two = (e.encode_grids(picture, ["grad_cam"])["grad_cam"] for e in (full, half))
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.98
    for kind in REGIONS:
        one, two = (e.encode_regions(picture, masks, kind) for e in (full, half))
        assert (one * two).sum(axis=-1).min() > 0.98


def test_quick_gelu_is_the_models_own(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    full = np.ones((1, 64, 64), dtype=bool)
    write_clip(tmp_path / "c", quick_gelu=True)
    encoder = ClipEncoder.load(tmp_path / "c", device="cpu")
    np.testing.assert_allclose(
        encoder.encode_regions(picture, full, "region_token"), encoder.encode_images([picture]), atol=1e-5
    )


def test_other_towers_are_refused_in_words(tmp_path: Path) -> None:
    from tasnb.models.towers import tower_of

    class TimmModel: ...

    with pytest.raises(ValueError, match=r"need open_clip's VisionTransformer or ModifiedResNet .* got TimmModel"):
        tower_of(TimmModel())
    write_clip(tmp_path / "coca", vision={**SHALLOW, "attentional_pool": True, "attn_pooler_heads": 4})
    coca = ClipEncoder.load(tmp_path / "coca", device="cpu")
    with pytest.raises(ValueError, match=r"pools with attention \(CoCa\)"):
        coca.encode_grids(np.zeros((8, 8, 3), np.uint8), ["score_map"])
    assert json.loads((tmp_path / "coca" / "open_clip_config.json").read_text())["model_cfg"]["vision_cfg"]


@pytest.fixture(params=VITS)
def vit(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def picture_of():
    def make(encoder: ClipEncoder) -> np.ndarray:
        side = encoder.preprocessing.size_hw[0]
        return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)

    return make
