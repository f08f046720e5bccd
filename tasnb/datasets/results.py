"""Anybody's masks as proposals: a COCO results file, as FreeSOLO, Mask2Former and most detectors write it.

A list of objects {"image_id": ..., "segmentation": run-length code or polygons, "score": ...}; "category_id" and
"bbox" may be there and are not read. COCO's annotation format, an object with "annotations", is read too.
Source of the format: cocodataset.org/#format-results, "instance segmentation".
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.masks import make_proposals
from tasnb.core.types import Proposals
from tasnb.datasets.annotations import mask_of, parse_json


@dataclass(frozen=True, kw_only=True, eq=False)
class ResultsFile:
    """The masks of many images, kept as they are written and drawn when an image is asked for.

    Parameters
    ----------
    path : Path
        The file.
    fingerprint : str
        Names the file's content.
    of_image : mapping
        Image id as text -> (segmentation, score or None) in the file's order.
    """

    path: Path
    fingerprint: str
    of_image: Mapping[str, Sequence[tuple[Any, float | None]]] = field(repr=False)

    @classmethod
    def read(cls, path: Path | str) -> ResultsFile:
        """Read a file.

        Parameters
        ----------
        path : path or str
            A COCO results file.

        Returns
        -------
        ResultsFile
            Its masks, undrawn.

        Raises
        ------
        FileNotFoundError
            Where there is none.
        ValueError
            Which says what entry is not as expected.
        """
        path = Path(path)
        if not path.is_file():
            raise MissingFileError(f"no such file of proposals: {path}")
        content = parse_json(path.read_bytes(), path)
        if isinstance(content, dict) and isinstance(content.get("annotations"), list):
            content = content["annotations"]
        if not isinstance(content, list):
            raise UserError(f"{path}: expected COCO results, a list of objects; got {type(content).__name__}")
        of_image: dict[str, list[tuple[Any, float | None]]] = {}
        for number, entry in enumerate(content):
            image_id, segmentation, score = _read_entry(entry, f"{path}, entry {number}")
            of_image.setdefault(image_id, []).append((segmentation, score))
        return cls(path=path, fingerprint=fingerprint_of(path), of_image=of_image)

    def proposals(self, image_id: str, size_hw: tuple[int, int]) -> Proposals:
        """The masks of one image, best score first (equal scores in the file's order), the score as ``pred_iou``.

        Parameters
        ----------
        image_id : str
            The image, as the file names it.
        size_hw : tuple of int
            Height and width of the image in pixels.

        Returns
        -------
        Proposals
            None for an image that the file does not name.

        Raises
        ------
        ValueError
            For a damaged mask, or one of another size than the image.

        Notes
        -----
        Empty masks and exact repeats are left out, as SAM's are.
        """
        entries = list(self.of_image.get(image_id, ()))
        # without a score an entry goes last; the sort is stable
        entries.sort(key=lambda entry: -np.inf if entry[1] is None else entry[1], reverse=True)
        kept: dict[bytes, tuple[np.ndarray, float]] = {}
        for segmentation, score in entries:
            try:
                mask = mask_of(segmentation, size_hw)
            except ValueError as wrong:
                raise UserError(f"{self.path.name}, image {image_id}: {wrong}") from wrong
            if mask.any():
                kept.setdefault(np.packbits(mask).tobytes(), (mask, np.nan if score is None else score))
        masks = [mask for mask, _ in kept.values()]
        return make_proposals(
            np.stack(masks) if masks else np.zeros((0, *size_hw), dtype=bool),
            pred_iou=np.array([score for _, score in kept.values()], np.float32),
            source=self.path.stem,
        )

    def check(self, image_ids: Collection[str]) -> None:
        """Refuse a file that names none of these images: it belongs to other data.

        Parameters
        ----------
        image_ids : collection of str
            The data set's own.

        Raises
        ------
        ValueError
            With an image id of the file and one of the data set.
        """
        if not image_ids or not self.of_image.keys().isdisjoint(image_ids):
            return
        theirs, ours = next(iter(self.of_image), "none"), next(iter(image_ids))
        raise UserError(
            f"{self.path} has proposals for {len(self.of_image)} images, none of which is in this data set; image_id "
            f"there: {theirs}, here: {ours}. Expected the data set's own image ids"
        )


def fingerprint_of(path: Path | str) -> str:
    """A name for the content of a results file, without reading its entries.

    Parameters
    ----------
    path : path or str
        The file.

    Returns
    -------
    str
        With its SHA-256.
    """
    with Path(path).open("rb") as file:
        return f"coco-results {hashlib.file_digest(file, 'sha256').hexdigest()}"


def _read_entry(entry: Any, where: str) -> tuple[str, Any, float | None]:
    if not isinstance(entry, dict) or "image_id" not in entry or "segmentation" not in entry:
        got = ", ".join(sorted(map(str, entry))) if isinstance(entry, dict) else type(entry).__name__
        hint = "; a file of boxes holds no masks" if isinstance(entry, dict) and "bbox" in entry else ""
        raise UserError(f"{where}: expected image_id, segmentation and score, got {got or 'nothing'}{hint}")
    score = entry.get("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float) or not np.isfinite(score)):
        raise UserError(f"{where}: expected a finite number as score, got {score!r}")
    image_id = entry["image_id"]
    if isinstance(image_id, float) and image_id.is_integer():
        image_id = int(image_id)  # pandas writes whole numbers as 1234.0
    return str(image_id), entry["segmentation"], None if score is None else float(score)
