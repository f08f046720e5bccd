"""BLIP-2 ITC and ALBEF against forward passes that share no code with the adapters, and TAS on each of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import tasnb as tn
from tasnb.core.types import ImageTextEncoder
from tasnb.models.adapters import load_matcher
from tasnb.models.albef import AlbefItc, as_albef_reads
from tasnb.models.blip2_itc import Blip2Itc, as_lavis_reads
from tests.models import official_matchers as official

pytestmark = pytest.mark.slow

TEXTS = ["the left dog", "a red bus", "man"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("matchers")
    official.write_blip2_itc(home / "blip2-itc")
    official.write_albef(home / "albef")
    return {kind: home / kind for kind in ("blip2-itc", "albef")}


@pytest.fixture(scope="module")
def matchers(folders: dict[str, Path]) -> dict[str, ImageTextEncoder]:
    return {kind: load_matcher(folder, device="cpu") for kind, folder in folders.items()}


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in [(64, 64), (1, 1), (90, 50), (1, 30)]]


def test_the_files_decide_which_matcher_it_is(matchers) -> None:
    assert isinstance(matchers["blip2-itc"], Blip2Itc)
    assert isinstance(matchers["albef"], AlbefItc)
    assert all(isinstance(matcher, ImageTextEncoder) for matcher in matchers.values())


def test_blip2_scores_are_those_of_transformers(matchers, folders, pictures) -> None:
    import torch
    import transformers
    from PIL import Image

    model = transformers.Blip2ForImageTextRetrieval.from_pretrained(folders["blip2-itc"]).eval()
    processor = transformers.AutoProcessor.from_pretrained(folders["blip2-itc"], backend="pil")
    pixels = processor.image_processor(images=[Image.fromarray(p) for p in pictures], return_tensors="pt")
    words = processor.tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        found = model(**pixels, input_ids=words["input_ids"], attention_mask=words["attention_mask"])
    matcher = matchers["blip2-itc"]
    features, texts = matcher.encode_images(pictures), matcher.encode_texts(TEXTS)
    assert features.shape == (len(pictures), 4, 16)
    assert tn.scores.cosines(features, texts) == pytest.approx(found.logits_per_image.numpy(), abs=1e-5)
    assert np.ptp(features @ texts[0], axis=1).min() > 1e-3, "the queries see different things"


def albef_by_hand(state: dict, picture: np.ndarray, ids: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Both towers from the raw tensors: attention, GELU, post-norm BERT and pre-norm ViT written out."""
    import torch
    import torch.nn.functional as F

    def linear(x, name):
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def norm(x, name, eps):
        return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], eps)

    def attend(q, k, v):  # one head of 64: the small checkpoint is 64 wide
        return torch.softmax(q @ k.T / 8, dim=-1) @ v

    patches = torch.from_numpy(picture).unfold(1, 16, 16).unfold(2, 16, 16)  # (3, rows, columns, 16, 16)
    flat = patches.permute(1, 2, 0, 3, 4).reshape(-1, 3 * 256)
    kernel = state["visual_encoder.patch_embed.proj.weight"].reshape(64, -1)
    x = flat @ kernel.T + state["visual_encoder.patch_embed.proj.bias"]
    x = torch.cat([state["visual_encoder.cls_token"][0], x]) + state["visual_encoder.pos_embed"][0]
    for i in range(12):
        at = f"visual_encoder.blocks.{i}"
        x = x + linear(
            attend(*linear(norm(x, f"{at}.norm1", 1e-6), f"{at}.attn.qkv").chunk(3, dim=-1)), f"{at}.attn.proj"
        )
        x = x + linear(F.gelu(linear(norm(x, f"{at}.norm2", 1e-6), f"{at}.mlp.fc1")), f"{at}.mlp.fc2")
    image = linear(norm(x, "visual_encoder.norm", 1e-6)[0], "vision_proj")

    bert = "text_encoder.bert.embeddings"
    y = state[f"{bert}.word_embeddings.weight"][ids] + state[f"{bert}.position_embeddings.weight"][: len(ids)]
    y = norm(y + state[f"{bert}.token_type_embeddings.weight"][0], f"{bert}.LayerNorm", 1e-12)
    for i in range(6):
        at = f"text_encoder.bert.encoder.layer.{i}"
        seen = attend(*(linear(y, f"{at}.attention.self.{part}") for part in ("query", "key", "value")))
        y = norm(y + linear(seen, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm", 1e-12)
        inner = F.gelu(linear(y, f"{at}.intermediate.dense"))
        y = norm(y + linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm", 1e-12)
    text = linear(y[0], "text_proj")
    return tuple((v / v.norm()).numpy() for v in (image, text))


def test_albef_is_its_two_towers_written_out(matchers, folders) -> None:
    import torch

    state = torch.load(folders["albef"] / "ALBEF.pth", weights_only=True)["model"]
    picture = np.random.default_rng(1).integers(0, 256, (256, 256, 3), dtype=np.uint8)  # its own size: no resize
    mean, std = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])
    pixels = ((picture / 255 - mean) / std).transpose(2, 0, 1).astype(np.float32)
    words = (folders["albef"] / "vocab.txt").read_text().splitlines()
    ids = [words.index(word) for word in ("[CLS]", "the", "left", "dog", "[SEP]")]
    image, text = albef_by_hand(state, pixels, ids)
    assert matchers["albef"].encode_images([picture])[0] == pytest.approx(image, abs=2e-5)
    assert matchers["albef"].encode_texts(["The left dog!"])[0] == pytest.approx(text, abs=2e-5)


@pytest.mark.parametrize("kind", ["blip2-itc", "albef"])
def test_batches_padding_and_repeats_change_nothing(matchers, folders, pictures, kind) -> None:
    alone = load_matcher(folders[kind], device="cpu", batch_size=1)
    assert alone.encode_images(pictures) == pytest.approx(matchers[kind].encode_images(pictures), abs=1e-5)
    texts = [*TEXTS, TEXTS[0]]
    rows = matchers[kind].encode_texts(texts)
    assert alone.encode_texts(texts) == pytest.approx(rows, abs=1e-5)
    assert np.array_equal(rows[0], rows[3])
    assert np.linalg.norm(matchers[kind].encode_images(pictures), axis=-1) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(rows, axis=-1) == pytest.approx(1, abs=1e-5)
    assert alone.fingerprint == matchers[kind].fingerprint


@pytest.mark.parametrize("kind", ["blip2-itc", "albef"])
def test_nothing_gives_no_rows_and_any_text_gives_one(matchers, kind) -> None:
    matcher = matchers[kind]
    assert matcher.encode_images([]).shape[0] == 0
    assert matcher.encode_texts([]).shape == (0, matcher.embed_dim)
    odd = ["", "🐕 <script>alert('x')</script>", '"quoted"', "word " * 500]
    assert np.isfinite(matcher.encode_texts(odd)).all()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("The Left CAT.", "the left cat"),
        ('a "red" (old) hat; yes!', "a red old hat yes"),
        ("5:30 #1 *star* ~", "5 30 1 star"),
        ("it's a hot-dog, ok? a/b", "it's a hot-dog, ok? a/b"),
        ("  two   blanks\n", "two blanks"),
        ("w " * 60, " ".join(["w"] * 50)),
        ("", ""),
    ],
)
def test_blip2_reads_texts_as_lavis_does(text: str, read: str) -> None:
    """LAVIS's pre_caption: . ! " ( ) * # : ; ~ become blanks, runs of blanks one, at most 50 words."""
    assert as_lavis_reads(text) == read


def test_albef_reads_words_without_punctuation() -> None:
    assert as_albef_reads(" A (red)  bus/van, 'here'... ") == "a red bus van here"


def test_the_position_embedding_is_interpolated(tmp_path: Path, matchers) -> None:
    """A checkpoint tuned at 384 pixels has 24 x 24 places; at its own size nothing is interpolated."""
    import torch

    official.write_albef(tmp_path / "large", grid=24)
    large = load_matcher(tmp_path / "large", device="cpu")  # 24 x 24 -> 16 x 16
    places = torch.load(tmp_path / "large" / "ALBEF.pth", weights_only=True)["model"]["visual_encoder.pos_embed"]
    grid = places[:, 1:].reshape(1, 24, 24, 64).permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(grid, size=(16, 16), mode="bicubic", align_corners=False)
    found = large.towers["vision"].pos_embed
    assert torch.allclose(found[:, 1:], expected.permute(0, 2, 3, 1).reshape(1, 256, 64), atol=1e-5)
    assert torch.equal(found[:, :1], places[:, :1])
    own = load_matcher(tmp_path / "large", device="cpu", image_size=384)
    assert torch.equal(own.towers["vision"].pos_embed, places)
    assert own.fingerprint != large.fingerprint


def test_a_fine_tuned_albef_leaves_out_bert(tmp_path: Path, matchers) -> None:
    official.write_albef(tmp_path, bert="")
    tuned = load_matcher(tmp_path, device="cpu")
    assert np.array_equal(tuned.encode_texts(TEXTS), matchers["albef"].encode_texts(TEXTS))


@pytest.mark.parametrize(
    ("dropped", "message"),
    [
        ("visual_encoder.blocks.11.", "visual_encoder.blocks.11.norm1.weight"),
        ("text_encoder.bert.encoder.layer.5.output.", "3 keys|4 keys are missing: text_encoder.bert.encoder.layer.5"),
        ("text_proj.", "no key begins with text_proj"),
        ("visual_encoder.pos_embed", "1 key is missing: visual_encoder.pos_embed"),
    ],
)
def test_albef_names_the_keys_that_are_missing(folders, tmp_path: Path, dropped: str, message: str) -> None:
    import torch

    shutil.copy(folders["albef"] / "vocab.txt", tmp_path)
    state = torch.load(folders["albef"] / "ALBEF.pth", weights_only=True)["model"]
    torch.save({"model": {k: v for k, v in state.items() if not k.startswith(dropped)}}, tmp_path / "ALBEF.pth")
    with pytest.raises(ValueError, match=message):
        load_matcher(tmp_path, device="cpu")


@pytest.mark.parametrize(("kind", "name"), [("albef", "ALBEF.pth"), ("blip2-itc", "model.safetensors")])
def test_a_file_that_is_cut_off_is_one_error(folders, tmp_path: Path, kind: str, name: str) -> None:
    broken = shutil.copytree(folders[kind], tmp_path / kind)
    data = (broken / name).read_bytes()
    (broken / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"cannot be read as weights|does not hold the weights"):
        load_matcher(broken, device="cpu")


def test_blip2_names_the_keys_that_are_missing(folders, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(folders["blip2-itc"], tmp_path / "b")
    state = load_file(broken / "model.safetensors")
    state.pop("text_projection.weight")
    save_file(state, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"1 key is missing: text_projection\.weight"):
        load_matcher(broken, device="cpu")


def test_a_captioner_is_no_matcher(tmp_path: Path) -> None:
    from tests.models.official_checkpoints import write_blip2, write_git

    write_blip2(tmp_path / "captioner")
    with pytest.raises(ValueError, match="does not hold the weights of BLIP-2 image-text retrieval"):
        load_matcher(tmp_path / "captioner", device="cpu")
    write_git(tmp_path / "git")
    with pytest.raises(FileNotFoundError, match=r"open_clip_config\.json"):
        load_matcher(tmp_path / "git", device="cpu")


def test_files_that_are_absent_are_named(tmp_path: Path, folders) -> None:
    shutil.copy(folders["albef"] / "ALBEF.pth", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"vocab\.txt"):
        load_matcher(tmp_path)
    with pytest.raises(ValueError, match="multiple of the patch size 16, got 250"):
        load_matcher(folders["albef"], image_size=250, device="cpu")
    with pytest.raises(ValueError, match="only ALBEF takes another one"):
        load_matcher(folders["blip2-itc"], image_size=384, device="cpu")


@pytest.mark.parametrize("kind", ["blip2-itc", "albef"])
def test_tas_runs_on_the_matcher_with_v_p_and_n_of_its_own(folders, reftoy_val, tmp_path: Path, kind: str) -> None:
    models = tn.models.load("toy", clip=str(folders[kind]), device="cpu")
    sample = reftoy_val[12]
    store = tn.Store(tmp_path / "store")
    artifacts = store.recall(tn.describe, sample.image, models)
    answer = tn.tas(artifacts, sample.expression, models)
    matcher, text = models.encoder, models.encoder.encode_texts([sample.expression])[0]
    crops = tn.crops.cut_all(sample.image, artifacts.proposals, tn.PAPER.v_crop)
    seen = matcher.encode_images(crops).reshape(len(crops), -1, matcher.embed_dim)
    assert answer.table.v == pytest.approx((seen @ text).max(axis=1), abs=1e-5)
    captions = matcher.encode_texts(artifacts.captions["blur"])
    assert answer.table.p == pytest.approx(captions @ text, abs=1e-5)
    negatives = matcher.encode_texts(answer.negatives.kept)
    if len(negatives):
        assert answer.table.n == pytest.approx(-(seen @ negatives.T).max(axis=1).mean(axis=1), abs=1e-5)
    again = store.recall(tn.describe, sample.image, models)
    assert np.array_equal(again.crop_embeddings["crop"], artifacts.crop_embeddings["crop"])
    assert tn.clip_only(again, sample.expression, models).index == int(answer.table.v.argmax())
