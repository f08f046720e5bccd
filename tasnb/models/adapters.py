"""Which adapter serves a role: the files that a user gives tell which proposer or matcher it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasnb.core.errors import UserError
from tasnb.core.file_kinds import refuse_foreign
from tasnb.models import albef
from tasnb.models.batched import Matcher
from tasnb.models.blip2_itc import Blip2Itc
from tasnb.models.captioner import HFCaptioner
from tasnb.models.catalogue import Role
from tasnb.models.clip import ClipEncoder
from tasnb.models.fastsam import FastSamProposer
from tasnb.models.language import load_parser, load_wordnet
from tasnb.models.proposers import Proposer
from tasnb.models.sam import SamProposer
from tasnb.models.sam_hf import HFMaskProposer
from tasnb.models.weights import CHECKPOINTS, read_config, require_whole


def load_proposer(
    checkpoint: str | Path, *, model: Any = None, device: str = "auto", dtype: str = "float32", **options: Any
) -> Proposer:
    """Load SAM, one of its successors in transformers, or FastSAM.

    Parameters
    ----------
    checkpoint : str or Path
        A folder with transformers' config.json (SAM 2, SAM 3 ...), FastSAM-s.pt or FastSAM-x.pt, or a checkpoint of SAM
        with its ``model``.
    model : str, Path, mapping or None
        SAM's architecture, None to have it read off the tensors; see `SamProposer.load`.
    device, dtype : str
        Where and in which number format it runs.
    **options : int or float
        The adapter's own.

    Returns
    -------
    Proposer
        Ready to use.

    Raises
    ------
    FileNotFoundError, ValueError
        What the chosen adapter's ``load`` raises.
    """
    path, common = Path(checkpoint), {"device": device, "dtype": dtype, **options}
    if is_successor(path):
        return HFMaskProposer.load(path, **common)
    if is_fastsam(path):
        return FastSamProposer.load(path, **common)
    return SamProposer.load(path, model=model, **common)


def load_matcher(
    model: str | Path,
    checkpoint: str | Path | None = None,
    *,
    device: str = "auto",
    dtype: str = "float32",
    batch_size: int | None = None,
    image_size: int | None = None,
    mask_resize: str | None = None,
) -> Matcher:
    """Load any image-text encoder: BLIP-2 ITC, ALBEF, or a CLIP of open_clip.

    Parameters
    ----------
    model : str or Path
        A folder decides by its files: config.json of model_type "blip-2" is BLIP-2 ITC, ALBEF.pth is ALBEF, anything
        else and every name is `ClipEncoder.load`'s.
    checkpoint : str, Path or None
        Only for a name of open_clip.
    device, dtype : str
        Where and in which number format it runs.
    batch_size : int or None
        Pictures or texts at once; None is the adapter's own.
    image_size : int or None
        Of ALBEF's picture; see `AlbefItc.load`.
    mask_resize : str or None
        Of a CLIP of open_clip; see `ClipEncoder`.

    Returns
    -------
    Matcher
        Ready to use.

    Raises
    ------
    FileNotFoundError, ValueError
        What the chosen adapter's ``load`` raises, and for an option that the model does not take.
    """
    given = {"batch_size": batch_size, "image_size": image_size}
    options: dict[str, Any] = {"device": device, "dtype": dtype}
    options |= {name: value for name, value in given.items() if value is not None}
    folder = Path(model)
    own_files = folder.is_dir() and checkpoint is None
    is_albef = own_files and any((folder / name).is_file() for name in albef.CHECKPOINTS)
    is_blip2 = own_files and read_config(folder / "config.json").get("model_type") == "blip-2"
    if mask_resize is not None and (is_albef or is_blip2):
        raise UserError(f"mask_resize={mask_resize!r}: only a CLIP of open_clip masks tokens; leave it out for {model}")
    if is_albef:
        return albef.AlbefItc.load(folder, **options)
    if image_size is not None:
        raise UserError(f"image_size={image_size}: only ALBEF takes another one; leave it out for {model}")
    if is_blip2:
        return Blip2Itc.load(folder, **options)
    options |= {} if mask_resize is None else {"mask_resize": mask_resize}
    return ClipEncoder.load(model, checkpoint, **options)


LOADERS: Mapping[Role, Callable[..., Any]] = {
    "sam": load_proposer,
    "clip": load_matcher,
    "captioner": HFCaptioner.load,
    "spacy": load_parser,
    "wordnet": load_wordnet,
}


def is_successor(path: Path) -> bool:
    """Tell whether a folder holds a model of transformers; SAM's own configuration has no model_type.

    Parameters
    ----------
    path : Path
        What a user gives as proposer.

    Returns
    -------
    bool
        Whether its config.json names one.
    """
    return path.is_dir() and read_config(path / "config.json").get("model_type") is not None


def is_fastsam(path: Path) -> bool:
    """Tell whether a file is called as FastSAM's are.

    Parameters
    ----------
    path : Path
        What a user gives as proposer.

    Returns
    -------
    bool
        By its name alone.
    """
    return path.name.lower().startswith("fastsam") and path.suffix == ".pt"


def require_opens(path: Path, what: str) -> None:
    """Open a file of a model as what its name says, but for its tensors.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What it is, for errors.

    Raises
    ------
    MissingFileError
        When it is not there.
    UserError
        When it is something else, cut off or damaged.
    """
    if path.suffix in CHECKPOINTS and not is_fastsam(path):  # a pickled module, which its library alone reads safely
        require_whole(path, what)
        return
    refuse_foreign(path, what)
    if path.suffix == ".json":
        read_config(path)
