"""Parts beyond the presets: the matchers of the paper's Table 7, SigLIP 2, and proposers that came after SAM.

Their addresses are those that their authors publish. Their content is not pinned: no sha256 or commit of them could be
found in independent places, and nothing of this table has been downloaded by this project. ``fetch`` and ``doctor``
say so, and each adapter refuses weights that do not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tasnb.models.part import File, Part, Role

_TEXT = ("*.json", "*.txt")


def _hub(
    folder: str, repo: str, *, argument: str, files: tuple[str, ...], patterns: tuple[str, ...], total: int,
    licence: str,
) -> Part:  # fmt: skip
    return Part(
        folder=folder, files=tuple(File(path=name) for name in files), arguments={argument: "./"}, repo=repo,
        revision="main", patterns=(*_TEXT, *patterns), total=total, licence=licence, verified=False,
    )  # fmt: skip


MORE_PARTS: Mapping[Role, Mapping[str, Part]] = MappingProxyType(
    {
        "sam": {
            "sam2": _hub(
                "sam2.1-hiera-large",
                "facebook/sam2.1-hiera-large",
                argument="checkpoint",
                files=("config.json", "model.safetensors"),
                patterns=("model.safetensors",),
                total=898_000_000,
                licence="Apache-2.0",
            ),
            "sam3": _hub(
                "sam3",
                "facebook/sam3",  # behind a form on its page; huggingface_hub needs a token of yours
                argument="checkpoint",
                files=("config.json", "model.safetensors"),
                patterns=("model.safetensors",),
                total=3_400_000_000,
                licence="SAM licence (Meta)",
            ),
            "fastsam": Part(
                folder="fastsam",
                files=(File(path="FastSAM-s.pt"),),
                arguments={"checkpoint": "./FastSAM-s.pt"},
                url="https://github.com/ultralytics/assets/releases/download/v8.3.0/FastSAM-s.pt",
                total=24_000_000,
                licence="AGPL-3.0 (ultralytics)",
                verified=False,
            ),
        },
        "clip": {
            "siglip2": _hub(
                "siglip2-vit-b-16-256",
                "timm/ViT-B-16-SigLIP2-256",
                argument="model",
                files=("open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json"),
                patterns=("open_clip_model.safetensors",),
                total=1_500_000_000,
                licence="Apache-2.0",
            ),
            "blip2-itc": _hub(
                "blip2-itm-vit-g",
                "Salesforce/blip2-itm-vit-g",
                argument="model",
                files=("config.json",),
                patterns=("model*.safetensors",),
                total=4_900_000_000,
                licence="MIT",
            ),
            "albef": Part(
                folder="albef",
                files=(File(path="ALBEF.pth"), File(path="vocab.txt")),
                arguments={"model": "./"},
                url="https://storage.googleapis.com/sfr-pcl-data-research/ALBEF/ALBEF.pth",  # salesforce/ALBEF, README
                beside=(
                    ("https://huggingface.co/google-bert/bert-base-uncased/resolve/main/vocab.txt",
                     File(path="vocab.txt", size=231_508)),
                ),
                total=3_300_000_000,
                licence="BSD-3-Clause; vocabulary Apache-2.0",
                verified=False,
            ),
        },
    }
)  # fmt: skip
