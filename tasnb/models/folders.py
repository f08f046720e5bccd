"""Folders in the layout of transformers: read from the disk alone, and without running what lies in them.

transformers imports Python files of a folder when a configuration asks for them, anywhere in it, after one question on
standard input, and takes the class that a configuration names, whichever of its own that is. Here a folder that asks is
refused by name before it is handed over, every load says ``trust_remote_code=False``, and nothing is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tasnb.core.errors import MissingFileError, UserError
from tasnb.models.weights import (
    WEIGHTS,
    in_our_words,
    named_as,
    read_config,
    require_all,
    require_finite,
    require_whole,
    tensors_in,
)

PROCESSORS = ("preprocessor_config.json", "processor_config.json")
OWN_CODE = "custom_generate"  # a folder in the folder, whose generate.py takes the place of the model's own
# entries of a configuration that name code, or another folder or repository to load
ASKING = frozenset({"auto_map", OWN_CODE, "custom_pipelines", "audio_tokenizer", "base_model_name_or_path"})
# config.json's model_type -> the class of transformers that prepares pictures and texts; for the others pictures alone
READERS: Mapping[str, str] = {"git": "GitProcessor", "blip": "BlipProcessor", "blip-2": "Blip2Processor"}
_CLASS = re.compile(r"(tokenizer|processor)_class|(processor|feature_extractor)_type")
# what the classes that read words and pictures are called; an Auto class would look for code once more
_READS = re.compile(
    r"(?!Auto)\w*(Tokenizer|Processor|FeatureExtractor)(Fast|Pil)?|TokenizersBackend|SentencePieceBackend"
)


def require_no_code(folder: Path, what: str) -> None:
    """Refuse a folder that asks for code to be run: its own, that of a repository, or of a class that is unknown.

    Parameters
    ----------
    folder : Path
        Of a model.
    what : str
        What it holds, for the error.

    Raises
    ------
    UserError
        Naming the file and its entry.

    Notes
    -----
    Configurations are looked through to their innermost entries: a model hands parts of its own to others, which look
    for code there again. Files that nothing names are left alone: nothing reads them.
    """
    if (folder / OWN_CODE).exists():
        raise _refused(folder / OWN_CODE, what, "holds code of its own")
    for path in sorted(folder.glob("*config*.json")):
        for key, value in _entries(read_config(path)):
            if key in ASKING and value:
                raise _refused(path, what, f"asks for code or another model ({key})")
            if _CLASS.search(key) and value and not _is_vendors(value):
                raise _refused(path, what, f"names a class that transformers does not have ({key}: {value!r:.80})")
            if key.endswith("implementation") and "/" in str(value):
                raise _refused(path, what, f"asks for code of a repository ({key}: {value!r:.80})")


def _refused(path: Path, what: str, why: str) -> UserError:
    return UserError(f"{what}: {path} {why}, and tasnb runs no code that comes with a model; choose another model")


def _entries(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every entry of a configuration, those inside others too."""
    waiting: list[Any] = [config]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield from found.items()
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


def _is_vendors(name: Any) -> bool:
    """Whether a name, perhaps of an older version, is that of a tokenizer or processor that transformers has."""
    import transformers

    if not isinstance(name, str) or not _READS.fullmatch(name):
        return False
    plain = re.sub("(Fast|Pil)$", "", name.replace("FeatureExtractor", "ImageProcessor"))
    return any(hasattr(transformers, each) for each in (plain, name, f"{plain}Fast"))  # dir() takes a second


def load_pretrained(
    model_class: str,
    folder: Path,
    *,
    what: str,
    device: str | None,
    twins: Mapping[str, str] = MappingProxyType({}),
    **options: Any,
) -> Any:
    """Load a model of transformers out of a local folder, never the network, frozen and ready to run.

    Parameters
    ----------
    model_class : str
        Its class in transformers.
    folder : Path
        With config.json and weights. Keys beyond those of the model are allowed: a checkpoint may hold a larger one.
    what : str
        The model's name in errors.
    device : str or None
        Where it goes; None for a model that its options place.
    twins : mapping of str to str
        Keys that hold the same numbers as another, and that some versions of transformers leave out for that reason.
    **options : object
        For ``from_pretrained``.

    Returns
    -------
    torch.nn.Module
        The model in eval mode, without gradients.

    Raises
    ------
    UserError
        Naming the keys that are missing or of another shape, for a file that cannot be read, and for NaN in it.
    """
    import transformers

    problem = f"{folder} does not hold the weights of {what}"
    # it looks at every configuration: transformers takes its own defaults for one that it cannot read
    require_no_code(folder, what)
    for file in (file for pattern in WEIGHTS for file in sorted(folder.glob(pattern))):
        require_whole(file, "file of weights")
    kind = getattr(transformers, model_class)
    with quiet(), in_our_words(f"{folder / 'config.json'} does not describe {what}"):
        config = kind.config_class.from_pretrained(folder, local_files_only=True)
    with quiet(), in_our_words(problem):
        state = _of_a_trainer(kind, config, folder)
        model, found = kind.from_pretrained(
            None if state is not None else folder,
            config=config,
            state_dict=state,
            local_files_only=True,
            trust_remote_code=False,
            weights_only=True,
            output_loading_info=True,
            **options,
        )
        if state is not None and (folder / "generation_config.json").is_file():
            model.generation_config = transformers.GenerationConfig.from_pretrained(folder, local_files_only=True)
    missing = set(found["missing_keys"])
    tensors = model.state_dict()
    for lost, twin in twins.items():
        if lost in missing and twin not in missing:
            tensors[lost].copy_(tensors[twin])
            missing.discard(lost)
    require_all(problem, sorted(missing))
    require_finite(str(folder), tensors)
    model.eval().requires_grad_(False)
    return model if device is None else model.to(device)


def _of_a_trainer(kind: Any, config: Any, folder: Path) -> dict[str, Any] | None:
    """The state dict of a pytorch_model.bin that a trainer wrapped; None where transformers reads the folder itself."""
    import torch

    path = folder / "pytorch_model.bin"
    if not path.is_file() or any(folder.glob("*.safetensors")):
        return None
    try:
        read = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # the format before torch 1.6 cannot be mapped
        read = torch.load(path, map_location="cpu", weights_only=True)
    with torch.device("meta"):
        wanted = kind(config).state_dict().keys()
    state = named_as(tensors_in(read, path), wanted)
    return None if isinstance(read, Mapping) and state.keys() <= read.keys() else state


def load_processor(folder: Path, **options: Any) -> Any:
    """Load what prepares a transformers model's input, out of a local folder.

    Parameters
    ----------
    folder : Path
        Of the model; its config.json's model_type decides whether texts are prepared too.
    **options : object
        For ``from_pretrained``.

    Returns
    -------
    object
        The processor.

    Raises
    ------
    MissingFileError
        For a folder without a processor's configuration.
    UserError
        When it cannot be read.
    """
    import transformers

    if not any((folder / name).is_file() for name in PROCESSORS):
        raise MissingFileError(
            f"{folder} has no {' or '.join(PROCESSORS)}: how its pictures are prepared is unknown; get the file from "
            "where the model comes from (tasnb fetch does)"
        )
    require_no_code(folder, "processor")
    kind = READERS.get(str(read_config(folder / "config.json").get("model_type")), "AutoImageProcessor")
    with quiet(), in_our_words(f"{folder}: its processor cannot be loaded"):
        reader = getattr(transformers, kind)
        return reader.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep away the bar that transformers draws, its report of keys that our own error says, and its question.

    Yields
    ------
    None
        While none of them comes: where it would ask whether to run code, it raises ValueError.
    """
    from transformers import dynamic_module_utils as code
    from transformers.utils import logging

    shown, level, patience = logging.is_progress_bar_enabled(), logging.get_verbosity(), code.TIME_OUT_REMOTE_CODE
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    code.TIME_OUT_REMOTE_CODE = 0  # seconds that it waits for an answer; with 0 it does not ask
    try:
        yield
    finally:
        code.TIME_OUT_REMOTE_CODE = patience
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
