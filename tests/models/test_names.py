"""Names that people know, files that other programs have downloaded, and presets of which one part is one's own."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tasnb import models
from tasnb.core.errors import MissingFileError, UserError
from tasnb.models import names, places, presets
from tasnb.models.catalogue import PARTS
from tests.models.official_checkpoints import write_clip_state_dict

REVISION = PARTS["captioner"]["git"].revision


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TASNB_CACHE", str(tmp_path / "tasnb"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "hf" / "hub"


def keep(hub: Path, repo: str, source: Path, revision: str) -> Path:
    """A folder as huggingface_hub keeps one: a snapshot by its commit, and "main" that names it."""
    home = hub / f"models--{repo.replace('/', '--')}"
    (home / "refs").mkdir(parents=True, exist_ok=True)
    (home / "refs" / "main").write_text(revision)
    return shutil.copytree(source, home / "snapshots" / revision)


# role, what people say, what the catalogue calls it
KNOWN = [
    ("captioner", "microsoft/git-base-coco", "git"),
    ("captioner", "hf-hub:Salesforce/blip-image-captioning-base", "blip"),
    ("captioner", "Salesforce/blip2-opt-2.7b", "blip2"),
    ("clip", "ViT-B-32-quickgelu", "ViT-B-32"),
    ("clip", "ViT-B/32", "ViT-B-32"),
    ("clip", "RN50-quickgelu", "RN50"),
    ("clip", "hf-hub:timm/ViT-B-16-SigLIP2-256", "siglip2"),
    ("clip", "timm/vit_base_patch32_clip_224.openai", "ViT-B-32"),
    ("clip", "Salesforce/blip2-itm-vit-g", "blip2-itc"),
    ("sam", "facebook/sam2.1-hiera-large", "sam2"),
    ("sam", "facebook/sam3", "sam3"),
    ("sam", "sam_vit_b", "vit_b"),
]


@pytest.mark.parametrize(("role", "said", "name"), KNOWN)
def test_a_name_that_people_know_is_a_part_of_the_catalogue(role, said: str, name: str, hub: Path) -> None:
    assert names.canonical(role, said) == name
    with pytest.raises(MissingFileError, match=rf"To get them: tasnb fetch {name}$"):
        models.load("toy", **{role: said})


def test_a_repository_in_the_hugging_face_cache_needs_no_download(
    hub: Path, checkpoints: Path, socket_disabled: None
) -> None:
    snapshot = keep(hub, "microsoft/git-base-coco", checkpoints / "git", str(REVISION))
    (snapshot / "pytorch_model.bin").write_bytes(b"weights")
    shutil.copy(snapshot / "processor_config.json", snapshot / "preprocessor_config.json")  # the release's name of it
    *_, arguments = models.plan("toy", captioner="microsoft/git-base-coco")
    assert arguments["captioner"]["folder"].rstrip("/") == str(snapshot)
    other = keep(hub, "me/my-git", checkpoints / "git", "a" * 40)
    *_, arguments = models.plan("toy", captioner="me/my-git")
    assert arguments["captioner"]["folder"] == str(other)
    loaded = models.load("toy", captioner="me/my-git", device="cpu")
    assert len(loaded.captioner.caption([np.zeros((9, 9, 3), np.uint8)])) == 1
    mine = keep(hub, "me/my-clip", checkpoints / "clip", "b" * 40)
    for said in ("me/my-clip", "hf-hub:me/my-clip"):
        *_, arguments = models.plan("toy", clip=said)
        assert arguments["clip"]["model"] == str(mine)


@pytest.mark.parametrize(("role", "said"), [("captioner", "me/none"), ("clip", "hf-hub:me/none"), ("sam", "me/none")])
def test_a_repository_that_is_not_here_says_how_to_get_it(role: str, said: str, hub: Path) -> None:
    with pytest.raises(MissingFileError, match=r"me/none is not on this machine .*: hf download me/none, or give"):
        models.load("toy", **{role: said})


def test_a_name_of_open_clip_takes_what_open_clip_has_downloaded(hub: Path, tmp_path: Path) -> None:
    import open_clip

    from tasnb.models.clip import ClipEncoder

    name, tag = "RN50-quickgelu", "yfcc15m"
    with pytest.raises(
        MissingFileError, match=r"none lies in open_clip's or the Hugging Face cache; .* are openai, yfcc15m"
    ):
        ClipEncoder.load(name, device="cpu")
    written = Path(write_clip_state_dict(tmp_path / "w.pt", name, openai=False)["checkpoint"])
    url = open_clip.get_pretrained_cfg(name, tag)["url"]
    kept = tmp_path / "home" / ".cache" / "clip" / url.rpartition("/")[2]
    kept.parent.mkdir(parents=True)
    shutil.move(written, kept)
    by_tag = ClipEncoder.load(name, tag, device="cpu")
    assert by_tag.embed_dim == 1024
    *_, arguments = models.plan("toy", clip={"model": name, "checkpoint": tag})
    assert arguments["clip"]["checkpoint"] == tag
    with pytest.raises(UserError, match=r"unknown clip 'RN51'; choose from .*a name of open_clip"):
        models.load("toy", clip="RN51")


def test_the_sizes_of_a_clip_checkpoint_tell_its_architecture(tmp_path: Path) -> None:
    from tasnb.models.clip import ClipEncoder, _architecture_of

    file = write_clip_state_dict(tmp_path / "best.pt", "RN50-quickgelu", openai=True)["checkpoint"]
    assert _architecture_of(Path(file)) == "RN50-quickgelu"
    *_, arguments = models.plan("toy", clip=file)
    assert ClipEncoder.load(**arguments["clip"] | {"device": "cpu"}).embed_dim == 1024
    sam = tmp_path / "sam.safetensors"
    from safetensors.torch import save_file
    from torch import zeros

    save_file({"a": zeros(2)}, sam)
    with pytest.raises(UserError, match="does not hold a CLIP whose sizes open_clip knows"):
        ClipEncoder.load(sam, device="cpu")


def test_an_installed_spacy_package_is_a_name(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "3.8.0" if name.startswith("en_core_web") else installed(name)
    )
    for name in ("en_core_web_md", "en_core_web_sm"):  # the second is of the catalogue, and not in our cache
        *_, arguments = models.plan("toy", spacy=name)
        assert arguments["spacy"] == {"folder": name}
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"unknown spacy 'en_core_web_md'; choose from .*an installed pipeline"):
        models.load("toy", spacy="en_core_web_md")


# role, what is given, what the error says
WRONG = [
    ("captioner", "FILE", r"captioner: expected a folder, .*FILE is a file"),
    ("spacy", "FILE", "spacy: expected a folder"),
    ("wordnet", "FILE", "wordnet: expected a folder"),
    ("sam", "gone.pth", "sam: no such file or folder: gone.pth"),
    ("clip", "./gone", "clip: no such file or folder"),
    ("sam", "EMPTY", r"sam: expected one \.safetensors or \.pth in .*, found 0"),
]


@pytest.mark.parametrize(("role", "given", "message"), WRONG)
def test_a_path_of_the_wrong_kind_is_one_line(role: str, given: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "FILE").write_text("x")
    (tmp_path / "EMPTY").mkdir()
    value = str(tmp_path / given) if given in ("FILE", "EMPTY") else given
    with pytest.raises(UserError, match=message):
        models.load("toy", **{role: value})


def test_a_models_json_may_name_the_preset_that_has_the_rest(checkpoints: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoints / "sam", tmp_path / "mine" / "sam")
    written = tmp_path / "mine" / "models.json"
    written.write_text(json.dumps({"preset": "toy", "sam": "sam/sam_tiny_random.pth"}))
    _, _, arguments = models.plan(tmp_path / "mine")
    assert arguments["sam"]["checkpoint"] == str(tmp_path / "mine" / "sam" / "sam_tiny_random.pth")
    assert Path(arguments["clip"]["model"]).parts[-3:] == ("models", "toy", "clip")
    chosen = presets._chosen(tmp_path / "mine")
    assert (chosen.name, chosen.weights) == ("mine", presets.PRESETS["toy"].weights)
    assert presets.variant_of(tmp_path / "mine", "official") == "official-scaled"
    loaded = models.load(tmp_path / "mine", device="cpu")
    assert loaded.proposer.propose(np.zeros((30, 30, 3), np.uint8)).size_hw == (30, 30)
    own = {"alpha": 2.0, "lam": 0.0}
    written.write_text(json.dumps({"preset": "toy", "weights": own}))
    assert presets._chosen(written).weights == own
    for wrong, message in (
        ({"preset": "labtop"}, "unknown preset 'labtop' of .*models.json; choose from toy, laptop"),
        ({"preset": {"name": "toy"}}, "unknown preset"),
        ({"preset": "toy", "smm": "x"}, "unknown role in .* 'smm'; choose from sam, clip"),
        ({"sam": "toy"}, 'Name the preset that has the others: "preset": "laptop"'),
    ):
        written.write_text(json.dumps(wrong))
        with pytest.raises(UserError, match=message):
            models.plan(written)


def test_the_cache_of_hugging_face_is_where_its_variables_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places.hub_cache() == tmp_path / ".cache" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", "/a")
    assert places.hub_cache() == Path("/a/hub")
    monkeypatch.setenv("HF_HUB_CACHE", "/b")
    assert places.hub_cache() == Path("/b")
    assert places.hub_folder("a/b") is None
