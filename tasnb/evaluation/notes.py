"""Notes and tags on the cases of a run, kept in its folder: ``tn.analysis.notes(run).write("val-12", note="...")``."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasnb.evaluation.runs import write_text

if TYPE_CHECKING:
    import pandas as pd

FILE = "notes.json"
LONGEST = 10_000  # characters of a note
LONGEST_TAG = 60
PATIENCE = 10.0  # seconds that a writer waits for another one
ABANDONED = 60.0  # a lock this old belongs to a process that was killed


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody wrote about a case. tags: in order, each once. time: of the last change, UTC, ISO 8601."""

    note: str = ""
    tags: tuple[str, ...] = ()
    time: str = ""


class Notes:
    """The notes of a run. Every call reads the file again, so several processes may write."""

    def __init__(self, run: Any) -> None:
        """run: a ``Run``, or its folder. Raises FileNotFoundError for a folder that holds no run."""
        self.folder = Path(getattr(run, "folder", run))
        if not (self.folder / "run.json").is_file():
            raise FileNotFoundError(f"{self.folder} holds no run: expected run.json in it; see tasnb evaluate --out")
        known = run.predictions()["sample_id"] if hasattr(run, "predictions") else None
        self._known = None if known is None else frozenset(known)

    @property
    def path(self) -> Path:
        """The file, which exists once a note was written."""
        return self.folder / FILE

    def __repr__(self) -> str:
        return f"Notes({str(self.path)!r}, {len(self.all())} cases)"

    def all(self) -> dict[str, Note]:
        """sample_id -> its note. Raises ValueError for a file that is no notes file."""
        if not self.path.is_file():
            return {}
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {
                str(key): Note(note=str(v["note"]), tags=tuple(map(str, v["tags"])), time=str(v["time"]))
                for key, v in found.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ValueError(f"{self.path} is not a notes file ({problem!r}); move it away or mend it") from problem

    def of(self, sample_id: str) -> Note:
        """The note of a case, an empty one where nothing was written."""
        return self.all().get(sample_id, Note())

    def write(self, sample_id: str, *, note: str | None = None, tags: Sequence[str] | None = None) -> Note:
        """Set the note or the tags of a case; None leaves as it is, and a case without either has no entry.

        Raises ValueError for a sample the run does not have, or a text that is too long; TypeError for what is no text.
        """
        self._check(sample_id)
        note, wanted = None if note is None else _text(note), None if tags is None else _tags(tags)
        with self._alone():
            both = self.all()
            old = both.pop(sample_id, Note())
            new = Note(
                note=old.note if note is None else note, tags=old.tags if wanted is None else wanted,
                time=datetime.now(UTC).isoformat(timespec="seconds"),
            )  # fmt: skip
            if new.note or new.tags:
                both[sample_id] = new
            self._save(both)
        return new

    def tag(self, sample_id: str, *tags: str) -> Note:
        """Add tags to a case."""
        return self._retag(sample_id, tags, add=True)

    def untag(self, sample_id: str, *tags: str) -> Note:
        """Take tags off a case; one that it does not have is no error."""
        return self._retag(sample_id, tags, add=False)

    def remove(self, sample_id: str) -> None:
        """Forget the note and the tags of a case."""
        self.write(sample_id, note="", tags=())

    def frame(self) -> pd.DataFrame:
        """A row a case, sorted: sample_id, tags (joined by a comma and a blank), note, time."""
        import pandas as pd

        rows = [(key, ", ".join(n.tags), n.note, n.time) for key, n in sorted(self.all().items())]
        return pd.DataFrame(rows, columns=["sample_id", "tags", "note", "time"])

    def export(self, path: Path | str) -> Path:
        """Write all notes as CSV (UTF-8) and give the path. A cell that a spreadsheet could run starts with '."""
        out = io.StringIO()
        table = self.frame()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows([[_inert(cell) for cell in row] for row in table.itertuples(index=False)])
        write_text(Path(path), out.getvalue())
        return Path(path)

    def _retag(self, sample_id: str, tags: Sequence[str], *, add: bool) -> Note:
        self._check(sample_id)
        changed = _tags(tags)
        with self._alone():
            both = self.all()
            old = both.pop(sample_id, Note())
            left = (*old.tags, *changed) if add else (t for t in old.tags if t not in changed)
            new = Note(note=old.note, tags=_tags(tuple(left)), time=datetime.now(UTC).isoformat(timespec="seconds"))
            if new.note or new.tags:
                both[sample_id] = new
            self._save(both)
        return new

    def _save(self, notes: Mapping[str, Note]) -> None:
        plain = {key: {"tags": list(n.tags), "note": n.note, "time": n.time} for key, n in sorted(notes.items())}
        write_text(self.path, json.dumps(plain, ensure_ascii=False, indent=1) + "\n")

    def _check(self, sample_id: str) -> None:
        if self._known is not None and sample_id not in self._known:
            some = ", ".join(repr(each) for each in sorted(self._known)[:3])
            raise ValueError(f"sample_id: the run has no {sample_id!r}; expected one such as {some}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock file while reading and writing; it works wherever a file can be created exclusively."""
        lock, until = self.folder / f".{FILE}.lock", time.monotonic() + PATIENCE
        while True:
            try:
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                break
            except FileExistsError:
                try:
                    if time.time() - lock.stat().st_mtime > ABANDONED:
                        lock.unlink(missing_ok=True)
                        continue
                except FileNotFoundError:
                    continue
                if time.monotonic() > until:
                    raise TimeoutError(
                        f"another process has been writing notes for {PATIENCE:g} s; try again, or delete {lock}"
                    ) from None
                time.sleep(0.02)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def notes(run: Any) -> Notes:
    """The notes and tags of a run's cases. run: a ``Run``, or its folder."""
    return Notes(run)


def _text(note: str) -> str:
    if not isinstance(note, str):
        raise TypeError(f"note: expected a text, got {type(note).__name__}")
    if len(note) > LONGEST:
        raise ValueError(f"note: expected at most {LONGEST} characters, got {len(note)}")
    return note.strip()


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
        raise TypeError(f"tags: expected a list of texts, got {tags!r}")
    clean = tuple(dict.fromkeys(" ".join(tag.split()) for tag in tags if tag.strip()))
    for tag in clean:
        if len(tag) > LONGEST_TAG or "," in tag:
            raise ValueError(f"tags: expected at most {LONGEST_TAG} characters without a comma, got {tag!r}")
    return clean


def _inert(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell
