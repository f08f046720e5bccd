"""``check``: what is wrong with a data set, all of it, and how much each split holds beside what is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tasnb.core.images import as_rgb
from tasnb.datasets.opening import find_root, names
from tasnb.datasets.published import CARDS, Counts, choose, published
from tasnb.datasets.samples import Samples
from tasnb.datasets.surveys import FoundMask, Problem, Size, Survey, split_names, survey

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5  # problems of one kind that the text names; the report holds all
SLACK = 1.0  # pixels; COCO rounds its boxes


@dataclass(frozen=True, kw_only=True)
class SplitCount:
    """How much a split holds, beside the published numbers."""

    split: str
    found: Counts
    published: Counts


@dataclass(frozen=True, kw_only=True)
class Report:
    """What ``check`` found. problems: none when the set is sound; numbers other than the published are no problem."""

    name: str
    root: str
    split_by: str
    problems: tuple[Problem, ...]
    counts: tuple[SplitCount, ...]
    images_opened: bool

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def kinds(self) -> dict[str, int]:
        """How many problems of each kind."""
        return dict(Counter(problem.kind for problem in self.problems))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name, "root": self.root, "split_by": self.split_by, "ok": self.ok,
            "images_opened": self.images_opened, "kinds": self.kinds,
            "problems": [problem._asdict() for problem in self.problems],
            "counts": [asdict(count) for count in self.counts],
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """A row a problem: kind, what."""
        import pandas as pd

        return pd.DataFrame(list(self.problems), columns=["kind", "what"])

    def text(self) -> str:
        """For people: the counts a split, then the problems, the first few of each kind."""
        lines = [f"{CARDS[self.name].title} (split by {self.split_by}) in {self.root}", ""]
        lines += [f"{'split':<10}{'images':>20}{'refs':>20}{'sentences':>20}"]
        for count in self.counts:
            cells = [
                _beside(getattr(count.found, part), getattr(count.published, part))
                for part in ("images", "refs", "sentences")
            ]
            lines.append(f"{count.split:<10}" + "".join(f"{cell:>20}" for cell in cells))
        if any(count.published.differences(count.found) for count in self.counts):
            lines.append("found / published; figures on other numbers do not compare with published ones")
        lines.append("")
        for kind, number in self.kinds.items():
            lines.append(f"{kind}: {number:,}")
            same = [problem.what for problem in self.problems if problem.kind == kind]
            lines += [f"  {what}" for what in same[:SHOWN]]
            lines += [f"  ... and {number - SHOWN:,} more"] if number > SHOWN else []
        if self.ok:
            lines.append("no problems found" + ("" if self.images_opened else "; images not opened"))
        return "\n".join(lines)


def check(
    data: Samples | str, *, split: str | None = None, root: Path | str | None = None, split_by: str | None = None,
    open_images: bool = False,
) -> Report:  # fmt: skip
    """Look at all of a data set and report every fault, even where it is too broken to load.

    data: a name as for ``load``, or samples, of which the whole split is checked. split: None for all.
    open_images: decode every image and compare its size, which takes minutes for RefCOCO; otherwise an image must exist
    and not be empty. Raises ValueError for an unknown name, FileNotFoundError where there is no root to look in.
    """
    if isinstance(data, Samples):
        spec = data.spec
        name, split, root = spec["name"], split or spec["split"], root if root is not None else spec["root"]
        split_by = split_by or spec["options"].get("split_by")
    else:
        name = choose("data set", data, names())
    card = CARDS[name]
    split_by = choose("split_by", split_by or card.split_bys[0], card.split_bys, of=name)
    place = find_root(name, root)
    found = survey(name, place, split_by)
    if split is not None and split != "all":
        choose("split", split, dict.fromkeys([*card.counts[split_by], *split_names(name, split_by, found)]), of=name)
        found = _only(found, split)
    problems = [*found.problems, *_duplicates(found), *_loose_ends(found)]
    sizes = {picture.id: picture.size_hw for picture in found.pictures}
    problems += _bad_pictures(found, sizes, open_images)
    problems += _bad_masks(found.masks, sizes)
    counts = tuple(
        SplitCount(split=part, found=_count(found, part), published=published(name, split_by, part))
        for part in split_names(name, split_by, found)
    )
    return Report(
        name=name, root=str(place), split_by=split_by, problems=tuple(problems), counts=counts,
        images_opened=open_images,
    )  # fmt: skip


def _only(found: Survey, split: str) -> Survey:
    refs = [ref for ref in found.refs if ref.split == split]
    images = {ref.image_id for ref in refs}
    return Survey(
        pictures=[picture for picture in found.pictures if picture.id in images],
        masks=[mask for mask in found.masks if mask.image_id in images],
        refs=refs,
        problems=found.problems,
    )


def _count(found: Survey, split: str) -> Counts:
    refs = [ref for ref in found.refs if ref.split == split]
    sentences = sum(len(ref.sentence_ids) for ref in refs)
    return Counts(images=len({ref.image_id for ref in refs}), refs=len(refs), sentences=sentences)


def _duplicates(found: Survey) -> Iterable[Problem]:
    columns: dict[str, list[Any]] = {
        "image": [picture.id for picture in found.pictures],
        "annotation": [mask.id for mask in found.masks],
        "ref": [ref.id for ref in found.refs],
        "sentence": [sentence for ref in found.refs for sentence in ref.sentence_ids],
    }
    for what, ids in columns.items():
        for known, times in Counter(ids).items():
            if times > 1:
                yield Problem("duplicate id", f"{what} id {known} is used {times} times")


def _loose_ends(found: Survey) -> Iterable[Problem]:
    images = {picture.id for picture in found.pictures}
    image_of = {mask.id: mask.image_id for mask in found.masks}
    for ref in found.refs:
        if not ref.sentence_ids:
            yield Problem("ref without sentences", f"ref {ref.id} has no sentences")
        if ref.image_id not in images:
            yield Problem("unlisted image", f"ref {ref.id} is about image {ref.image_id}, which is not listed")
        for mask_id in ref.mask_ids:
            if mask_id not in image_of:
                yield Problem(
                    "ref without annotation", f"ref {ref.id} names annotation {mask_id}, which does not exist"
                )
            elif image_of[mask_id] != ref.image_id:
                yield Problem(
                    "ref without annotation",
                    f"ref {ref.id} is about image {ref.image_id}, its annotation {mask_id} of {image_of[mask_id]}",
                )
    for mask in found.masks:
        if mask.image_id not in images:
            yield Problem("unlisted image", f"annotation {mask.id} is of image {mask.image_id}, which is not listed")


def _bad_pictures(found: Survey, sizes: dict[Any, Size | None], open_images: bool) -> Iterable[Problem]:
    """Faults of the image files; fills in the sizes that the annotations do not give."""
    for picture in found.pictures:
        try:
            if picture.path.stat().st_size == 0:
                yield Problem("unreadable image", f"{picture.path} has zero bytes")
                continue
        except OSError:
            yield Problem("missing image", f"{picture.path} is missing")
            continue
        if not open_images and picture.size_hw is not None:
            continue
        try:
            size_hw = _decoded_size(picture.path) if open_images else _header_size(picture.path)
        except (ValueError, OSError) as wrong:
            yield Problem("unreadable image", str(wrong))
            continue
        if picture.size_hw is not None and size_hw != picture.size_hw:
            yield Problem(
                "wrong size",
                f"{picture.path} is {size_hw[0]} x {size_hw[1]} (h x w), the annotations say "
                f"{picture.size_hw[0]} x {picture.size_hw[1]}",
            )
        sizes[picture.id] = sizes.get(picture.id) or size_hw


def _decoded_size(path: Path) -> Size:
    height, width = as_rgb(path).shape[:2]
    return height, width


def _header_size(path: Path) -> Size:
    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(0x0112, 1) >= 5  # EXIF orientation: 5 to 8 stand on their side
            return (picture.width, picture.height) if turned else (picture.height, picture.width)
    except (OSError, SyntaxError, Image.DecompressionBombError) as wrong:
        raise ValueError(f"{path} is not a readable picture ({wrong})") from wrong


def _bad_masks(masks: Sequence[FoundMask], sizes: dict[Any, Size | None]) -> Iterable[Problem]:
    for mask in masks:
        size_hw = sizes.get(mask.image_id)
        if size_hw is None:
            continue  # without the picture's size nothing can be said; the picture was reported
        try:
            if mask.area(size_hw) == 0:
                yield Problem("empty mask", f"the mask of annotation {mask.id} (image {mask.image_id}) has no pixels")
        except (ValueError, OSError) as wrong:
            yield Problem("damaged mask", f"annotation {mask.id} (image {mask.image_id}): {wrong}")
        for box in mask.boxes:
            if not _on_picture(box, size_hw):
                yield Problem(
                    "box off the image",
                    f"annotation {mask.id} (image {mask.image_id}, {size_hw[0]} x {size_hw[1]}, h x w) has the box "
                    f"{box!r:.80} (x, y, width, height)",
                )


def _on_picture(box: Any, size_hw: Size) -> bool:
    try:
        x, y, width, height = (float(side) for side in box)
    except (TypeError, ValueError):
        return False
    if not np.isfinite([x, y, width, height]).all() or width <= 0 or height <= 0:
        return False
    h, w = size_hw
    return x >= -SLACK and y >= -SLACK and x + width <= w + SLACK and y + height <= h + SLACK


def _beside(found: int | None, known: int | None) -> str:
    if known is None or known == found:
        return f"{found:,}"
    return f"{found:,} / {known:,}"
