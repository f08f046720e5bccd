"""Lesson 10, ``notebooks/10_your_own_images.ipynb``: own photos, own expressions, own targets."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasnb.core.images import as_rgb
from tasnb.core.masks import pairwise_iou
from tasnb.core.types import ImageArtifacts, Models, Sample
from tasnb.evaluation.runs import Run
from tasnb.pipeline.tas import tas
from tasnb.stages.expressions import parse
from tasnb.viewers import Annotator

from .answers import Exercise, Right, Slip, hints

LONGEST = 1024  # pixels of a photo's longer side: the masks of 12 megapixels would fill a laptop's memory
SCENES = 4  # shipped pictures that stand in where nothing was uploaded
EXAMPLES = 3  # expressions about each of them
FOUND_IOU = 0.5  # the field's Pr@0.5
POINTS = 0.05  # of per cent: a learner may round to one decimal
TWO_WAYS = Exercise(
    1,
    expected="two texts for the same mask: the first says where it is, the second only what it looks like",
    hint="For the place compare the mask with the other masks, not with the photo: on which side of most of "
    "them is it? For the looks imagine that the thing stood somewhere else: what of your text would still"
    " be true?",
    recipe='name the half of the picture and a noun, for example "the dog on the left"; then its kind and its '
    'colour or pattern without any place, for example "the brown dog"',
)
BOUND = Exercise(
    2,
    expected="one number from 0 to 100: the mIoU of the best proposal of each target, in per cent",
    hint="How were the targets made? Follow one click: what became the target, and is it still among the proposals?",
    recipe="each target is one of SAM's own masks, so ask which IoU a proposal has with itself, in per cent",
)
CHANCE = Exercise(
    3,
    expected="one number from 0 to 100: the mIoU of a proposal drawn at random, in per cent",
    hint="What does a blind draw give on average for a single sample? Only then comes the mean over the "
    "samples, in which a picture with many proposals has no more weight than one with few.",
    recipe='take the mean IoU of all proposals of each sample, scores.groupby("sample")["iou"].mean(), then the '
    "mean over the samples, times 100",
)
hint = hints(TWO_WAYS, BOUND, CHANCE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Named:
    """The first annotation that has a mask. image: uint8 (h, w, 3). proposal: the mask's number."""

    image: np.ndarray
    artifacts: ImageArtifacts
    expression: str
    proposal: int

    @property
    def mask(self) -> np.ndarray:
        """bool (h, w)."""
        return self.artifacts.proposals.masks[self.proposal]


def upload() -> Any:
    """A button that takes pictures from this computer into the kernel: an ipywidgets.FileUpload."""
    import ipywidgets

    return ipywidgets.FileUpload(accept="image/*", multiple=True, description="Your photos", layout={"width": "auto"})


def pictures(uploaded: Any, samples: Sequence[Sample], *, longest: int = LONGEST) -> dict[str, np.ndarray]:
    """The uploaded photos by name; the first shipped pictures where none was uploaded. uint8 (h, w, 3) each.

    uploaded: what ``upload`` gave. A photo is turned upright and made smaller until its longer side has ``longest``
    pixels; two files of one name are told apart by a number. Raises ValueError for a file that is no picture.
    """
    found: dict[str, np.ndarray] = {}
    for file in uploaded.value:
        stem = Path(str(file["name"])).stem or "photo"
        name, number_ = stem, 1
        while name in found:
            number_ += 1
            name = f"{stem} ({number_})"
        found[name] = _opened(str(file["name"]), bytes(file["content"]), longest)
    if not found:
        for sample in samples:
            if sample.image_id not in found and len(found) == SCENES:
                break
            found.setdefault(sample.image_id, sample.image)
    return found


def real_photo() -> np.ndarray:
    """A photo that is on this computer already: Grace Hopper, by the US Navy, part of matplotlib's sample data."""
    import matplotlib

    return as_rgb(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg")


def examples(annotator: Annotator, samples: Sequence[Sample]) -> bool:
    """Where nothing was annotated, annotate the shipped pictures as a person would; say whether that was done.

    For each picture the data set's first expressions, each with the proposal that fits its target best; none where
    even that has an IoU below 0.5. Raises ValueError for own photos without an annotation: their targets are unknown.
    """
    if annotator.entries:
        return False
    known = {sample.image_id for sample in samples if sample.image_id in annotator.names}
    if not known:
        raise ValueError(
            "there is no annotation of your photos yet; go back to the viewer, choose a mask, type an expression for "
            "it, and run this cell again"
        )
    for sample in samples:
        if sample.image_id not in known or sample.target is None:
            continue
        at = annotator.names.index(sample.image_id)
        described = annotator.artifacts[at]
        fits = pairwise_iou(described.proposals.masks, described.at_working_size(sample.target)[None])[:, 0]
        made = sum(entry["image"] == at for entry in annotator.entries)
        if made < EXAMPLES and fits.max(initial=0.0) >= FOUND_IOU:
            annotator.add(sample.expression, int(fits.argmax()), image=at)
    return True


def first_named(annotator: Annotator) -> Named:
    """The annotation that exercise 1 is about. Raises ValueError where no annotation has a mask."""
    for entry in annotator.entries:
        if entry["proposal"] is not None:
            return Named(
                image=annotator.pictures[entry["image"]], artifacts=annotator.artifacts[entry["image"]],
                expression=entry["expression"], proposal=entry["proposal"],
            )  # fmt: skip
    raise ValueError("no annotation has a mask; go back to the viewer, choose a mask and type an expression for it")


def check_two_ways(place: Any, looks: Any, named: Named, models: Models) -> Right:
    """Exercise 1: two expressions for one mask, one by its place, one without any place."""
    TWO_WAYS.given({"place": place, "looks": looks})
    first, second = TWO_WAYS.text_of(place, "place"), TWO_WAYS.text_of(looks, "looks")
    read = parse(first, models.parser)
    if not read.directions:
        relation = "a relation to another thing, which the rectifier does not know"
        raise TWO_WAYS.wrong(
            got=f"place = {first!r}, in which no direction was found",
            looks_like=relation if read.relations else "a text without a place",
            mend="use left, right, top or bottom about the thing itself: 'the ... on the left'",
        )
    answer = tas(named.artifacts, first, models)
    if not answer.table.kept[named.proposal]:
        trace = answer.table.trace
        assert trace is not None  # the rectifier is on
        raise TWO_WAYS.wrong(
            got=f"place = {first!r}; the rectifier takes your mask out ({trace.verdicts[named.proposal]})",
            looks_like="the wrong half of the picture, or a thing so near the middle that the other masks decide",
            mend="look at the picture and name the other half, or use top and bottom",
        )
    plain = parse(second, models.parser)
    if plain.directions:
        raise TWO_WAYS.wrong(
            got=f"looks = {second!r}, which names a place: {', '.join(plain.direction_words)}",
            looks_like="an expression for RefCOCO; RefCOCO+ forbids such words",
            mend="say what one would still see if the thing stood somewhere else",
        )
    if plain.head is None:
        raise TWO_WAYS.wrong(
            got=f"looks = {second!r}, in which no noun was found", looks_like="a description of nothing in particular",
            mend="name the kind of thing with a noun: 'the brown dog', not 'brown'",
        )  # fmt: skip
    found = ["finds" if tas(named.artifacts, text, models).index == named.proposal else "misses"
             for text in (first, second)]  # fmt: skip
    return Right(
        f"TAS {found[0]} the mask by its place and {found[1]} it by its looks. The first text helps the rectifier, the "
        "second has only CLIP to rely on. A set with both kinds of expressions shows which part of a method works."
    )


def check_upper_bound(value: Any, run: Run) -> Right:
    """Exercise 2: the oracle's mIoU on targets that were chosen among the proposals, in per cent."""
    value = BOUND.number_of(value)
    table = run.table().set_index("method")["miou"]
    right = float(table["oracle"])
    slips = [Slip(right / 100, "a share of 1", "multiply it by 100")]
    slips += [
        Slip(float(miou), f"the mIoU of {name}", "the oracle may take the best mask, whatever the scores say")
        for name, miou in table.items()
        if name != "oracle"
    ]
    if value < right:
        slips.append(
            Slip(value, "an upper bound as in lesson 01, where SAM did not know the targets",
                 "here each target was clicked: it is one of SAM's own masks")
        )  # fmt: skip
    BOUND.settle(value, right, slips, tolerance=POINTS)
    if right < 100 - POINTS:
        return Right("Not every target is one of the proposals here, so the bound says how well SAM found them.")
    return Right(
        "Every target is one of SAM's own masks, so the best proposal is always perfect. This set cannot say how good "
        "the proposals are; it measures the choice alone. For the proposals you need masks that a person has drawn."
    )


def check_chance(value: Any, run: Run) -> Right:
    """Exercise 3: the mIoU of a proposal that is drawn blindly, in per cent."""
    value = CHANCE.number_of(value)
    scores = run.scores()
    of_samples = scores.groupby("sample")["iou"]
    right = 100 * float(of_samples.mean().mean())
    slips = [
        Slip(right / 100, "a share of 1", "multiply it by 100"),
        Slip(100 * float(scores["iou"].mean()), "the mean over all rows, so a picture with many masks counts more",
             "take the mean of each sample first: groupby('sample')"),
        Slip(100 * float(scores["iou"].median()), "the median over all rows", "take means"),
        Slip(100 * float(of_samples.max().mean()), "the best proposal: the oracle", "draw blindly: mean, not max"),
        Slip(100 * float((1 / of_samples.size()).mean()), "the chance to hit exactly the target's mask",
             "a mask that overlaps with the target counts with its IoU"),
        Slip(100 * float(of_samples.first().mean()), "the first proposal of each sample", "take the mean of all"),
    ]  # fmt: skip
    table = run.table().set_index("method")["miou"]
    slips += [
        Slip(float(m), f"the mIoU of {name}", "blind choice looks at no score") for name, m in table.items()
        if name != "oracle"
    ]  # fmt: skip
    CHANCE.settle(value, right, slips, tolerance=POINTS)
    row = run.table().iloc[0]
    verdict = (
        "The interval lies above that, so on these pictures it does better than blind choice."
        if row["miou_low"] > right
        else "The interval reaches down to that: on these pictures it is not shown to be better than blind choice."
    )
    return Right(
        f"Blind choice has {right:.1f}; {row['method']} has {row['miou']:.1f} [{row['miou_low']:.1f}, "
        f"{row['miou_high']:.1f}] on {int(row['n'])} expressions. {verdict}"
    )


def _opened(name: str, content: bytes, longest: int) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as opened:
            image_rgb = as_rgb(opened)
    except Exception as problem:  # whatever Pillow makes of a damaged file
        raise ValueError(
            f"{name} is not a readable picture; expected a JPEG, PNG, WebP, BMP, GIF or TIFF file. Many phones "
            "save HEIC: export the photo as JPEG, upload it and run this cell again"
        ) from problem
    picture = Image.fromarray(image_rgb)
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return as_rgb(picture)


def rims_of(samples: Sequence[Sample]) -> tuple[list[np.ndarray], list[str]]:
    """For ``tn.plots.strip``: each sample's picture with its target tinted and rimmed, and its expression."""
    from tasnb.plots import rims

    shown: Mapping[bool, str] = {True: "", False: " (no mask)"}
    drawn = [rims(sample.image, None, sample.target) for sample in samples]
    return drawn, [sample.expression + shown[sample.target is not None] for sample in samples]
