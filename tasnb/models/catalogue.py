"""What the presets are made of: each part's files, where they come from, and what pins them.

How each pin was verified (by look-up, in November 2026, without downloading anything): the sizes and sha256 of SAM
ViT-B and ViT-H and the sha256 of ViT-L are the issue's; the others, and the Hub's revisions, stand in several
independent public repositories that check them after downloading. ``sha256=None`` means that none could be found; a
file of the Hub is then still pinned by its revision, a git commit. Nothing of this table has been downloaded by this
project yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tasnb.models.more_models import MORE_PARTS
from tasnb.models.part import ROLES, File, Part, Role

__all__ = ["PARTS", "PRESETS", "ROLES", "File", "Part", "Preset", "Role", "is_shipped", "part_named"]


def _sam(model: str, name: str, size: int, sha256: str) -> Part:
    file = File(path=name, size=size, sha256=sha256)
    return Part(
        folder=f"sam-{model}",
        files=(file,),
        arguments={"checkpoint": f"./{name}", "model": model},
        url=f"https://dl.fbaipublicfiles.com/segment_anything/{name}",  # segment-anything's README
        total=size,
        licence="Apache-2.0",
    )


def _clip(folder: str, repo: str, revision: str, size: int, sha256: str) -> Part:
    config, weights = "open_clip_config.json", "open_clip_model.safetensors"
    return Part(
        folder=folder,
        files=(File(path=config), File(path=weights, size=size, sha256=sha256)),
        arguments={"model": "./"},
        repo=repo,  # open_clip/pretrained.py, the hf_hub entry of tag "openai"
        revision=revision,
        patterns=(config, weights),
        total=size,
        licence="MIT",
    )


_HUB_TEXT = ("*.json", "*.txt")

_PARTS: Mapping[Role, Mapping[str, Part]] = MappingProxyType(
    {
        "sam": {
            "toy": Part(
                home="shipped",
                folder="models/toy/sam",
                files=(File(path="config.json"), File(path="model.safetensors")),
                # chosen on RefToy's train scenes: a small SAM is less sure of itself than the paper's 8, 0.7, 0.7 ask
                arguments={
                    "checkpoint": "./model.safetensors",
                    "model": "./config.json",
                    "points_per_side": 12,
                    "pred_iou_thresh": 0.5,
                    "stability_score_thresh": 0.6,
                },
            ),
            "vit_b": _sam(
                "vit_b",
                "sam_vit_b_01ec64.pth",
                375_042_383,
                "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
            ),
            "vit_l": _sam(
                "vit_l",
                "sam_vit_l_0b3195.pth",
                1_249_524_607,
                "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
            ),
            "vit_h": _sam(
                "vit_h",
                "sam_vit_h_4b8939.pth",
                2_564_550_879,
                "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
            ),
        },
        "clip": {
            "toy": Part(
                home="shipped",
                folder="models/toy/clip",
                files=(File(path="open_clip_config.json"), File(path="open_clip_model.safetensors")),
                arguments={"model": "./"},
            ),
            "ViT-B-32": _clip(
                "clip-vit-b-32-openai",
                "timm/vit_base_patch32_clip_224.openai",
                "a6f597a30f7b82c51704746581f9a4e41421e878",
                605_143_284,
                "e6d1bd7789aa45192b3bf90570a789b478bae1b74ebcce7eddd908e83a2b7c31",
            ),
            "RN50": _clip(
                "clip-rn50-openai",
                "timm/resnet50_clip.openai",
                "ec3d92cf63a5f9d591f0d611b736895966c73076",
                408_291_932,
                "da0baa37fb2211eee5729ab69ed587eb10d48f5b7076ceeed01552fc3d4cb4ee",
            ),
            "toy-rn": Part(
                home="shipped",
                folder="models/toy/clip-rn",
                files=(File(path="open_clip_config.json"), File(path="open_clip_model.safetensors")),
                arguments={"model": "./"},
            ),
        },
        "captioner": {
            "toy": Part(
                home="shipped",
                folder="models/toy/git",
                files=(File(path="config.json"), File(path="model.safetensors")),
                arguments={"folder": "./"},
            ),
            "git": Part(
                folder="git-base-coco",
                # its main branch has no safetensors; torch.load(weights_only=True) reads this one
                files=(File(path="config.json"), File(path="pytorch_model.bin")),
                arguments={"folder": "./"},
                repo="microsoft/git-base-coco",
                revision="a13141da42abd4a8cbf283601a8104265f537cee",
                patterns=(*_HUB_TEXT, "pytorch_model.bin"),
                total=708_000_000,
                licence="MIT",
            ),
            "blip": Part(
                folder="blip-image-captioning-base",
                files=(
                    File(path="config.json"),
                    File(
                        path="pytorch_model.bin",
                        size=989_820_849,
                        sha256="d6638651a5526cc2ede56f2b5104d6851b0755816d220e5e046870430180c767",
                    ),
                ),
                arguments={"folder": "./"},
                repo="Salesforce/blip-image-captioning-base",
                revision="82a37760796d32b1411fe092ab5d4e227313294b",
                patterns=(*_HUB_TEXT, "pytorch_model.bin"),
                total=990_769_234,
                licence="BSD-3-Clause",
            ),
            "blip2": Part(
                folder="blip2-opt-2.7b",
                files=(
                    File(path="config.json"),
                    File(
                        path="model-00001-of-00002.safetensors",
                        size=9_996_328_120,
                        sha256="b81228c9ac1b3dee1731ee71d51fe3b2c34f915019c44c25a793b51300ae24fc",
                    ),
                    File(
                        path="model-00002-of-00002.safetensors",
                        size=4_982_879_016,
                        sha256="536bd73b8f1de7d94f503b23fea2eaa4f7f3ea5f74f8f874fcb21d6df1555a19",
                    ),
                ),
                arguments={"folder": "./"},
                repo="Salesforce/blip2-opt-2.7b",
                # the newer of its revisions: transformers 5 needs the image_token_index that it added
                revision="59a1ef6c1e5117b3f65523d1c6066825bcf315e3",
                patterns=(*_HUB_TEXT, "model-*.safetensors"),
                total=14_979_207_136,
                licence="MIT",
            ),
        },
        "spacy": {
            "toy": Part(
                home="shipped",
                folder="models/toy/spacy",
                files=(File(path="meta.json"), File(path="config.cfg")),
                arguments={"folder": "./"},
            ),
            "en_core_web_sm": Part(
                folder="en_core_web_sm",
                files=(File(path="en_core_web_sm/en_core_web_sm-3.8.0/meta.json"),),
                arguments={"folder": "./en_core_web_sm/en_core_web_sm-3.8.0"},
                url="https://github.com/explosion/spacy-models/releases/download/en_core_web_sm-3.8.0/"
                "en_core_web_sm-3.8.0-py3-none-any.whl",
                archive=File(
                    path="en_core_web_sm-3.8.0-py3-none-any.whl",
                    sha256="1932429db727d4bff3deed6b34cfc05df17794f4a52eeb26cf8928f7c1a0fb85",
                ),
                total=12_800_000,
                licence="MIT",
            ),
        },
        "wordnet": {
            "toy": Part(
                home="shipped",
                folder="models/toy/wordnet",
                files=(File(path="data.noun"), File(path="index.noun")),
                arguments={"folder": "./"},
            ),
            "wordnet": Part(
                folder="wordnet",
                files=(File(path="wordnet/data.noun"), File(path="wordnet/index.noun")),
                arguments={"folder": "./wordnet"},
                url="https://raw.githubusercontent.com/nltk/nltk_data/550b6625bcef1f2abff2ff770a5a0d272c9c6b2a/"
                "packages/corpora/wordnet.zip",
                archive=File(
                    path="wordnet.zip",
                    size=10_775_600,
                    sha256="cbda5ea6eef7f36a97a43d4a75f85e07fccbb4f23657d27b4ccbc93e2646ab59",
                ),
                total=10_775_600,
                licence="WordNet 3.0 licence (Princeton)",
            ),
        },
    }
)

PARTS: Mapping[Role, Mapping[str, Part]] = MappingProxyType(
    {role: MappingProxyType({**choices, **MORE_PARTS.get(role, {})}) for role, choices in _PARTS.items()}
)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One choice for each role (DESIGN section 6); ``also``: what its experiments need beside."""

    name: str
    sam: str
    clip: str
    captioner: str
    spacy: str
    wordnet: str
    also: tuple[tuple[Role, str], ...] = ()

    def choices(self) -> list[tuple[Role, str]]:
        return [(role, getattr(self, role)) for role in ROLES]


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "toy": Preset(name="toy", sam="toy", clip="toy", captioner="toy", spacy="toy", wordnet="toy"),
        "laptop": Preset(
            name="laptop",
            sam="vit_b",
            clip="ViT-B-32",
            captioner="git",
            spacy="en_core_web_sm",
            wordnet="wordnet",
        ),
        "paper": Preset(
            name="paper",
            sam="vit_h",
            clip="ViT-B-32",
            captioner="blip2",
            spacy="en_core_web_sm",
            wordnet="wordnet",
            also=(("clip", "RN50"),),
        ),
        # toy with a ModifiedResNet, for the RN50 column of the paper's Table 1
        "toy-rn": Preset(name="toy-rn", sam="toy", clip="toy-rn", captioner="toy", spacy="toy", wordnet="toy"),
    }
)


def part_named(name: str) -> tuple[Role, Part] | None:
    """Return the part that has this name in the catalogue, whatever its role; "toy" names none."""
    found: list[tuple[Role, Any]] = [(role, PARTS[role][name]) for role in ROLES if name in PARTS[role]]
    return found[0] if len(found) == 1 else None


def is_shipped(preset: str) -> bool:
    """Whether every part of a preset comes with the package; False for a name that is no preset."""
    chosen = PRESETS[preset].choices() if preset in PRESETS else []
    return bool(chosen) and all(PARTS[role][name].home == "shipped" for role, name in chosen)
