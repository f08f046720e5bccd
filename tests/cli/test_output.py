"""What the commands share: JSON from tables and values, files by their ending, a bar that keeps count."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasnb.cli.output import ProgressBar, save, show, wrote
from tasnb.core.types import Progress, Weights


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (math.nan, None),
        (np.float64(0.25), 0.25),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (Path("a") / "b", str(Path("a") / "b")),
        ((1, 2), [1, 2]),
        (Weights(alpha=0.1, lam=0.7), {"alpha": 0.1, "lam": 0.7, "source": "given"}),
        ({"cat": [math.nan]}, {"cat": [None]}),
        ("ein Kätzchen", "ein Kätzchen"),
        (pd.DataFrame({"n": [1, 2], "miou": [0.1 + 0.2, math.nan], "why": ["é", None], "right": [True, False]}),
         [{"n": 1, "miou": 0.1 + 0.2, "why": "é", "right": True},
          {"n": 2, "miou": None, "why": None, "right": False}]),
        (pd.DataFrame({"n": []}), []),
    ],
)  # fmt: skip
def test_json_knows_no_nan_no_numpy_and_no_tables(value, plain, capsys) -> None:
    show({"value": value}, "text", as_json=True)
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"value": plain}
    assert printed.count("\n") == 1
    assert "\\u" not in printed


def test_for_a_person_it_is_the_text(capsys) -> None:
    show({"value": object()}, "two\nlines", as_json=False)
    assert capsys.readouterr().out == "two\nlines\n"


def test_files_are_written_in_their_order_into_a_new_folder(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    table = pd.DataFrame({"a": [1, 2]})
    written = save(tmp_path / "new" / "one", {"t.csv": table, "f.png": Figure(), "u.csv": table})
    assert [path.name for path in written] == ["t.csv", "f.png", "u.csv"]
    assert pd.read_csv(written[2]).equals(table)
    assert written[1].read_bytes().startswith(b"\x89PNG")
    assert wrote(written[:2]) == f"wrote {written[0]}, {written[1]}"


def test_the_bar_is_a_progress_and_counts_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    import tqdm

    seen: list[tuple[int, int, str]] = []

    class Terminal(tqdm.tqdm):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **{**kwargs, "disable": False, "file": io.StringIO()})

        def set_description_str(self, desc=None, refresh=True) -> None:
            seen.append((self.n, self.total, desc))

    monkeypatch.setattr(tqdm, "tqdm", Terminal)
    with ProgressBar(quiet=False, total=3) as bar:
        progress: Progress = bar
        bar.step("first")
        bar.step("second")
        progress(2, 3, "third")
        progress(3, 3)
    assert seen == [(0, 3, "first"), (1, 3, "second"), (2, 3, "third")]


def test_nothing_is_drawn_into_a_pipe_or_when_quiet(capsys) -> None:
    for quiet in (True, False):
        with ProgressBar(quiet=quiet, unit="part") as bar:
            bar(1, 2, "what")
    assert capsys.readouterr().err == ""
