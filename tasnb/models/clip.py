"""Pictures and texts in one space, from any CLIP that ``open_clip`` (its sole importer) can build.

Weights come from a file or a folder, never from the network. OpenAI's weights were trained with the QuickGELU
activation and lose several points without it, so a mismatch is an error here (METHOD section 3).
"""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb.models.batches import each_once, unit_features
from tasnb.models.checksums import fingerprint
from tasnb.models.devices import resolve_device, resolve_dtype

# OpenAI's published state dicts carry these sizes beside their tensors; no other release does
OPENAI_SIZES = frozenset({"input_resolution", "context_length", "vocab_size"})
_RESAMPLING = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a picture becomes the model's input; the defaults are open_clip's for OpenAI's CLIP.

    size_hw: pixels. resize_mode: "shortest" (the shorter side to size, then the centre) or "squash".
    mean, std: of RGB in [0, 1].
    """

    size_hw: tuple[int, int] = (224, 224)
    mean: tuple[float, ...] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, ...] = (0.26862954, 0.26130258, 0.27577711)
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"

    def __post_init__(self) -> None:
        size_hw = tuple(self.size_hw) if isinstance(self.size_hw, tuple | list) else (self.size_hw,) * 2
        object.__setattr__(self, "size_hw", size_hw)
        object.__setattr__(self, "mean", tuple(self.mean))
        object.__setattr__(self, "std", tuple(self.std))
        choices = ("squash", "shortest") if size_hw[0] == size_hw[1] else ("squash",)
        if self.resize_mode not in choices:
            raise ValueError(
                f"unknown resize_mode {self.resize_mode!r} for {size_hw}; choose from {', '.join(choices)}"
            )
        if self.interpolation not in _RESAMPLING:
            raise ValueError(f"unknown interpolation {self.interpolation!r}; choose from {', '.join(_RESAMPLING)}")

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return float32 (n, 3, h, w), equal to what open_clip's own transform gives. pictures: uint8 (h, w, 3)."""
        rgb = np.stack([np.asarray(self._resize(Image.fromarray(np.asarray(p)))) for p in pictures])
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        scaled = (rgb.astype(np.float32) / 255 - mean) / std
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))  # (n, h, w, 3) -> (n, 3, h, w)

    def _resize(self, picture: Image.Image) -> Image.Image:
        height, width = self.size_hw
        how = _RESAMPLING[self.interpolation]
        if self.resize_mode == "squash":
            return picture.resize((width, height), how)
        short = min(picture.size)
        wide, high = (int(height * side / short) for side in picture.size)  # as torchvision's Resize
        picture = picture.resize((wide, high), how)
        left, top = round((wide - width) / 2), round((high - height) / 2)  # as torchvision's CenterCrop
        return picture.crop((left, top, left + width, top + height))


class ClipEncoder:
    """An `ImageTextEncoder` and a `DenseEncoder`: unit rows, float32, from one CLIP."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        preprocessing: Preprocessing,
        *,
        embed_dim: int,
        fingerprint: str,
        device: str = "cpu",
        dtype: str = "float32",
        batch_size: int = 64,
    ) -> None:
        """Take a loaded open_clip model; `load` is the way to get one."""
        if batch_size < 1:
            raise ValueError(f"batch_size: expected at least 1, got {batch_size}")
        self.model, self.tokenizer, self.preprocessing = model, tokenizer, preprocessing
        self.embed_dim, self.fingerprint = embed_dim, fingerprint
        self.device, self.dtype, self.batch_size = resolve_device(device), resolve_dtype(dtype), batch_size

    @classmethod
    def load(
        cls,
        model: str | Path = "ViT-B-32-quickgelu",
        checkpoint: str | Path | None = None,
        *,
        device: str = "auto",
        dtype: str = "float32",
        batch_size: int = 64,
    ) -> ClipEncoder:
        """Load a CLIP from local files.

        model: a folder in open_clip's own format (open_clip_config.json, weights, perhaps a tokenizer), or a name that
        open_clip knows ("RN50-quickgelu", "ViT-B-32-quickgelu", ...), then with ``checkpoint``: a state dict, as
        .safetensors or as what torch.load reads with weights_only=True.
        Raises FileNotFoundError without the files; ValueError for an unknown name, for weights that do not fit, for an
        architecture that would fetch its tokenizer from the network, and when QuickGELU and the weights disagree: what
        the weights need is told by OpenAI's sizes in the state dict, or by "openai", "quickgelu" or one of open_clip's
        tags for this model in the name of the file or of its folder. Without such a mark the model's name decides.
        """
        import open_clip

        resolve_dtype(dtype)  # an unknown word is an error before any work
        place = resolve_device(device)
        precision = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}[dtype]
        folder = Path(model)
        if folder.is_dir():
            name, config, weights, files = f"local-dir:{folder}", *_read_folder(folder)
            if checkpoint is not None:
                raise ValueError(f"model={str(model)!r} is a folder with its own weights; leave checkpoint out")
        else:
            name, config = str(model), _named_config(str(model))
            if checkpoint is None:
                raise ValueError(f"model={name!r} needs checkpoint=, the path of its weights; tasnb fetch gets them")
            weights = Path(checkpoint)
            if not weights.is_file():
                raise FileNotFoundError(f"CLIP checkpoint not found: {weights}")
            files = [weights]
        tag = _tag(name, weights)
        with _quiet_root_logger():
            clip = open_clip.create_model(name, load_weights=False, pretrained_text=False, precision=precision)
            tokenizer = open_clip.get_tokenizer(name)
            openai = _fill(clip, weights)
        _check_quick_gelu(name, config, weights, openai=openai, tag=tag)
        clip.eval().requires_grad_(False).to(place)
        known = {**clip.visual.preprocess_cfg, **(tag or {})}
        chosen = {key: known[key] for key in ("mean", "std", "interpolation", "resize_mode")}
        preprocessing = Preprocessing(size_hw=known["size"], **chosen)
        options = {"model": config, "preprocessing": asdict(preprocessing), "dtype": dtype}
        return cls(
            clip,
            tokenizer,
            preprocessing,
            embed_dim=int(config["embed_dim"]),
            fingerprint=fingerprint("clip", files, options),
            device=place,
            dtype=dtype,
            batch_size=batch_size,
        )

    def encode_images(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return unit rows, float32 (n, d), for pictures uint8 (h, w, 3) of any size; (0, d) for none."""
        import torch

        def features(batch: Sequence[np.ndarray]) -> Any:
            pixels = torch.from_numpy(self.preprocessing(batch))
            return self.model.encode_image(pixels.to(self.device, self.dtype))

        return unit_features(pictures, features, shape=(self.embed_dim,), batch_size=self.batch_size)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit rows, float32 (n, d), row for row; (0, d) for none.

        A text that comes twice is computed once; one that is longer than the model's context is cut at its end.
        """

        def features(batch: Sequence[str]) -> Any:
            return self.model.encode_text(self.tokenizer(batch).to(self.device))

        shape, size = (self.embed_dim,), self.batch_size
        return each_once(texts, lambda once: unit_features(once, features, shape=shape, batch_size=size))

    def encode_grids(self, image_rgb: np.ndarray, kinds: Collection[str]) -> dict[str, np.ndarray]:
        """See `DenseEncoder`. Raises ValueError for an image tower that is no plain ViT and no ModifiedResNet."""
        from tasnb.models import dense

        return dense.grids(self, image_rgb, kinds)

    def encode_regions(self, image_rgb: np.ndarray, masks: np.ndarray, kind: str) -> np.ndarray:
        """See `DenseEncoder`. Raises what `encode_grids` raises."""
        from tasnb.models import dense

        return dense.regions(self, image_rgb, masks, kind)


def _named_config(name: str) -> dict[str, Any]:
    """Return open_clip's configuration of that name; say what is near when there is none."""
    import open_clip

    config = open_clip.get_model_config(name) if ":" not in name else None
    if config is None:
        near = difflib.get_close_matches(name, open_clip.list_models(), 5, 0.4)
        raise ValueError(
            f"unknown CLIP model {name!r}: expected a folder with open_clip_config.json, or one of the "
            f"{len(open_clip.list_models())} names of open_clip.list_models(), such as "
            f"{', '.join(near) or 'RN50-quickgelu, ViT-B-32-quickgelu'}"
        )
    text = config["text_cfg"]
    if text.get("hf_tokenizer_name") or text.get("hf_model_name"):
        raise ValueError(
            f"CLIP model {name!r}: open_clip would fetch its tokenizer from the network; download the model's own "
            "repository (open_clip_config.json, weights, tokenizer files) and give that folder as model"
        )
    return config


def _read_folder(folder: Path) -> tuple[dict[str, Any], Path, list[Path]]:
    """Return the configuration, the weights and every file that decides the result."""
    path = folder / "open_clip_config.json"
    if not path.is_file():
        raise FileNotFoundError(f"CLIP folder {folder} has no open_clip_config.json")
    config = json.loads(path.read_text(encoding="utf-8")).get("model_cfg")
    if config is None:
        raise ValueError(f"{path} has no entry model_cfg")
    if config["text_cfg"].get("hf_model_name"):
        raise ValueError(f"{path}: a text tower from the Hugging Face hub (hf_model_name) is not supported offline")
    names = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
    weights = [folder / name for name in names if (folder / name).is_file()]
    if not weights:
        raise FileNotFoundError(f"CLIP folder {folder} has no weights; expected one of {', '.join(names)}")
    words = [p for p in sorted(folder.glob("*.json")) + sorted(folder.glob("*.txt")) if p.is_file()]
    return config, weights[0], [*words, weights[0]]


@contextmanager
def _quiet_root_logger() -> Iterator[None]:
    """open_clip logs its progress through the root logger, which also installs a handler there; keep both out."""
    root = logging.getLogger()
    handler = logging.NullHandler()

    def ours(record: logging.LogRecord) -> bool:
        return record.module != "factory"  # open_clip/factory.py

    root.addHandler(handler)
    root.addFilter(ours)
    try:
        yield
    finally:
        root.removeFilter(ours)
        root.removeHandler(handler)


def _fill(clip: Any, weights: Path) -> bool:
    """Load the weights into the model; return whether they carry OpenAI's sizes. Raises ValueError on a misfit."""
    import open_clip

    try:
        keys = open_clip.load_checkpoint(clip, str(weights), strict=False, weights_only=True)
    except Exception as error:
        if "TorchScript" in str(error):
            raise ValueError(
                f"{weights.name} is OpenAI's TorchScript archive, which runs code when it is read; use the same "
                "weights as safetensors: tasnb fetch laptop (ViT-B-32), tasnb fetch paper (RN50)"
            ) from error
        raise ValueError(f"{weights.name} does not fit the CLIP model that was asked for: {error}") from error
    wrong = [*keys.missing_keys, *sorted(set(keys.unexpected_keys) - OPENAI_SIZES)]
    if wrong:
        raise ValueError(
            f"{weights.name} does not fit the CLIP model that was asked for (first difference: {wrong[0]})"
        )
    return bool(OPENAI_SIZES & set(keys.unexpected_keys))


def _tag(name: str, weights: Path) -> dict[str, Any] | None:
    """Return what open_clip knows of the release whose tag stands in the name of the file or of its folder."""
    import open_clip

    text = f"{weights.parent.name}/{weights.name}".lower()
    tags = [tag for tag in open_clip.list_pretrained_tags_by_model(name) if tag in text]
    return open_clip.get_pretrained_cfg(name, max(tags, key=len)) if tags else None


def _check_quick_gelu(
    name: str, config: dict[str, Any], weights: Path, *, openai: bool, tag: dict[str, Any] | None
) -> None:
    """Raise ValueError when the marks on the weights (see `ClipEncoder.load`) contradict the architecture."""
    text = f"{weights.parent.name}/{weights.name}".lower()
    if openai or "openai" in text or "quickgelu" in text:
        needed = True
    elif tag is not None:
        needed = bool(tag.get("quick_gelu"))
    else:
        return
    if needed == bool(config.get("quick_gelu")):
        return
    if name.startswith("local-dir:"):
        advice = f'set "quick_gelu": {str(needed).lower()} in model_cfg of its open_clip_config.json'
    else:
        advice = f"use model={name + '-quickgelu' if needed else name.removesuffix('-quickgelu')!r}"
    raise ValueError(
        f"QuickGELU mismatch: {weights.name} was trained {'with' if needed else 'without'} QuickGELU, "
        f"{name} computes {'without' if needed else 'with'} it; {advice}"
    )
