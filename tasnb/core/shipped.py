"""What ships with the library: data, lessons and their helpers (in a clone beside the package); its cache folder."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from tasnb.core.choices import require_known
from tasnb.core.errors import MissingFileError, UserError

PACKAGE = Path(__file__).resolve().parents[1]
_HELPERS = "tasnb_lessons"  # the name under which the lessons' helpers are imported, so that no other package is hidden


def data_root() -> Path:
    """The folder that holds ``models/``, ``reftoy/``, ``runs/``, ``predictions/`` and ``paper/``.

    Returns
    -------
    Path
        ``tasnb/data`` in an installed wheel, ``data/`` in a clone.

    Raises
    ------
    FileNotFoundError
        When neither is there, naming both places.
    """
    return _shipped("data", "paper")


def cache_root() -> Path:
    """Tell the folder that ``tasnb fetch`` fills, and in which the artifact store lies.

    Returns
    -------
    Path
        TASNB_CACHE, or tasnb's folder in the platform's cache.
    """
    if chosen := os.environ.get("TASNB_CACHE"):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("tasnb"))


def finished(name: str) -> Path:
    """The file of a finished run or experiment that ships.

    Parameters
    ----------
    name : str
        "<preset>/<data set>-<split>", or "experiments/<name>".

    Returns
    -------
    Path
        The run.json, or the experiment's JSON.

    Raises
    ------
    ValueError
        For a name that is not there; the message lists those that are.
    """
    root = data_root() / "runs"
    files = sorted([*root.glob("*/*/run.json"), *root.glob("experiments/*.json")])
    found = {file.relative_to(root).with_suffix("").as_posix().removesuffix("/run"): file for file in files}
    require_known("finished run", name, found, " (python data/toyworld/runs.py builds them)")
    return found[name]


def lessons_root() -> Path:
    """The folder of the numbered notebooks, with ``lessons/`` (their helpers) and ``solutions/``.

    Returns
    -------
    Path
        ``tasnb/notebooks`` in an installed wheel, ``notebooks/`` in a clone.

    Raises
    ------
    FileNotFoundError
        When neither is there, naming both places.
    """
    return _shipped("notebooks", "lessons")


def lesson(name: str) -> ModuleType:
    """The helpers of a lesson: its exercises' checks and what else its cells call.

    Parameters
    ----------
    name : str
        The lesson's name without its number, such as "v_score".

    Returns
    -------
    ModuleType
        From ``lessons/<name>.py`` beside the notebook or one folder up, else from the copy that ships with tasnb.

    Raises
    ------
    ValueError
        For a name that none of these folders has; the message lists the lessons.

    Notes
    -----
    Beside the notebook means in the current directory, in which Jupyter starts a notebook's kernel.
    """
    here = Path.cwd()
    folders = [here / "lessons", here.parent / "lessons", lessons_root() / "lessons"]
    folder = next((folder.resolve() for folder in folders if (folder / f"{name}.py").is_file()), None)
    if folder is None or not name.isidentifier():
        known = sorted(path.stem for path in folders[-1].glob("[!_]*.py"))
        raise UserError(f"unknown lesson {name!r}; choose from {', '.join(known)}")
    loaded = sys.modules.get(_HELPERS)
    if loaded is None or list(loaded.__path__) != [str(folder)]:
        for stale in [key for key in sys.modules if key.split(".")[0] == _HELPERS]:
            del sys.modules[stale]
        package = ModuleType(_HELPERS)
        package.__path__ = [str(folder)]
        sys.modules[_HELPERS] = package
    return importlib.import_module(f"{_HELPERS}.{name}")


class CopiedLessons(NamedTuple):
    """What ``copy_lessons`` did.

    Parameters
    ----------
    written : tuple of Path
        The files that were written, in the order of their names.
    kept : tuple of Path
        Those that were there already and stayed as they were.
    """

    written: tuple[Path, ...]
    kept: tuple[Path, ...]


def copy_lessons(folder: str | Path, *, solutions: bool = False) -> CopiedLessons:
    """Copy the numbered notebooks and their helpers out of the library, to be opened and changed there.

    Parameters
    ----------
    folder : str or Path
        Where to; it is made when it is missing. A file that is there already is kept as it is.
    solutions : bool
        Whether the solved notebooks come along.

    Returns
    -------
    CopiedLessons
        Which files were written and which were kept.

    Raises
    ------
    ValueError
        When the folder cannot be made or written.
    """
    source, target = lessons_root(), Path(folder)
    kinds = ["*.ipynb", "*.md", "*.html", "lessons/*.py", *(["solutions/*.ipynb"] if solutions else [])]
    copies = {target / path.relative_to(source): path for kind in kinds for path in source.glob(kind)}
    try:
        kept = tuple(copy for copy in sorted(copies) if copy.exists())
        written = tuple(copy for copy in sorted(copies) if copy not in kept)
        for copy in written:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(copies[copy], copy)
    except OSError as problem:
        raise UserError(f"{target}: the lessons could not be written ({problem}); choose another folder") from problem
    return CopiedLessons(written, kept)


def _shipped(name: str, inside: str) -> Path:
    installed, clone = PACKAGE / name, PACKAGE.parent / name
    for candidate in (installed, clone):
        if (candidate / inside).is_dir():
            return candidate
    raise MissingFileError(
        f"the shipped {name} are missing: expected {installed} (installed) or {clone} (clone); reinstall tasnb"
    )
