"""The pages that stand alone: one answer, a finished run, a value with a title; each written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tasnb import analysis, plots
from tasnb.core.images import mask_colour, resized
from tasnb.core.tables import stay_in
from tasnb.core.types import Prediction
from tasnb.core.writing import write_text
from tasnb.report import rendering
from tasnb.report.findings import of_runs
from tasnb.report.leaderboards import of_board
from tasnb.report.notebook import html_of, receipt_rows

LONGEST = 640  # side of a picture in an answer's page, pixels: a 12-megapixel photo would make a page of 30 MB


def answer(
    image_rgb: np.ndarray,
    prediction: Prediction,
    out: Path | str,
    *,
    target: np.ndarray | None = None,
    models_name: str = "",
) -> Path:
    """Write the page of one answer: what the expression says, the negatives, the rectifier, the receipt.

    Parameters
    ----------
    image_rgb : uint8 array (h, w, 3)
        The photo.
    prediction : Prediction
        The answer.
    out : path
        The file to write.
    target : bool array (h, w), optional
        The true mask, when known.
    models_name : str
        The preset, for the subtitle.

    Returns
    -------
    Path
        ``out``: one file without scripts and links, readable in light and dark.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    artifacts, table = prediction.artifacts, prediction.table
    proposals, image_rgb = artifacts.proposals, artifacts.at_working_size(image_rgb)
    masks = plots.proposals_picture(image_rgb, proposals, table.kept)
    chosen = plots.overlay(image_rgb, artifacts.at_working_size(prediction.mask), mask_colour(prediction.index or 0))
    said = f"{stay_in(len(proposals), int(table.kept.sum()))}; the rectifier took out hatched gray ones"
    pictures = [
        (image_rgb, "the image", "the image"),
        (masks, f"{len(proposals)} mask proposals", said),
        (chosen, "the chosen mask", "the answer"),
    ]
    if target is not None:
        target = artifacts.at_working_size(target)
        pictures.append((plots.overlay(image_rgb, target, (255, 255, 255)), "the true mask", "the true mask"))
    scale = min(1, LONGEST / max(image_rgb.shape[:2]))
    page = rendering.render(
        "answer",
        layout=rendering.PAGE,
        value=prediction,
        rows=receipt_rows(prediction),
        pictures=[(resized(picture, scale), *words) for picture, *words in pictures],
        models_name=models_name,
    )
    return _written(out, page)


def run(runs: Sequence[Any], out: Path | str, *, against: Sequence[Any] = (), threshold: float = 0.5) -> Path:
    """Write the report of a finished run: what failed, why, and what it costs.

    Parameters
    ----------
    runs : sequence of Run
        One, or several splits that are pooled.
    out : path
        The file to write.
    against : sequence of Run
        The same data measured otherwise; the report then says what flipped.
    threshold : float
        An answer with a lower IoU is a failure; 0 to 1.

    Returns
    -------
    Path
        ``out``: one file without scripts and links, readable in light and dark, that prints well.

    Raises
    ------
    ValueError
        What ``analysis.attribute``, ``pool`` and ``compare_by`` refuse.
    OSError
        Where the file cannot be written.
    """
    found = of_runs(runs, against=against, threshold=threshold)
    return _written(out, rendering.render("run", layout=rendering.PAGE, **found))


def leaderboard(board: analysis.Leaderboard, out: Path | str) -> Path:
    """Write the leaderboard of several models on one split: who is ahead, why each fails, what all of them miss.

    Parameters
    ----------
    board : Leaderboard
        What ``analysis.leaderboard`` gives.
    out : path
        The file to write.

    Returns
    -------
    Path
        ``out``: one file without scripts and links, readable in light and dark, that prints well.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    return _written(out, rendering.render("leaderboard", layout=rendering.PAGE, **of_board(board)))


def result(value: Any, out: Path | str) -> Path:
    """Write the page of a reproduced table or of a measured cost.

    Parameters
    ----------
    value : Reproduction or Cost
        What ``reproduce`` gives.
    out : path
        The file to write.

    Returns
    -------
    Path
        ``out``: one file without scripts and links, readable in light and dark.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    return _written(out, html_of(value, page=True))


def _written(out: Path | str, page: str) -> Path:
    path = Path(out)
    write_text(path, page)
    return path
