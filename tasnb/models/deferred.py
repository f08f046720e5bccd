"""Models that load when they are first asked for something, and can be freed again.

An evaluation whose artifacts are all in a store then loads no model at all, and one that goes through the images model
by model holds one in memory at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tasnb.core.types import Models
from tasnb.models import presets
from tasnb.models.machine import cuda_in_use
from tasnb.models.weights import fingerprint

# do not change what a model answers, only where and how fast
_HOW = frozenset({"device", "batch_size", "points_per_batch"})


class Deferred:
    """Stands for one part of Models: every use loads the real one first, and keeps it until ``free``.

    Parameters
    ----------
    role : str
        Of the part.
    load : callable
        Gives the real part.
    arguments : mapping of str to object
        What it is loaded with: paths, and options.
    memo : callable or None
        Such as ``Store.memo``; remembers the fingerprint under the content of the files and the options, so that asking
        for it loads nothing the second time.
    """

    def __init__(
        self, role: str, load: Callable[[], Any], arguments: Mapping[str, Any], memo: Callable[..., Any] | None = None
    ) -> None:
        self._role, self._load, self._memo = role, load, memo
        self._key = _key_of(role, arguments)
        self._part: Any = None
        self._fingerprint: str | None = None

    def __repr__(self) -> str:
        return f"Deferred({self._role!r}, {'loaded' if self.is_loaded else 'not loaded'})"

    @property
    def is_loaded(self) -> bool:
        """Whether the real part is in memory."""
        return self._part is not None

    @property
    def fingerprint(self) -> str:
        """The real part's own."""
        if self._fingerprint is None:
            real, memo = self._real_fingerprint, self._memo
            self._fingerprint = real() if memo is None else str(memo("fingerprints", "", self._key, {}, real))
        return self._fingerprint

    def load(self) -> None:
        """Load the real part now, so that what is wrong with it is said now."""
        self._loaded()

    def free(self) -> None:
        """Drop the real part and give its memory back; the next use loads it again."""
        if self._part is None:
            return
        self._part = None
        gc.collect()
        if cuda := cuda_in_use():
            cuda.empty_cache()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copying and pickling ask for these; they are no use of the model
            raise AttributeError(name)
        return getattr(self._loaded(), name)

    def __call__(self, *arguments: Any) -> Any:
        return self._loaded()(*arguments)

    def _loaded(self) -> Any:
        if self._part is None:
            self._part = self._load()
        return self._part

    def _real_fingerprint(self) -> str:
        # where a part has none, its files' content is as good
        return str(getattr(self._loaded(), "fingerprint", self._key))


def defer(
    preset: str | Path = "toy",
    *,
    memo: Callable[..., Any] | None = None,
    variant: str = "paper",
    device: str = "auto",
    dtype: str = "float32",
    **parts: Any,
) -> Models:
    """As ``load``, but every part is a ``Deferred``: missing files are reported now, loading waits.

    Parameters
    ----------
    preset : str or Path
        As for ``load``.
    memo : callable or None
        Such as ``Store.memo``; may know the fingerprints.
    variant, device, dtype, **parts
        As for ``load``.

    Returns
    -------
    Models
        Of deferred parts.

    Raises
    ------
    ValueError, MissingFileError
        As ``load``.
    """
    _, loaders, arguments = presets.plan(preset, variant=variant, device=device, dtype=dtype, **parts)
    made = {role: Deferred(role, partial(loaders[role], **given), given, memo) for role, given in arguments.items()}
    return presets.assemble(preset, made, arguments)


def load_language(models: Models) -> None:
    """Load parser and WordNet now.

    Parameters
    ----------
    models : Models
        Parts that are not deferred stay as they are.
    """
    for part in (models.parser, models.wordnet):
        if isinstance(part, Deferred):
            part.load()


def free(models: Models) -> None:
    """Free every deferred part.

    Parameters
    ----------
    models : Models
        Parts that are not deferred stay as they are.
    """
    for part in (models.proposer, models.encoder, models.captioner, models.parser, models.wordnet):
        if isinstance(part, Deferred):
            part.free()


def _key_of(role: str, arguments: Mapping[str, Any]) -> str:
    files: list[Path] = []
    options: dict[str, Any] = {}
    for name, value in arguments.items():
        path = Path(value) if isinstance(value, str | Path) and value else None
        if path is not None and path.is_file():
            files.append(path)
        elif path is not None and path.is_dir():
            files += [file for file in sorted(path.rglob("*")) if file.is_file()]
        elif name not in _HOW:
            options[name] = str(value)
    return fingerprint(f"deferred {role}", files, options)
