"""transformers models out of local folders, refusing weights that do not fill them.

transformers itself only warns about keys that are missing and fills them with noise; a truncated or foreign checkpoint
would then give numbers that look like results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SHOWN = 5  # keys that an error names


def filled(model_class: Any, folder: Path, *, what: str, **options: Any) -> Any:
    """``model_class.from_pretrained`` of a local folder. what: the model's name in errors.

    Raises ValueError that names the keys that are missing or of another shape, and for a file that cannot be read.
    Keys beyond those of the model are allowed: a checkpoint may hold a larger one.
    """
    try:
        with quiet():
            model, found = model_class.from_pretrained(
                folder, local_files_only=True, weights_only=True, output_loading_info=True, **options
            )
    except Exception as error:
        # safetensors, torch and transformers each raise their own; a shape that differs is one of them
        raise ValueError(
            f"{folder} does not hold the weights of {what}: {' '.join(str(error).split())[:500]}"
        ) from error
    missing = sorted(found["missing_keys"])
    if missing:
        raise ValueError(f"{folder} does not hold the weights of {what}: {listed(missing)}")
    return model


def listed(missing: Sequence[str]) -> str:
    """ "12 keys are missing: a, b, c ..." """
    more = " ..." if len(missing) > SHOWN else ""
    verb = "key is" if len(missing) == 1 else "keys are"
    return f"{len(missing)} {verb} missing: {', '.join(missing[:SHOWN])}{more}"


@contextmanager
def quiet() -> Iterator[None]:
    """transformers draws a bar for every load and writes a report of keys that our own error says."""
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
