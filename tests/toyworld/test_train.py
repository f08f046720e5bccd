"""The training recipe: a few steps of each part leave files that the vendors' own loaders read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from toyworld import pairs, train
from toyworld.world import KINDS

FEW = {"scenes": 4, "batch": 4}


def test_stickers_are_the_thing_alone_and_fill_their_frame() -> None:
    stickers = pairs.draw_stickers(6, seed=5)
    assert stickers.layers.shape == (6, pairs.STICKER_SIZE, pairs.STICKER_SIZE, 4)
    for layer in stickers.layers:
        rows, cols = (np.flatnonzero((layer[..., 3] > 0).any(axis=axis)) for axis in (1, 0))
        assert max(rows[-1] - rows[0], cols[-1] - cols[0]) >= pairs.STICKER_SIZE - 4
        assert (layer[..., :3].max(axis=-1) <= layer[..., 3].astype(int) + 3).all()  # premultiplied


def test_the_same_seed_draws_the_same_and_a_cache_gives_it_back(tmp_path: Path) -> None:
    first = pairs.draw_scenes(2, cache=tmp_path)
    again = pairs.draw_scenes(2, cache=tmp_path)
    fresh = pairs.draw_scenes(2)
    for other in (again, fresh):
        assert other.scenes == first.scenes
        assert np.array_equal(other.pictures, first.pictures)
        assert np.array_equal(other.labels, first.labels)
    assert {int(k) for k in np.unique(first.labels[0])} == set(range(len(first.scenes[0].things) + 1))


def test_train_scenes_lie_above_every_shipped_seed() -> None:
    assert pairs.draw_scenes(1).scenes[0].seed == pairs.TRAIN_SEED == 1_000_000


def test_random_things_come_in_every_kind() -> None:
    rng = np.random.default_rng(0)
    assert {pairs.random_thing(rng).kind for _ in range(600)} == set(KINDS)


def test_a_cutout_lies_on_black() -> None:
    stickers = pairs.draw_stickers(3, seed=1)
    picture = pairs.stick(np.random.default_rng(0), stickers.layers[0], others=stickers.layers, size=64, covered=0)
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
    assert 0.1 < (picture == 0).all(axis=-1).mean() < 0.9
    assert not picture[0].any() or not picture[:, 0].any()


def test_points_fall_on_their_labels_and_small_things_are_asked_as_often() -> None:
    pytest.importorskip("segment_anything")
    from toyworld.train_sam import sample_points

    labels = np.zeros((64, 64), np.uint8)
    labels[:40, :40], labels[50:60, 50:60] = 1, 2
    points_xy, asked = sample_points(labels, np.random.default_rng(0), on_things=8, on_background=3)
    assert [int((asked == k).sum()) for k in (0, 1, 2)] == [3, 4, 4]
    assert all(labels[int(y), int(x)] == k for (x, y), k in zip(points_xy, asked, strict=True))


def test_points_of_an_image_without_things_are_background() -> None:
    from toyworld.train_sam import sample_points

    _, asked = sample_points(np.zeros((64, 64), np.uint8), np.random.default_rng(0), on_things=2, on_background=1)
    assert asked.tolist() == [0, 0, 0]


@pytest.mark.slow
def test_sam_learns_in_batches_what_its_own_forward_computes() -> None:
    import torch
    from toyworld.train_sam import CONFIG, predict

    from tasnb.models.sam import build_sam

    torch.manual_seed(0)
    sam = build_sam(CONFIG)
    pixels, points = torch.rand(2, 3, 256, 256), torch.rand(2, 3, 2) * 255
    with torch.no_grad():
        embeddings = sam.image_encoder(pixels)
        logits, quality = predict(sam, embeddings, points)
        prompts = (points[1][:, None], torch.ones(3, 1))
        sparse, dense = sam.prompt_encoder(points=prompts, boxes=None, masks=None)
        expected, expected_quality = sam.mask_decoder(
            embeddings[1:], sam.prompt_encoder.get_dense_pe(), sparse, dense, multimask_output=True
        )
    assert torch.allclose(logits[1], expected, atol=1e-4)
    assert torch.allclose(quality[1], expected_quality, atol=1e-4)


@pytest.mark.slow
def test_sam_few_steps_load_as_a_proposer(tmp_path: Path) -> None:
    from tasnb.models.sam import SamProposer

    facts = train.train_part("sam", tmp_path, steps=2, cache=tmp_path / "cache", log=lambda line: None, **FEW)
    assert facts["steps"] == 2
    proposer = SamProposer.load(tmp_path / "sam/model.safetensors", model=tmp_path / "sam/config.json", device="cpu")
    assert proposer.propose(np.zeros((40, 60, 3), np.uint8)).masks.shape[1:] == (40, 60)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """What the parts draw alike, drawn once."""
    return tmp_path_factory.mktemp("drawn")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["clip", "clip-cutouts", "clip-rn"])
def test_clip_few_steps_load_in_open_clip(part: str, tmp_path: Path, drawn: Path) -> None:
    import open_clip
    import torch

    train.train_part(part, tmp_path, steps=2, cache=drawn, log=lambda line: None, stickers=8, **FEW)
    name = f"local-dir:{tmp_path / part}"
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    ids = open_clip.get_tokenizer(name)(["a red car", "Zyzzyva!"])
    assert int(ids.argmax(1)[0]) == 4  # open_clip pools where the id is largest: at the end of the text
    from PIL import Image

    with torch.no_grad():
        image, text = model.encode_image(preprocess(Image.new("RGB", (80, 64)))[None]), model.encode_text(ids)
    assert image.shape == (1, 128)
    assert text.shape == (2, 128)


@pytest.mark.slow
def test_git_few_steps_load_in_transformers(tmp_path: Path, drawn: Path) -> None:
    from PIL import Image
    from transformers import AutoModelForCausalLM, AutoProcessor

    train.train_part("git", tmp_path, steps=2, cache=drawn, log=lambda line: None, stickers=8, **FEW)
    processor = AutoProcessor.from_pretrained(tmp_path / "git", local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "git", local_files_only=True)
    pixels = processor(images=Image.new("RGB", (50, 70)), return_tensors="pt").pixel_values
    assert pixels.shape == (1, 3, 128, 128)
    ids = model.generate(pixel_values=pixels, max_new_tokens=5)
    assert isinstance(processor.batch_decode(ids, skip_special_tokens=True)[0], str)


def test_strange_words_are_put_in_and_the_end_stays_the_end() -> None:
    from toyworld.train_clip import with_strange_words

    ids = np.tile(np.array([3, 10, 11, 99, 0, 0, 0, 0]), (200, 1))
    mixed = with_strange_words(np.random.default_rng(0), ids, strange=[1, 20, 21], end=99)
    assert (mixed[:, 0] == 3).all()
    assert ((mixed == 99).sum(axis=1) == 1).all()
    for word in (1, 20):
        assert 10 < (mixed == word).any(axis=1).sum() < 100
    assert all([t for t in row if t in (10, 11)] == [10, 11] for row in mixed)


def test_a_training_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from toyworld.train_schedule import Checkpoint, Meter

    def trained(folder: Path | None, stop: int | None = None) -> tuple[list[int], list[float]]:
        torch.manual_seed(0)
        model, rng = torch.nn.Linear(3, 1), np.random.default_rng(0)
        optimiser = torch.optim.AdamW(model.parameters(), lr=0.1)
        meter = Meter(name="part 1", steps=7, log=lambda line: None)
        kept = Checkpoint(folder, "part 1", "a", learners=[model, optimiser], meter=meter, rng=rng, every=2)
        done = []
        for step in kept.steps():
            if step == stop:
                break
            optimiser.zero_grad()
            model(torch.from_numpy(rng.random((4, 3), np.float32))).square().mean().backward()
            optimiser.step()
            done.append(step)
        return done, model.weight.detach().ravel().tolist()

    whole = trained(None)
    assert trained(tmp_path, stop=5)[0] == [0, 1, 2, 3, 4]
    assert trained(tmp_path) == ([4, 5, 6], whole[1])
    assert trained(tmp_path) == ([], whole[1])


@pytest.mark.parametrize(
    ("caption", "kinds"),
    [
        ("two dogs and a red car on the beach", {"dog", "car"}),
        ("three women in the snow", {"woman"}),
        ("a lady", {"woman"}),
    ],
)
def test_kinds_named_in_a_caption(caption: str, kinds: set[str]) -> None:
    from toyworld.train_git import named_kinds

    assert named_kinds(caption) == kinds


def test_records_of_other_parts_stay(tmp_path: Path) -> None:
    for part in ("clip", "sam"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "weights").write_bytes(b"0" * 10)
    train.record(tmp_path, "clip", {"seed": 0, "scores": {"pick": 0.5}}, ["clip a", "clip b"])
    train.record(tmp_path, "sam", {"seed": 0}, ["sam a"])
    train.record(tmp_path, "clip", {"seed": 1}, ["clip c"])
    assert list(json.loads((tmp_path / "training.json").read_text())) == ["sam", "clip"]
    assert (tmp_path / "train.log").read_text() == "== sam ==\nsam a\n\n== clip ==\nclip c\n"
    assert "## clip" in (tmp_path / "README.md").read_text()


def test_an_unknown_part_lists_the_choices(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"unknown part 'vlm'; choose from wordnet, spacy, sam, clip, clip-cutouts, clip-rn, git"
    ):
        train.train_part("vlm", tmp_path)


def test_zero_steps_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(["--steps", "0"])
    assert stop.value.code == 2
    assert "expected at least 1" in capsys.readouterr().err
