"""One line for whatever a person can put right, and none for a defect of ours."""

from __future__ import annotations

import errno
import json

import pytest

from tasnb.core.choices import require_known, require_positive
from tasnb.core.errors import MissingFileError, UserError, in_one_line
from tasnb.datasets.pickles import UnsafePickleError
from tasnb.evaluation.samples import MissingCase
from tasnb.models.fetch import FetchError
from tasnb.models.machine import MissingExtraError, require_library
from tasnb.models.presets import MissingFileError as Told


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


# what was raised, what the line says; None: a defect
LINES = [
    (UserError("expected a,\n  got b"), "expected a, got b"),
    (ValueError("operands could not be broadcast together"), None),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "a text is not in UTF-8"),
    (json.JSONDecodeError("Expecting value", "", 0), "Expecting value"),
    (MissingFileError("x.pth is missing"), "x.pth is missing"),
    (OSError(errno.ENOENT, "No such file", "/a/b"), "no such file or folder: /a/b; check the path"),
    (OSError(errno.EISDIR, "Is a directory", "/a"), "/a is a folder; expected a file"),
    (OSError(errno.ENOTDIR, "Not a directory", "/f/a"), "/f/a: a part of this path is a file; expected a folder"),
    (OSError(errno.EACCES, "Permission denied", "/a"), "no permission for /a"),
    (OSError(errno.EROFS, "Read-only", "/a"), "/a lies on a disk that cannot be written to"),
    (OSError(errno.ENOSPC, "No space left on device"), "no space left on the disk of the folder that is written to"),
    (OSError(errno.ENOSPC, "No space", "/a", None, "/b"), "no space left on the disk of /a -> /b"),
    (OSError(errno.EPROTO, "Protocol error"), "Protocol error"),
    (FileNotFoundError("no such picture: a.png; check the path"), "no such picture: a.png; check the path"),
    (
        ModuleNotFoundError("No module named 'ray'", name="ray.data"),
        "the library ray is not installed: pip install ray",
    ),
    (ImportError("libGL.so.1: cannot open"), "a library cannot be loaded (libGL.so.1: cannot open)"),
    (ModuleNotFoundError("No module named 'tasnb.nope'", name="tasnb.nope"), None),
    (MemoryError(), "not enough memory; use a smaller model"),
    (OutOfMemoryError("CUDA out of memory"), "not enough memory: CUDA out of memory; use"),
    (TypeError("unsupported operand"), None),
    (KeyError("a"), None),
    (AssertionError(), None),
]


@pytest.mark.parametrize(("error", "line"), LINES, ids=[f"{type(e).__name__} {str(e)[:30]}" for e, _ in LINES])
def test_what_a_person_can_put_right_is_one_line(error: Exception, line: str | None) -> None:
    said = in_one_line(error)
    if line is None:
        assert said is None
    else:
        assert said is not None
        assert said.startswith(line)
        assert "\n" not in said


@pytest.mark.parametrize("kind", [FetchError, MissingFileError, MissingExtraError, MissingCase, UnsafePickleError])
def test_every_error_that_a_user_can_cause_has_one_base(kind: type[Exception]) -> None:
    assert issubclass(kind, UserError)
    assert issubclass(UserError, ValueError)
    assert Told is MissingFileError


def test_wrong_words_numbers_and_missing_libraries_are_the_users() -> None:
    for wrong in (
        lambda: require_known("fruit", "aple", ["apple"]),
        lambda: require_positive(count=0),
        lambda: require_library("no_such_library", extra="ray", what="this"),
    ):
        with pytest.raises(UserError):
            wrong()
