"""Pictures and texts in one space, from any CLIP that ``open_clip`` (its sole importer) can build.

Weights come from a file or a folder, never from the network. OpenAI's weights were trained with the QuickGELU
activation and lose several points without it, so a mismatch is an error here (docs/method.md).

Features of places and of masks, for the baselines of Table 1, come from the image tower, run by our own lines
(``towers``) on the weights that are loaded, because its own ``forward`` gives one vector a picture. The picture is
squashed to the model's square (see ``tasnb.stages.heatmaps``).
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from PIL import Image

from tasnb.core.choices import require_known
from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.types import GRIDS, REGIONS
from tasnb.models.batched import Matcher
from tasnb.models.folders import quiet, require_no_code
from tasnb.models.machine import resolve_device, resolve_dtype
from tasnb.models.places import downloaded
from tasnb.models.vocabulary import require_tokenizer_files, require_vocabulary
from tasnb.models.weights import (
    deciding_files,
    fingerprint,
    in_our_words,
    named_as,
    read_config,
    read_state,
    require_finite,
)
from tasnb.stages import heatmaps

# OpenAI's published state dicts carry these sizes beside their tensors; no other release does
OPENAI_SIZES = frozenset({"input_resolution", "context_length", "vocab_size"})
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
LARGEST = 1 << 20  # no size in a published configuration comes near; the largest are vocabularies of 262,144 words
# what open_clip's configurations tell a tokenizer; others could lead it out of the folder
TOKENIZER_OPTIONS = ("clean", "strip_sep_token", "language", "context_length")
_PRECISION = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}  # open_clip's words


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a picture becomes the model's input; the defaults are open_clip's for OpenAI's CLIP.

    Parameters
    ----------
    size_hw : tuple of int
        Pixels; a single integer is both.
    mean, std : tuple of float
        Of RGB in [0, 1].
    interpolation : str
        "bicubic" or "bilinear".
    resize_mode : str
        "shortest" (the shorter side to size, then the centre; only for a square) or "squash".

    Raises
    ------
    ValueError
        For an unknown word, listing the choices.
    """

    size_hw: tuple[int, int] = (224, 224)
    mean: tuple[float, ...] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, ...] = (0.26862954, 0.26130258, 0.27577711)
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"

    def __post_init__(self) -> None:
        size_hw = tuple(self.size_hw) if isinstance(self.size_hw, tuple | list) else (self.size_hw,) * 2
        if not all(isinstance(side, int) and 0 < side <= LARGEST for side in size_hw) or len(size_hw) != 2:
            raise UserError(f"size_hw: expected two sides of 1 to {LARGEST} pixels, got {self.size_hw!r:.80}")
        for name, least in (("mean", -np.inf), ("std", 0.0)):
            given = getattr(self, name)
            values = tuple(given) if isinstance(given, tuple | list) else ()
            if len(values) != 3 or not all(isinstance(v, int | float) and least < v < np.inf for v in values):
                raise UserError(f"{name}: expected three numbers, of red, green and blue, got {given!r:.80}")
            object.__setattr__(self, name, values)
        object.__setattr__(self, "size_hw", size_hw)
        choices = ("squash", "shortest") if size_hw[0] == size_hw[1] else ("squash",)
        require_known(f"resize_mode for {size_hw}", self.resize_mode, choices)
        require_known("interpolation", self.interpolation, ("bicubic", "bilinear"))

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Prepare pictures by open_clip's own transform.

        Parameters
        ----------
        pictures : sequence of ndarray of uint8, shape (h, w, 3)
            At least one, of any size.

        Returns
        -------
        ndarray of float32, shape (n, 3, h, w)
            What the model takes.
        """
        from open_clip.transform import PreprocessCfg, image_transform_v2

        options = {name: value for name, value in asdict(self).items() if name != "size_hw"}
        prepared = image_transform_v2(PreprocessCfg(size=self.size_hw, **options), is_train=False)
        return np.stack([prepared(Image.fromarray(np.asarray(picture))).numpy() for picture in pictures])


class ClipEncoder(Matcher):
    """An `ImageTextEncoder` and a `DenseEncoder` from one CLIP; `load` is the way to get one.

    Parameters
    ----------
    model, tokenizer : object
        A loaded open_clip model and its tokenizer.
    preprocessing : Preprocessing
        How a picture becomes the model's input.
    mask_resize : str
        How a mask comes to the grid for the feature "global_local": "area", "bilinear" or "nearest"
        (``heatmaps.coverage``).
    **common : object
        See `Matcher`.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        preprocessing: Preprocessing,
        *,
        mask_resize: heatmaps.Resize = "area",
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.model, self.tokenizer, self.preprocessing, self.mask_resize = model, tokenizer, preprocessing, mask_resize

    @classmethod
    def load(
        cls,
        model: str | Path = "ViT-B-32-quickgelu",
        checkpoint: str | Path | None = None,
        *,
        device: str = "auto",
        dtype: str = "float32",
        batch_size: int = 64,
        mask_resize: heatmaps.Resize = "area",
    ) -> ClipEncoder:
        """Load a CLIP from local files.

        Parameters
        ----------
        model : str or Path
            A folder in open_clip's own format (open_clip_config.json, weights, perhaps a tokenizer); a name that
            open_clip knows ("RN50-quickgelu", "ViT-B-32-quickgelu", ...), with ``checkpoint`` or with weights that
            open_clip has downloaded before; or a checkpoint alone, whose sizes tell the name.
        checkpoint : str, Path or None
            A state dict, as .safetensors or as what torch.load reads with weights_only=True; or the tag of a release
            that open_clip has downloaded before ("laion2b_s34b_b79k").
        device, dtype : str
            Where and in which number format it runs.
        batch_size : int
            Pictures or texts that it takes at once.
        mask_resize : str
            See `ClipEncoder`.

        Returns
        -------
        ClipEncoder
            Ready to use.

        Raises
        ------
        MissingFileError
            Without the files.
        UserError
            For an unknown name, for weights that do not fit, for an architecture that would fetch its tokenizer from
            the network, and when QuickGELU and the weights disagree.

        Notes
        -----
        Whether the weights need QuickGELU is told by OpenAI's sizes in the state dict, or by "openai", "quickgelu" or
        one of open_clip's tags for this model in the name of the file or of its folder. Without such a mark the
        model's name decides.
        """
        number, place = resolve_dtype(dtype), resolve_device(device)
        require_known("resize of masks", mask_resize, get_args(heatmaps.Resize))
        folder = Path(model)
        if folder.is_dir():
            if checkpoint is not None:
                raise UserError(f"model={str(model)!r} is a folder with its own weights; leave checkpoint out")
            name, config = f"local-dir:{folder}", _folder_config(folder)
            files = deciding_files(folder, "CLIP folder", WEIGHTS)
            if config["text_cfg"].get("hf_tokenizer_name"):
                require_tokenizer_files(folder, "CLIP folder")
                require_no_code(folder, "CLIP folder")
        else:
            if checkpoint is None and folder.is_file():
                name, checkpoint = _architecture_of(folder), folder
            else:
                name = str(model)
            config, files = _named_config(name), [_weights_of(name, checkpoint)]
        weights = files[-1]
        tag = _tag(name, weights)
        with _quiet_root_logger():
            clip = _empty(name, _PRECISION[dtype])
            tokenizer = _tokenizer(name, config)
            openai = _fill(clip, weights)
        _check_tokenizer(clip, tokenizer, str(model))
        _check_quick_gelu(name, config, weights, openai=openai, tag=tag)
        clip.eval().requires_grad_(False).to(place)
        known = {**clip.visual.preprocess_cfg, **(tag or {})}
        chosen = {key: known[key] for key in ("mean", "std", "interpolation", "resize_mode")}
        preprocessing = Preprocessing(size_hw=known["size"], **chosen)
        options = {"model": config, "preprocessing": asdict(preprocessing), "dtype": dtype}
        options |= {} if mask_resize == "area" else {"mask_resize": mask_resize}  # without it the name stays as it was
        common: dict[str, Any] = {"device": place, "dtype": number, "batch_size": batch_size}
        width, named = int(config["embed_dim"]), fingerprint("clip", files, options)
        return cls(
            clip, tokenizer, preprocessing, mask_resize=mask_resize, embed_dim=width, fingerprint=named, **common
        )

    def encode_grids(self, image_rgb: np.ndarray, kinds: Collection[str]) -> dict[str, np.ndarray]:
        """Describe every cell of a picture, squashed to the model's square; see `DenseEncoder`.

        Parameters
        ----------
        image_rgb : ndarray of uint8, shape (h, w, 3)
            One picture.
        kinds : collection of str
            Of ``types.GRIDS``; all come from one pass of the model.

        Returns
        -------
        dict of str to ndarray of float32, shape (rows, columns, d)
            By kind.

        Raises
        ------
        ValueError
            For an unknown kind, and for an image tower that is no plain ViT and no ModifiedResNet.
        """
        import torch

        from tasnb.models.towers import tower_of

        require_known("grid", kinds, GRIDS)
        tower = tower_of(self.model.visual)
        with torch.no_grad():
            grids = tower.grids(self._squashed(image_rgb), kinds, self.batch_size)
            found = {kind: grid.float() for kind, grid in grids}
            # a unit vector a cell; the authors' demonstration of CLIP Surgery divided by the length over the cells,
            # channel by channel, until its commit d4696d4, and has done this since
            for kind in {"score_map", "clip_surgery"} & set(found):
                found[kind] = torch.nn.functional.normalize(found[kind], dim=-1)
        return {kind: grid.cpu().numpy().reshape(*tower.grid_hw, -1) for kind, grid in found.items()}

    def encode_regions(self, image_rgb: np.ndarray, masks: np.ndarray, kind: str) -> np.ndarray:
        """Describe masks of a picture; see `DenseEncoder`.

        Parameters
        ----------
        image_rgb : ndarray of uint8, shape (h, w, 3)
            One picture.
        masks : ndarray of bool, shape (n, h, w)
            Its masks.
        kind : str
            Of ``types.REGIONS``.

        Returns
        -------
        ndarray of float32, shape (n, d)
            Unit rows.

        Raises
        ------
        ValueError
            For an unknown kind, and for an image tower that is no plain ViT and no ModifiedResNet.
        """
        import torch

        from tasnb.models.towers import tower_of

        require_known("feature of masks", kind, REGIONS)
        tower = tower_of(self.model.visual)
        if not len(masks):
            return np.zeros((0, self.embed_dim), np.float32)
        how = self.mask_resize if kind == "global_local" else "area"
        share = heatmaps.coverage(masks, tower.grid_hw, how).reshape(len(masks), -1)
        pixels = self._squashed(image_rgb)
        with torch.no_grad():
            if kind == "region_token":
                inside = torch.from_numpy(cells_inside(share)).to(self.device)
                found = tower.region_token(pixels, inside, self.batch_size)
            else:
                covered = torch.from_numpy(share).to(self.device, self.dtype)
                found = tower.global_local(pixels, covered, self.batch_size)
            return torch.nn.functional.normalize(found.float(), dim=-1).cpu().numpy()

    def _image_features(self, pictures: Sequence[np.ndarray]) -> Any:
        import torch

        pixels = torch.from_numpy(self.preprocessing(pictures))
        return self.model.encode_image(pixels.to(self.device, self.dtype))

    def _text_features(self, texts: Sequence[str]) -> Any:
        return self.model.encode_text(self.tokenizer(texts).to(self.device))

    def _squashed(self, image_rgb: np.ndarray) -> Any:
        """One picture for the image tower, whole: (1, 3, h, w)."""
        import torch

        squashing = replace(self.preprocessing, resize_mode="squash")
        return torch.from_numpy(squashing([image_rgb])).to(self.device, self.dtype)


def cells_inside(share: np.ndarray) -> np.ndarray:
    """Choose the cells that a mask keeps: those of which it covers at least half.

    Parameters
    ----------
    share : ndarray of float, shape (n, p)
        How much of each of p cells each mask covers, 0..1.

    Returns
    -------
    ndarray of bool, shape (n, p)
        Where a mask covers half of no cell: the one that it covers most (the first of equals), so that a small thing
        keeps a token. An empty mask keeps none.
    """
    inside = share >= 0.5
    small = ~inside.any(axis=1) & (share > 0).any(axis=1)
    inside[np.flatnonzero(small), share[small].argmax(axis=1)] = True
    return inside


def _named_config(name: str) -> dict[str, Any]:
    """open_clip's configuration of that name; an error says what is near when there is none."""
    import open_clip

    config = open_clip.get_model_config(name) if ":" not in name else None
    if config is None:
        near = difflib.get_close_matches(name, open_clip.list_models(), 5, 0.4)
        raise UserError(
            f"unknown CLIP model {name!r}: expected a folder with open_clip_config.json, or one of the "
            f"{len(open_clip.list_models())} names of open_clip.list_models(), such as "
            f"{', '.join(near) or 'RN50-quickgelu, ViT-B-32-quickgelu'}"
        )
    text = config["text_cfg"]
    if text.get("hf_tokenizer_name") or text.get("hf_model_name"):
        raise UserError(
            f"CLIP model {name!r}: open_clip would fetch its tokenizer from the network; download the model's own "
            "repository (open_clip_config.json, weights, tokenizer files) and give that folder as model"
        )
    return config


def _folder_config(folder: Path) -> dict[str, Any]:
    """The configuration of a folder in open_clip's format."""
    path = folder / "open_clip_config.json"
    if not path.is_file():
        raise MissingFileError(f"CLIP folder {folder} has no open_clip_config.json")
    config: Any = read_config(path).get("model_cfg")
    eye, text = (config.get(name) if isinstance(config, dict) else None for name in ("vision_cfg", "text_cfg"))
    if not isinstance(eye, dict) or not isinstance(text, dict):
        raise UserError(f"{path}: expected an entry model_cfg with vision_cfg and text_cfg, each an object")
    if text.get("hf_model_name"):
        raise UserError(f"{path}: a text tower from the Hugging Face hub (hf_model_name) is not supported offline")
    if re.search("[:/]", str(eye.get("timm_model_name") or "")):
        raise UserError(f"{path}: expected timm_model_name to be a name of timm, got {eye['timm_model_name']!r:.80}")
    options = text.get("tokenizer_kwargs") or {}
    require_known(f"entry of tokenizer_kwargs in {path}", options, TOKENIZER_OPTIONS)
    sizes = [config.get("embed_dim"), *eye.values(), *text.values()]
    if not isinstance(sizes[0], int) or any(isinstance(size, int) and not 0 <= size <= LARGEST for size in sizes):
        raise UserError(f"{path}: expected embed_dim and sizes of 0 to {LARGEST} in model_cfg")
    return config


def _empty(name: str, precision: str) -> Any:
    """The model of that name without its weights."""
    import open_clip

    with in_our_words(f"{name.removeprefix('local-dir:')}: open_clip cannot build this model"):
        return open_clip.create_model(name, load_weights=False, pretrained_text=False, precision=precision)


def _tokenizer(name: str, config: Mapping[str, Any]) -> Any:
    """open_clip's, which for a folder with files is transformers': none of its code runs, none is asked about."""
    import open_clip

    own = {"trust_remote_code": False} if config["text_cfg"].get("hf_tokenizer_name") else {}
    with quiet(), in_our_words(f"{name.removeprefix('local-dir:')}: its tokenizer cannot be loaded"):
        return open_clip.get_tokenizer(name, **own)


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
    """Load the weights into the model; tell whether they carry OpenAI's sizes. Raises UserError on a misfit."""
    import open_clip

    misfit = f"{weights.name} does not fit the CLIP model that was asked for"
    own = clip.state_dict()
    state = named_as(_read(weights), own)
    with in_our_words(misfit):
        if all(key in state and state[key].shape == value.shape for key, value in own.items()):
            keys = clip.load_state_dict(state, strict=False)
        else:  # a layout that open_clip converts
            keys = open_clip.load_checkpoint(clip, str(weights), strict=False, weights_only=True)
    beyond = set(keys.unexpected_keys)
    if wrong := [*keys.missing_keys, *sorted(beyond - OPENAI_SIZES)]:
        raise UserError(f"{misfit} (first difference: {wrong[0]})")
    require_finite(str(weights), clip.state_dict())
    return bool(OPENAI_SIZES & beyond)


def _read(weights: Path) -> dict[str, Any]:
    try:
        return read_state(weights, "CLIP checkpoint")
    except UserError as error:
        if "TorchScript" not in str(error):
            raise
        raise UserError(
            f"{weights.name} is OpenAI's TorchScript archive, which runs code when it is read; use the same "
            "weights as safetensors: tasnb fetch laptop (ViT-B-32), tasnb fetch paper (RN50)"
        ) from error


def _check_tokenizer(clip: Any, tokenizer: Any, what: str) -> None:
    """Raise UserError when the text tower has no words for what the tokenizer gives."""
    tower = getattr(clip, "text", clip)
    table = getattr(tower, "token_embedding", None)
    if table is None or not hasattr(tokenizer, "tokenizer"):  # open_clip's own tokenizer has no files to miss
        return
    require_vocabulary(tokenizer.tokenizer, table.num_embeddings, f"CLIP {what}")


def _weights_of(name: str, checkpoint: str | Path | None) -> Path:
    """The file that is given, or that open_clip has downloaded before. Raises MissingFileError where there is none."""
    import open_clip

    tags = open_clip.list_pretrained_tags_by_model(name)
    if checkpoint is not None and (str(checkpoint) not in tags or Path(checkpoint).exists()):
        if not Path(checkpoint).is_file():
            raise MissingFileError(f"CLIP checkpoint not found: {checkpoint}")
        return Path(checkpoint)
    asked = tags if checkpoint is None else [str(checkpoint)]
    asked = sorted(asked, key=lambda tag: tag != "openai")  # the paper's, where there is a choice
    for tag in asked:
        release = open_clip.get_pretrained_cfg(name, tag)
        if (found := downloaded(release.get("url") or "", release.get("hf_hub") or "")) is not None:
            return found
    known = f"; open_clip's releases of it are {', '.join(tags)}" if tags else ""
    raise MissingFileError(
        f"model={name!r} needs checkpoint=, the path of its weights: none lies in open_clip's or the Hugging Face "
        f"cache{known}. tasnb fetch gets ViT-B-32 and RN50 of OpenAI"
    )


def _architecture_of(checkpoint: Path) -> str:
    """The name of open_clip whose sizes a checkpoint has. Raises UserError where there is none."""
    import open_clip

    state = _read(checkpoint)
    state = named_as(state, _SIZED)
    sizes, quick = _sizes_of(state), bool(OPENAI_SIZES & state.keys()) or bool(_MARK.search(_named_as(checkpoint)))
    names = [name for name in open_clip.list_models() if sizes and _sizes_in(open_clip.get_model_config(name)) == sizes]
    if not names:
        raise UserError(
            f"{checkpoint} does not hold a CLIP whose sizes open_clip knows; give its architecture too: "
            '{"model": NAME, "checkpoint": PATH}, or a folder with open_clip_config.json'
        )
    return min(names, key=lambda name: (bool(open_clip.get_model_config(name).get("quick_gelu")) != quick, len(name)))


_MARK = re.compile("openai|quickgelu")
_SIZED = ("visual.conv1.weight", "token_embedding.weight", "positional_embedding", "text_projection")


def _sizes_of(state: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells architectures apart, off the tensors: widths, depths, patches, places; empty for no CLIP."""
    if not all(key in state for key in _SIZED):
        return ()

    def deep(pattern: str) -> int:
        return len({found[1] for key in state if (found := re.match(pattern, key))})

    first, text = state["visual.conv1.weight"].shape, state["positional_embedding"].shape
    if "visual.class_embedding" in state:
        side = round((state["visual.positional_embedding"].shape[0] - 1) ** 0.5) * first[2]
        seen: tuple[Any, ...] = (first[0], deep(r"visual\.transformer\.resblocks\.(\d+)\."), first[2], side)
    else:
        blocks = tuple(deep(rf"visual\.layer{stage}\.(\d+)\.") for stage in (1, 2, 3, 4))
        side = round((state["visual.attnpool.positional_embedding"].shape[0] - 1) ** 0.5) * 32
        seen = (state["visual.layer1.0.conv1.weight"].shape[0], blocks, None, side)
    read = (text[1], deep(r"transformer\.resblocks\.(\d+)\."), *state["token_embedding.weight"].shape[:1], text[0])
    return (state["text_projection"].shape[1], *seen, *read)


def _sizes_in(config: Mapping[str, Any]) -> tuple[Any, ...]:
    """The same off a configuration of open_clip; empty for towers that are not CLIP's own."""
    eye, text = config["vision_cfg"], config["text_cfg"]
    if config.get("custom_text") or "timm_model_name" in eye or "hf_model_name" in text or "width" not in text:
        return ()
    layers = tuple(eye["layers"]) if isinstance(eye["layers"], list) else eye["layers"]
    patch = None if isinstance(layers, tuple) else eye.get("patch_size", 16)
    read = (text["width"], text["layers"], text.get("vocab_size", 49408), text.get("context_length", 77))
    return (config["embed_dim"], eye.get("width", 64), layers, patch, eye["image_size"], *read)


def _tag(name: str, weights: Path) -> dict[str, Any] | None:
    """What open_clip knows of the release whose tag stands in the name of the file or of its folder."""
    import open_clip

    tags = [tag for tag in open_clip.list_pretrained_tags_by_model(name) if tag in _named_as(weights)]
    return open_clip.get_pretrained_cfg(name, max(tags, key=len)) if tags else None


def _named_as(weights: Path) -> str:
    return f"{weights.parent.name}/{weights.name}".lower()


def _check_quick_gelu(
    name: str, config: dict[str, Any], weights: Path, *, openai: bool, tag: dict[str, Any] | None
) -> None:
    """Raise ValueError when the marks on the weights (see `ClipEncoder.load`) contradict the architecture."""
    computed = bool(config.get("quick_gelu"))
    if openai or "openai" in _named_as(weights) or "quickgelu" in _named_as(weights):
        needed = True
    else:
        needed = computed if tag is None else bool(tag.get("quick_gelu"))
    if needed == computed:
        return
    if name.startswith("local-dir:"):
        advice = f'set "quick_gelu": {str(needed).lower()} in model_cfg of its open_clip_config.json'
    else:
        advice = f"use model={name + '-quickgelu' if needed else name.removesuffix('-quickgelu')!r}"
    raise UserError(
        f"QuickGELU mismatch: {weights.name} was trained {'with' if needed else 'without'} QuickGELU, "
        f"{name} computes {'without' if needed else 'with'} it; {advice}"
    )
