"""What the presets are made of: each part's files, where they come from, and what pins them.

How each pin was verified (by look-up, in November 2026, without downloading anything): the sizes and sha256 of SAM
ViT-B and ViT-H and the sha256 of ViT-L are the issue's; the others, and the Hub's revisions, stand in several
independent public repositories that check them after downloading. No sha256 means that none could be found; a file of
the Hub is then still pinned by its revision, a git commit.

Parts beyond the presets (the matchers of the paper's Table 7, SigLIP 2, and proposers that came after SAM) have the
addresses that their authors publish. Their content is not pinned: no sha256 or commit of them could be found in
independent places. ``fetch`` and ``doctor`` say so, and each adapter refuses weights that do not fit.

Nothing of this table has been downloaded by this project yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Role = Literal["sam", "clip", "captioner", "spacy", "wordnet"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class File:
    """A file that must be there.

    Parameters
    ----------
    path : str
        Below the part's folder.
    size : int or None
        Bytes; None where not verified.
    sha256 : str or None
        Of its content; None where none is known.
    """

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """One choice for a role: its files, where they come from, and what pins them.

    Parameters
    ----------
    home : str
        "shipped" (the package's data) or "cache".
    folder : str
        Below it.
    files : tuple of File
        What must be there before loading.
    arguments : mapping of str to str, int or float
        What the adapter's ``load`` gets; a value that starts with "./" is a path below the folder.
    url : str or None
        Address of a single file over HTTP.
    archive : File or None
        What is at that address when it is an archive, which is unpacked into the folder.
    beside : tuple of (str, File)
        More single files, each with its address.
    repo, revision : str or None
        A Hugging Face repository and its git commit.
    patterns : tuple of str
        Which of the repository's files are needed.
    total : int
        Bytes to download, for people; approximate where a file's size is not verified.
    licence : str
        Of the weights, for people.
    verified : bool
        False where nothing pins the content: no sha256 and no commit.
    """

    home: Literal["shipped", "cache"] = "cache"
    folder: str
    files: tuple[File, ...]
    arguments: Mapping[str, str | int | float] = field(default_factory=dict)
    url: str | None = None
    archive: File | None = None
    beside: tuple[tuple[str, File], ...] = ()
    repo: str | None = None
    revision: str | None = None
    patterns: tuple[str, ...] = ()
    total: int = 0
    licence: str = ""
    verified: bool = True


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One choice for each role (DESIGN section 6).

    Parameters
    ----------
    name : str
        Of the preset.
    sam, clip, captioner, spacy, wordnet : str
        Names of parts.
    also : tuple of (role, str)
        Parts that its experiments need beside.
    """

    name: str
    sam: str
    clip: str
    captioner: str
    spacy: str = "en_core_web_sm"
    wordnet: str = "wordnet"
    also: tuple[tuple[Role, str], ...] = ()

    def choices(self) -> list[tuple[Role, str]]:
        """List its parts.

        Returns
        -------
        list of (role, str)
            One a role.
        """
        return [(role, getattr(self, role)) for role in ROLES]


_TEXT = ("*.json", "*.txt")  # what a repository holds beside its weights
_CONFIG, _WEIGHTS = _CLIP_FILES = ("open_clip_config.json", "open_clip_model.safetensors")
_SPACY = "en_core_web_sm-3.8.0"


def _shipped(folder: str, /, *files: str, **arguments: Any) -> Part:
    return Part(home="shipped", folder=f"models/toy/{folder}", files=tuple(map(File, files)), arguments=arguments)


def _sam(name: str, size: int, sha256: str) -> Part:
    model = name[4:9]  # vit_b, vit_l or vit_h
    return Part(
        folder=f"sam-{model}",
        files=(File(name, size, sha256),),
        arguments={"checkpoint": f"./{name}", "model": model},
        url=f"https://dl.fbaipublicfiles.com/segment_anything/{name}",  # segment-anything's README
        total=size,
        licence="Apache-2.0",
    )


def _hub(repo: str, argument: str, *files: File | str, revision: str = "main", **facts: Any) -> Part:
    """A repository of the Hugging Face hub; a branch as revision pins nothing.

    argument: what the adapter's ``load`` calls the folder.
    """
    needed = tuple(File(file) if isinstance(file, str) else file for file in files)
    facts = {"folder": repo.split("/")[1], "patterns": (*_TEXT, "model.safetensors"), **facts}
    verified = revision != "main"
    return Part(repo=repo, revision=revision, arguments={argument: "./"}, files=needed, verified=verified, **facts)


def _clip(folder: str, repo: str, revision: str, size: int, sha256: str) -> Part:
    """OpenAI's weights: open_clip/pretrained.py, the hf_hub entry of tag "openai"."""
    facts: Any = {"folder": folder, "revision": revision, "total": size, "licence": "MIT"}
    return _hub(repo, "model", _CONFIG, File(_WEIGHTS, size, sha256), patterns=_CLIP_FILES, **facts)


_PROPOSERS = {
    "toy": _shipped(
        "sam",
        "config.json",
        "model.safetensors",
        checkpoint="./model.safetensors",
        model="./config.json",
        # chosen on RefToy's train scenes: a small SAM is less sure of itself than the paper's 8, 0.7, 0.7 ask
        points_per_side=12,
        pred_iou_thresh=0.5,
        stability_score_thresh=0.6,
    ),
    "vit_b": _sam(
        "sam_vit_b_01ec64.pth", 375_042_383, "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912"
    ),
    "vit_l": _sam(
        "sam_vit_l_0b3195.pth", 1_249_524_607, "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622"
    ),
    "vit_h": _sam(
        "sam_vit_h_4b8939.pth", 2_564_550_879, "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e"
    ),
    "sam2": _hub(
        "facebook/sam2.1-hiera-large",
        "checkpoint",
        "config.json",
        "model.safetensors",
        total=898_000_000,
        licence="Apache-2.0",
    ),
    "sam3": _hub(
        "facebook/sam3",  # behind a form on its page; huggingface_hub needs a token of yours
        "checkpoint",
        "config.json",
        "model.safetensors",
        total=3_400_000_000,
        licence="SAM licence (Meta)",
    ),
    "fastsam": Part(
        folder="fastsam",
        files=(File("FastSAM-s.pt"),),
        arguments={"checkpoint": "./FastSAM-s.pt"},
        url="https://github.com/ultralytics/assets/releases/download/v8.3.0/FastSAM-s.pt",
        total=24_000_000,
        licence="AGPL-3.0 (ultralytics)",
        verified=False,
    ),
}

_MATCHERS = {
    "toy": _shipped("clip", *_CLIP_FILES, model="./"),
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
    "toy-rn": _shipped("clip-rn", *_CLIP_FILES, model="./"),
    "siglip2": _hub(
        "timm/ViT-B-16-SigLIP2-256",
        "model",
        *_CLIP_FILES,
        "tokenizer.json",
        patterns=(*_TEXT, _WEIGHTS),
        folder="siglip2-vit-b-16-256",
        total=1_500_000_000,
        licence="Apache-2.0",
    ),
    "blip2-itc": _hub(
        "Salesforce/blip2-itm-vit-g",
        "model",
        "config.json",
        patterns=(*_TEXT, "model*.safetensors"),
        total=4_900_000_000,
        licence="MIT",
    ),
    "albef": Part(
        folder="albef",
        files=(File("ALBEF.pth"), File("vocab.txt")),
        arguments={"model": "./"},
        url="https://storage.googleapis.com/sfr-pcl-data-research/ALBEF/ALBEF.pth",  # salesforce/ALBEF, README
        beside=(
            ("https://huggingface.co/google-bert/bert-base-uncased/resolve/main/vocab.txt", File("vocab.txt", 231_508)),
        ),
        total=3_300_000_000,
        licence="BSD-3-Clause; vocabulary Apache-2.0",
        verified=False,
    ),
}

_CAPTIONERS = {
    "toy": _shipped("git", "config.json", "model.safetensors", folder="./"),
    "git": _hub(
        "microsoft/git-base-coco",
        "folder",
        "config.json",
        "pytorch_model.bin",  # its main branch has no safetensors; torch.load(weights_only=True) reads this one
        patterns=(*_TEXT, "pytorch_model.bin"),
        revision="a13141da42abd4a8cbf283601a8104265f537cee",
        total=708_000_000,
        licence="MIT",
    ),
    "blip": _hub(
        "Salesforce/blip-image-captioning-base",
        "folder",
        "config.json",
        File("pytorch_model.bin", 989_820_849, "d6638651a5526cc2ede56f2b5104d6851b0755816d220e5e046870430180c767"),
        patterns=(*_TEXT, "pytorch_model.bin"),
        revision="82a37760796d32b1411fe092ab5d4e227313294b",
        total=990_769_234,
        licence="BSD-3-Clause",
    ),
    "blip2": _hub(
        "Salesforce/blip2-opt-2.7b",
        "folder",
        "config.json",
        File(
            "model-00001-of-00002.safetensors",
            9_996_328_120,
            "b81228c9ac1b3dee1731ee71d51fe3b2c34f915019c44c25a793b51300ae24fc",
        ),
        File(
            "model-00002-of-00002.safetensors",
            4_982_879_016,
            "536bd73b8f1de7d94f503b23fea2eaa4f7f3ea5f74f8f874fcb21d6df1555a19",
        ),
        patterns=(*_TEXT, "model-*.safetensors"),
        # the newer of its revisions: transformers 5 needs the image_token_index that it added
        revision="59a1ef6c1e5117b3f65523d1c6066825bcf315e3",
        total=14_979_207_136,
        licence="MIT",
    ),
}

_PIPELINES = {
    "toy": _shipped("spacy", "meta.json", "config.cfg", folder="./"),
    "en_core_web_sm": Part(
        folder="en_core_web_sm",
        files=(File(f"en_core_web_sm/{_SPACY}/meta.json"),),
        arguments={"folder": f"./en_core_web_sm/{_SPACY}"},
        url=f"https://github.com/explosion/spacy-models/releases/download/{_SPACY}/{_SPACY}-py3-none-any.whl",
        archive=File(
            f"{_SPACY}-py3-none-any.whl", sha256="1932429db727d4bff3deed6b34cfc05df17794f4a52eeb26cf8928f7c1a0fb85"
        ),
        total=12_800_000,
        licence="MIT",
    ),
}

_WORDNETS = {
    "toy": _shipped("wordnet", "data.noun", "index.noun", folder="./"),
    "wordnet": Part(
        folder="wordnet",
        files=(File("wordnet/data.noun"), File("wordnet/index.noun")),
        arguments={"folder": "./wordnet"},
        url="https://raw.githubusercontent.com/nltk/nltk_data/550b6625bcef1f2abff2ff770a5a0d272c9c6b2a/"
        "packages/corpora/wordnet.zip",
        archive=File("wordnet.zip", 10_775_600, "cbda5ea6eef7f36a97a43d4a75f85e07fccbb4f23657d27b4ccbc93e2646ab59"),
        total=10_775_600,
        licence="WordNet 3.0 licence (Princeton)",
    ),
}

PARTS: Mapping[Role, Mapping[str, Part]] = {
    "sam": _PROPOSERS,
    "clip": _MATCHERS,
    "captioner": _CAPTIONERS,
    "spacy": _PIPELINES,
    "wordnet": _WORDNETS,
}

PRESETS: Mapping[str, Preset] = {
    "toy": Preset(name="toy", sam="toy", clip="toy", captioner="toy", spacy="toy", wordnet="toy"),
    "laptop": Preset(name="laptop", sam="vit_b", clip="ViT-B-32", captioner="git"),
    "paper": Preset(name="paper", sam="vit_h", clip="ViT-B-32", captioner="blip2", also=(("clip", "RN50"),)),
    # toy with a ModifiedResNet, for the RN50 column of the paper's Table 1
    "toy-rn": Preset(name="toy-rn", sam="toy", clip="toy-rn", captioner="toy", spacy="toy", wordnet="toy"),
}


def part_named(name: str) -> tuple[Role, Part] | None:
    """Find the part that has a name in the catalogue, whatever its role.

    Parameters
    ----------
    name : str
        Of a part; "toy" names none, because several roles have one.

    Returns
    -------
    (role, Part) or None
        None where no part, or more than one, has the name.
    """
    found = [(role, PARTS[role][name]) for role in ROLES if name in PARTS[role]]
    return found[0] if len(found) == 1 else None


def is_shipped(preset: str) -> bool:
    """Tell whether every part of a preset comes with the package.

    Parameters
    ----------
    preset : str
        Its name.

    Returns
    -------
    bool
        False for a name that is no preset.
    """
    return preset in PRESETS and all(PARTS[role][name].home == "shipped" for role, name in PRESETS[preset].choices())
