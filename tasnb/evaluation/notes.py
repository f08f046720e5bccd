"""Notes and tags on the cases of a run, kept in its folder: ``tn.analysis.notes(run).write("val-12", note="...")``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.tables import csv_text
from tasnb.core.writing import write_text

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import TypeAdapter

FILE = "notes.json"
LONGEST = 10_000  # characters of a note
LONGEST_TAG = 60
PATIENCE = 10.0  # seconds that a writer waits for another one


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody wrote about a case.

    Parameters
    ----------
    tags : tuple of str
        In order, each once.
    note : str
        The text.
    time : str
        Of the last change, UTC, ISO 8601.
    """

    tags: tuple[str, ...] = ()
    note: str = ""
    time: str = ""


class Notes:
    """The notes of a run; every call reads the file again, so several processes may write.

    Parameters
    ----------
    run : Run or Path
        A run, or its folder.

    Raises
    ------
    FileNotFoundError
        For a folder that holds no run.
    """

    def __init__(self, run: Any) -> None:
        self.folder = Path(getattr(run, "folder", run))
        if not (self.folder / "run.json").is_file():
            raise MissingFileError(f"{self.folder} holds no run: expected run.json in it; see tasnb evaluate --out")
        known = run.predictions()["sample_id"] if hasattr(run, "predictions") else None
        self._known = None if known is None else frozenset(known)

    @property
    def path(self) -> Path:
        """The file, which exists once a note was written."""
        return self.folder / FILE

    def __repr__(self) -> str:
        return f"Notes({str(self.path)!r}, {len(self.all())} cases)"

    def all(self) -> dict[str, Note]:
        """Read every note.

        Returns
        -------
        dict of str to Note
            By sample_id.

        Raises
        ------
        ValueError
            For a file that is no notes file.
        """
        if not self.path.is_file():
            return {}
        try:
            return _json_form().validate_json(self.path.read_bytes())
        except ValueError as problem:
            told = " ".join(str(problem).split())
            raise UserError(f"{self.path} is not a notes file ({told}); move it away or mend it") from problem

    def of(self, sample_id: str) -> Note:
        """Read the note of a case.

        Parameters
        ----------
        sample_id : str
            Of the case.

        Returns
        -------
        Note
            An empty one where nothing was written.
        """
        return self.all().get(sample_id, Note())

    def write(self, sample_id: str, *, note: str | None = None, tags: Sequence[str] | None = None) -> Note:
        """Set the note or the tags of a case.

        Parameters
        ----------
        sample_id : str
            Of the case; without note and tags it has no entry any more.
        note : str, optional
            At most 10,000 characters; None leaves it as it is.
        tags : sequence of str, optional
            Each at most 60 characters without a comma; None leaves them as they are.

        Returns
        -------
        Note
            As it is now.

        Raises
        ------
        ValueError
            For a sample that the run does not have, or a text that is too long.
        TypeError
            For what is no text.
        """
        changed: dict[str, Any] = {} if note is None else {"note": _text(note)}
        changed |= {} if tags is None else {"tags": _tags(tags)}
        return self._change(sample_id, lambda old: replace(old, **changed))

    def tag(self, sample_id: str, *tags: str) -> Note:
        """Add tags to a case.

        Parameters
        ----------
        sample_id : str
            Of the case.
        *tags : str
            As ``write`` takes them.

        Returns
        -------
        Note
            As it is now.
        """
        added = _tags(tags)
        return self._change(sample_id, lambda old: replace(old, tags=_tags((*old.tags, *added))))

    def untag(self, sample_id: str, *tags: str) -> Note:
        """Take tags off a case.

        Parameters
        ----------
        sample_id : str
            Of the case.
        *tags : str
            One that it does not have is no error.

        Returns
        -------
        Note
            As it is now.
        """
        gone = _tags(tags)
        return self._change(sample_id, lambda old: replace(old, tags=tuple(t for t in old.tags if t not in gone)))

    def remove(self, sample_id: str) -> None:
        """Forget the note and the tags of a case.

        Parameters
        ----------
        sample_id : str
            Of the case.
        """
        self.write(sample_id, note="", tags=())

    def frame(self) -> pd.DataFrame:
        """Give the notes as a table.

        Returns
        -------
        DataFrame
            A row a case, sorted: sample_id, tags (joined by a comma and a blank), note, time.
        """
        import pandas as pd

        rows = [(key, ", ".join(n.tags), n.note, n.time) for key, n in sorted(self.all().items())]
        return pd.DataFrame(rows, columns=["sample_id", "tags", "note", "time"])

    def export(self, path: Path | str) -> Path:
        """Write all notes as CSV (UTF-8).

        Parameters
        ----------
        path : Path or str
            The file.

        Returns
        -------
        Path
            The file.

        Notes
        -----
        A cell that a spreadsheet could run starts with '.
        """
        write_text(Path(path), csv_text(self.frame()))
        return Path(path)

    def _change(self, sample_id: str, change: Callable[[Note], Note]) -> Note:
        if self._known is not None and sample_id not in self._known:
            some = ", ".join(repr(each) for each in sorted(self._known)[:3])
            raise UserError(f"sample_id: the run has no {sample_id!r}; expected one such as {some}")
        with self._alone():
            kept = self.all()
            changed = change(kept.pop(sample_id, Note()))
            new = replace(changed, time=datetime.now(UTC).isoformat(timespec="seconds"))
            kept |= {sample_id: new} if new.note or new.tags else {}
            written = _json_form().dump_json(dict(sorted(kept.items())), indent=1)
            write_text(self.path, written.decode() + "\n")
        return new

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock while reading and writing; the system frees it when its holder ends, however that happens."""
        from filelock import FileLock, Timeout

        lock = self.folder / f".{FILE}.lock"
        try:
            with FileLock(lock, timeout=PATIENCE):
                yield
        except Timeout:
            told = f"another process has been writing notes for {PATIENCE:g} s; try again, or delete {lock}"
            raise TimeoutError(told) from None


def notes(run: Any) -> Notes:
    """Open the notes and tags of a run's cases.

    Parameters
    ----------
    run : Run or Path
        A run, or its folder.

    Returns
    -------
    Notes
        To read and to write.
    """
    return Notes(run)


@cache
def _json_form() -> TypeAdapter[dict[str, Note]]:
    from pydantic import TypeAdapter

    return TypeAdapter(dict[str, Note])


def _text(note: str) -> str:
    if not isinstance(note, str):
        raise TypeError(f"note: expected a text, got {type(note).__name__}")
    if len(note) > LONGEST:
        raise UserError(f"note: expected at most {LONGEST} characters, got {len(note)}")
    return note.strip()


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
        raise TypeError(f"tags: expected a list of texts, got {tags!r}")
    clean = tuple(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))
    for tag in clean:
        if len(tag) > LONGEST_TAG or "," in tag:
            raise UserError(f"tags: expected at most {LONGEST_TAG} characters without a comma, got {tag!r}")
    return clean
