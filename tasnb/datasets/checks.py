"""``check``: what is wrong with a data set, all of it, and how much each split holds beside what is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasnb.core.choices import require_known
from tasnb.core.errors import MissingFileError
from tasnb.core.image_files import orientation_of, upright_size
from tasnb.core.images import as_rgb
from tasnb.core.tables import text_table
from tasnb.datasets import doubtful
from tasnb.datasets.annotations import uncollected
from tasnb.datasets.cards import CARDS, Counts, published
from tasnb.datasets.contents import Contents, Problem, Size, by, shown
from tasnb.datasets.opening import find_root, names, read
from tasnb.datasets.samples import Samples

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5  # problems of one kind that the text names; the report holds all
SLACK = 1.0  # pixels; COCO rounds its boxes
PARTS = ("images", "refs", "sentences")


@dataclass(frozen=True, kw_only=True)
class SplitCount:
    """How much a split holds, beside the published numbers."""

    split: str
    found: Counts
    published: Counts


@dataclass(frozen=True, kw_only=True)
class Report:
    """What ``check`` found.

    Parameters
    ----------
    name, root, split_by : str
        What was looked at.
    problems : tuple of Problem
        Pairs (kind, what); none when the set is sound. Numbers other than the published ones are no problem.
    counts : tuple of SplitCount
        One a split.
    images_opened : bool
        Whether every image was decoded.
    """

    name: str
    root: str
    split_by: str
    problems: tuple[Problem, ...]
    counts: tuple[SplitCount, ...]
    images_opened: bool

    @property
    def ok(self) -> bool:
        """Whether there are no problems."""
        return not self.problems

    @property
    def kinds(self) -> dict[str, int]:
        """How many problems of each kind."""
        return dict(Counter(problem.kind for problem in self.problems))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values for JSON.

        Returns
        -------
        dict
            The fields, with ok and kinds.
        """
        plain = asdict(self) | {"problems": [problem._asdict() for problem in self.problems]}
        order = ("name", "root", "split_by", "ok", "images_opened", "kinds", "problems", "counts")
        return {key: plain.get(key, getattr(self, key)) for key in order}

    def to_frame(self) -> pd.DataFrame:
        """The problems as a table.

        Returns
        -------
        DataFrame
            A row a problem: kind, what.
        """
        import pandas as pd

        return pd.DataFrame(list(self.problems), columns=["kind", "what"])

    def text(self) -> str:
        """For people: the counts a split, then the problems, the first few of each kind.

        Returns
        -------
        str
            Several lines.
        """
        rows = [
            [count.split, *(_beside(getattr(count.found, part), getattr(count.published, part)) for part in PARTS)]
            for count in self.counts
        ]
        lines = [f"{CARDS[self.name].title} (split by {self.split_by}) in {self.root}", ""]
        lines.append(text_table(["split", *PARTS], rows))
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
    data: Samples | str,
    *,
    split: str | None = None,
    root: Path | str | None = None,
    split_by: str | None = None,
    open_images: bool = False,
    without: Path | str | None = None,
) -> Report:
    """Look at all of a data set and report every fault, even where it is too broken to load.

    What it names is what ``load``, or the samples concerned, refuse; except for boxes off the image, annotations and
    refs that no sample is about, the empty masks of a folder, and photos whose EXIF orientation is not 1. Those are
    read upright, so their annotations must be in the coordinates of the upright picture, which only the eye can tell.

    Parameters
    ----------
    data : str or Samples
        A name as for ``load``, or samples, of which the whole split is checked.
    split : str, optional
        None: all.
    root, split_by : optional
        As for ``load``.
    open_images : bool
        Decode every image and compare its size, which takes minutes for RefCOCO; otherwise an image must exist and not
        be empty.
    without : path or str, optional
        A table of doubtful sentences as for ``load``: they are not counted, and those that no split has are named.

    Returns
    -------
    Report
        What was found, and how much.

    Raises
    ------
    UserError
        For an unknown name.
    MissingFileError
        Where there is no root to look in.
    """
    if isinstance(data, Samples):
        spec = data.spec
        name, split, root = spec["name"], split or spec["split"], root if root is not None else spec["root"]
        split_by = split_by or spec["options"].get("split_by")
    else:
        require_known("data set", data, names())
        name = data
    card = CARDS[name]
    split_by = split_by or card.split_bys[0]
    require_known("split_by", split_by, card.split_bys, of=name)
    place = find_root(name, root)
    listed = None if without is None else doubtful.read(without, name)
    found = read(name, place, split_by)
    if listed is not None:
        _leave_out(found, listed)
    there = {ref.split for ref in found.refs}
    splits = [*card.counts[split_by], *sorted(there - card.counts[split_by].keys())]
    if split is not None and split != "all":
        require_known("split", split, splits, of=name)
        there &= {split}
        found = _only(found, split)
    problems = list(found.problems)
    sizes = {picture.id: picture.size_hw for picture in found.pictures}
    with uncollected():
        problems += _bad_pictures(found, sizes, open_images)
        problems += _bad_masks(found, sizes)
    counts = [
        SplitCount(split=part, found=_count(found, part), published=published(name, split_by, part))
        for part in splits
        if part in there
    ]
    facts: dict[str, Any] = {"name": name, "root": str(place), "split_by": split_by, "images_opened": open_images}
    return Report(problems=tuple(problems), counts=tuple(counts), **facts)


def _leave_out(found: Contents, listed: doubtful.Listed) -> None:
    """Take listed sentences out, refs without any left too; note those that are not there."""
    unknown = listed.sent_ids.difference(id_ for ref in found.refs for id_ in ref.sentence_ids)
    for id_ in sorted(unknown):
        found.note("unknown sentence", f"{listed.path} lists sent_id {id_}, which {found.name} does not have")
    left = [[id_ for id_ in ref.sentence_ids if id_ not in listed.sent_ids] for ref in found.refs]
    found.refs = [ref._replace(sentence_ids=ids) for ref, ids in zip(found.refs, left, strict=True) if ids]


def _only(found: Contents, split: str) -> Contents:
    refs = [ref for ref in found.refs if ref.split == split]
    images = {ref.image_id for ref in refs}
    annotations = [annotation for annotation in found.annotations if annotation.image_id in images]
    kept = {("image", id_) for id_ in images} | {("annotation", annotation.id) for annotation in annotations}
    kept |= {("ref", ref.id) for ref in refs} | {("sentence", id_) for ref in refs for id_ in ref.sentence_ids}
    others = {fault for about, fault in found.faults.items() if about not in kept}
    return replace(
        found,
        refs=refs,
        pictures=[picture for picture in found.pictures if picture.id in images],
        annotations=annotations,
        problems=[problem for problem in found.problems if problem not in others],
    )


def _count(found: Contents, split: str) -> Counts:
    refs = [ref for ref in found.refs if ref.split == split]
    sentences = sum(len(ref.sentence_ids) for ref in refs)
    return Counts(images=len({ref.image_id for ref in refs}), refs=len(refs), sentences=sentences)


def _bad_pictures(found: Contents, sizes: dict[str, Size | None], open_images: bool) -> Iterator[Problem]:
    """Faults of the image files; fills in the sizes that the annotations do not give."""
    for picture in found.pictures:
        try:
            path = picture.path()
        except ValueError as wrong:
            yield Problem("outside the folder", str(wrong))
            continue
        try:
            turned, size_hw = orientation_of(path), picture.size_hw
            if open_images or size_hw is None:
                height, width = as_rgb(path).shape[:2] if open_images else upright_size(path)
                size_hw = height, width
        except MissingFileError:
            yield Problem("missing image", f"{path} is missing")
            continue
        except (ValueError, OSError) as wrong:
            yield Problem("unreadable image", str(wrong))
            continue
        if turned != 1:
            upright = "it is read upright, so its annotations must be in the coordinates of the upright picture"
            yield Problem("turned photo", f"{path} has EXIF orientation {turned}: {upright}")
        if picture.size_hw not in (None, size_hw):
            said = f"{path} is {by(size_hw)} (h x w), the annotations say {by(picture.size_hw or ())}"
            yield Problem("wrong size", said)
        sizes[picture.id] = sizes.get(picture.id) or size_hw


def _bad_masks(found: Contents, sizes: dict[str, Size | None]) -> Iterator[Problem]:
    for annotation in found.annotations:
        size_hw = sizes.get(annotation.image_id)
        if size_hw is None:
            continue  # without the picture's size nothing can be said; the picture was reported
        id_, image_id = annotation.id, annotation.image_id
        try:
            if found.area_of(annotation, size_hw) == 0:
                yield Problem("empty mask", f"the mask of annotation {id_} (image {image_id}) has no pixels")
        except (ValueError, OSError) as wrong:
            yield Problem("damaged mask", f"annotation {id_} (image {image_id}): {wrong}")
        for box in annotation.boxes:
            if not _on_picture(box, size_hw):
                about = f"annotation {id_} (image {image_id}, {by(size_hw)}, h x w)"
                yield Problem("box off the image", f"{about} has the box {shown(box)} (x, y, width, height)")


def _on_picture(box: Any, size_hw: Size) -> bool:
    try:
        x, y, width, height = (float(side) for side in box)
    except (TypeError, ValueError, OverflowError):
        return False
    if not (width > 0 and height > 0):
        return False
    h, w = size_hw
    # a comparison with nan is False
    return x >= -SLACK and y >= -SLACK and x + width <= w + SLACK and y + height <= h + SLACK


def _beside(found: int | None, known: int | None) -> str:
    return f"{found:,}" if known is None or known == found else f"{found:,} / {known:,}"
