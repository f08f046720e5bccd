"""Lesson 05, ``notebooks/05_spatial_rectifier.ipynb``: halves, words that are directions, words that only look so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from tasnb.core.images import mask_colour
from tasnb.core.masks import centroids_xy
from tasnb.core.types import DIRECTIONS, Direction, ImageArtifacts, Parse, Weights
from tasnb.evaluation.ablation import Counted
from tasnb.evaluation.metrics import Resamples, iou, paired_difference
from tasnb.evaluation.reranking import Ranking
from tasnb.evaluation.runs import Run, ScoredRun
from tasnb.pipeline.variant import PLUS
from tasnb.plots import Strip, strip
from tasnb.plots.sheets import INK, font_of
from tasnb.stages import spatial

from .answers import ANOTHER_KIND, Exercise, Right, Slip, hints, in_words

if TYPE_CHECKING:
    import pandas as pd

SIDE = 420  # pixels, the longer side of a picture with centres
CHOICES = (*DIRECTIONS, "none")
# expression -> its direction under docs/method.md; for each wrong word what it looks like, and why it is none
READINGS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "man on the left": ("left", {"none": "a direction overlooked"}, '"on the left" says where the man is'),
    "woman in a bright dress": (
        "none", {"right": "letters, not words: b-right"}, '"bright" is another word, it only contains the letters'),
    "cake left on the plate": (
        "none", {"left": 'the direction "left"'}, 'somebody left the cake there: "left" is a verb here'),
    "dog right next to the car": (
        "none", {"right": 'the direction "right"'}, '"right next to" means directly beside, on any side'),
    "dog left of the bus": (
        "none", {"left": "a relation read as a direction"},
        'the dog is left of the bus, and that bus may stand at the right edge of the picture'),
    "bus left of the picture": (
        "left", {"none": "a place in the picture read as a relation"}, 'the "other thing" is the picture itself'),
    "man next to the left bus": (
        "none", {"left": "the place of another thing"}, '"left" describes the bus, not the man who is looked for'),
}  # fmt: skip
HALF = Exercise(
    1,
    expected="a function of centres (n, 2) and a direction that returns n times True or False",
    hint="The direction decides two things: which of the two columns is looked at, and on which side of its "
    "median a centre has to lie. Where does a centre belong that lies exactly on the median?",
    recipe="compare x (column 0) or y (column 1) with its np.median: < for left and top, >= for right and bottom",
)
READ = Exercise(
    2,
    expected=f"a dict that gives each of {len(READINGS)} expressions one of {', '.join(CHOICES)}",
    hint="Draw the scene that an expression describes, then move everything in it to the other side of the "
    "picture, except for what the words hold in place. Is the expression still true?",
    recipe="give a direction only where the word says in which part of the picture the subject itself stands: "
    "neither a verb, nor letters of another word, nor a place beside another thing, nor the place of "
    "another thing",
)
DISAGREE = Exercise(
    3,
    expected='centres [[x, y], ...] and one total each, for which the two rules differ for "left"',
    hint="The quadrant that is kept holds the best total of the half, so the winner stays. The rules can only "
    "differ in who is in the half. When is a left half empty?",
    recipe="make the left half empty for one rule only: two centres whose x differ after the decimal point, such"
    " as 10.2 and 10.8, which the authors' code cuts to 10; give the right one the larger total",
)
PRIOR = Exercise(
    4,
    expected="a function of centres (n, 2) and a direction that returns n numbers from 1/2 to -1/2",
    hint="Let the centres queue up, beginning at the named side. The first gets 1/2, the last -1/2, all steps between "
    "neighbours are equal, and how many pixels lie between them does not matter. What do two get that share a place?",
    recipe="for each centre count those before it in the queue, and half of the others that share its place; divide by "
    "n - 1 and take that from 1/2. From the left, before means a smaller x; from the right, a larger one",
)
hint = hints(HALF, READ, DISAGREE, PRIOR)


def said(direction: Direction) -> Parse:
    """The parse of an expression that says this direction and nothing else."""
    return Parse(text=direction, head=None, directions=(direction,), direction_words=(direction,))


def winners(
    centres_xy: np.ndarray, totals: np.ndarray, parse: Parse, rules: Sequence[spatial.RectifierRule]
) -> list[tuple[int, np.ndarray, str]]:
    """For each rule the proposal with the best S of those that stay, who stays, and the sentence why."""
    found = []
    for rule in rules:
        kept, trace = spatial.rectify(parse, centres_xy, rule=rule, totals=totals)
        found.append((int(np.argmax(np.where(kept, totals, -np.inf))), kept, trace.sentence))
    return found


def gain_by_direction(runs: Sequence[Run]) -> pd.DataFrame:
    """What the rectifier gains where a direction was found and where none was: mIoU without it, with it, and the step.

    Read off the stored scores. A row a group: expressions, n, without, with, gain, low, high (points, paired).
    """
    import pandas as pd

    counted, rows = Counted.of(runs), []
    for name, which in _by_direction(runs).items():
        part = counted.only(which)
        if len(part.counts):
            levels = {word: 100 * iou(*part.counts[:, row].T).mean() for word, row in (("without", 2), ("with", 3))}
            step = part.gain(3, 2)
            rows.append({"expressions": name, "n": len(part.counts), **levels, "gain": step.value,
                         "low": step.low, "high": step.high})  # fmt: skip
    return pd.DataFrame(rows)


def half_and_prior(runs: Sequence[Run]) -> pd.DataFrame:
    """mIoU without a rectifier, with the paper's half and with the prior of ``plus`` in its place; N is the same.

    Read off the stored scores. A row a group: expressions, n, without, half, prior, and the prior less the half: gain,
    low, high (points, paired).
    """
    import pandas as pd

    hard, rows = Counted.of(runs, variant="paper"), []
    soft = Counted.together(
        [Counted.ranked(Ranking.of(run, variant=PLUS), run, Weights(**run.about["weights"])) for run in runs]
    )
    for name, which in _by_direction(runs).items():
        one, other = hard.only(which), soft.only(which)
        if len(one.counts):
            columns = {"without": one.counts[:, 2], "half": one.counts[:, 3], "prior": other.counts[:, 3]}
            gain = paired_difference(
                columns["prior"], columns["half"], one.image_ids, protocol=one.protocol, answered=one.answered
            )
            levels = {word: 100 * iou(*counts.T).mean() for word, counts in columns.items()}
            rows.append({"expressions": name, "n": len(one.counts), **levels, "gain": gain.value, "low": gain.low,
                         "high": gain.high})  # fmt: skip
    return pd.DataFrame(rows)


def _by_direction(runs: Sequence[Run]) -> dict[str, np.ndarray]:
    said = np.concatenate([run.predictions().drop_duplicates("sample")["directions"].to_numpy() != "" for run in runs])
    return {"a direction found": said, "none found": ~said, "all": np.ones_like(said)}


def places(runs: Sequence[Run], fits: float = 0.5) -> pd.DataFrame:
    """Where the target stands in the queue of all proposals from the named side, and whether the half keeps it.

    Of expressions with one direction, four proposals or more, and one that fits (IoU above ``fits``; the best counts).
    A row a place: place, n, share (per cent, with low and high), by chance, kept by the half.
    """
    import pandas as pd

    found = []
    for run in runs:
        said = run.predictions().drop_duplicates("sample").set_index("sample")["directions"]
        for sample, rows in run.scores().groupby("sample"):
            way, best = str(said[sample]), int(rows["iou"].to_numpy().argmax())
            if way in DIRECTIONS and len(rows) >= 4 and rows["iou"].iloc[best] > fits:
                queue = _queued(rows[["cx", "cy"]].to_numpy())[DIRECTIONS.index(way)]
                image = f"{run.about['dataset']['split']} {rows['image_id'].iloc[0]}"
                found.append((image, int((queue > queue[best]).sum()), len(rows), bool(rows["kept"].iloc[best])))
    if not found:
        return pd.DataFrame()
    images, before, count, kept = (np.array(column) for column in zip(*found, strict=True))
    names, drawn, table = ("first", "second", "third", "fourth or later"), Resamples(images), []
    for place, name in enumerate(names):
        last = place == len(names) - 1
        here = before >= place if last else before == place
        share = drawn.ratio(here.astype(float), np.ones(len(here)))
        chance = 100 * np.mean((count - place) / count if last else 1 / count)
        keeps = 100 * kept[here].mean() if here.any() else np.nan
        table.append({"place": name, "n": int(here.sum()), "share": share.value, "low": share.low, "high": share.high,
                      "by chance": chance, "the half keeps": keeps})  # fmt: skip
    return pd.DataFrame(table)


def thrown_out(run: ScoredRun, fits: float = 0.5) -> list[int]:
    """The samples of a run in which some proposal fits the target (IoU above ``fits``), but none that stays does."""
    scores = run.scores()
    fitting = scores[scores["iou"] > fits].groupby("sample")["kept"].any()
    return [int(sample) for sample in fitting.index[~fitting]]


def centres_picture(artifacts: ImageArtifacts, image_rgb: np.ndarray) -> Strip:
    """The photo with a numbered dot at each proposal's centre, and both medians of the centres as lines."""
    centres = centroids_xy(artifacts.proposals.masks)
    centres = centres[np.isfinite(centres).all(axis=1)]
    height, width = image_rgb.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = Image.blend(Image.fromarray(image_rgb).resize(size), Image.new("RGB", size, "white"), 0.35)
    draw, font = ImageDraw.Draw(canvas), font_of(15, bold=True)
    words = "no proposal, so there is no centre"
    if len(centres):
        x, y = np.median(centres, axis=0)
        words = f"{len(centres)} centres; their medians are x = {x:.1f} and y = {y:.1f}"
        for line in (((x * scale, 0), (x * scale, size[1])), ((0, y * scale), (size[0], y * scale))):
            draw.line(line, fill="white", width=6)  # a rim, so that the line shows on any photo
            draw.line(line, fill=INK, width=2)
    for index, (across, down) in enumerate(centres * scale):
        draw.circle((across, down), 13, fill=mask_colour(index), outline=INK, width=2)
        draw.text((across, down), str(index), font=font, fill=INK, anchor="mm", stroke_width=2, stroke_fill="white")
    return strip([np.asarray(canvas)], [words], height=size[1])


def check_half(function: Any, artifacts: ImageArtifacts) -> Right:
    """Exercise 1: which centres lie in a direction's half, by the medians of the centres."""
    function = HALF.given(function)
    for centres in (_CENTRES, centroids_xy(artifacts.proposals.masks)):
        if not len(centres) or not np.isfinite(centres).all():
            continue
        value = np.stack([_column(HALF.called(function, centres.copy(), way), len(centres)) for way in DIRECTIONS])
        right = _halves(centres)
        if (value == right).all():
            continue
        wrong = int(np.argmax((value != right).any(axis=1)))
        slips = _slips_of_half(centres, np.array(artifacts.size_hw[::-1]) / 2)
        # a slip of all four directions is told first; one that was made in some of them is found in the first of these
        first = [Slip(slip.value[wrong], slip.looks_like, slip.mend) for slip in slips]
        whole = any(np.array_equal(value, slip.value) for slip in slips)
        said, slips = (value, slips) if whole else (value[wrong], first)
        got = f"{in_words(value[wrong].astype(bool).tolist())} for {DIRECTIONS[wrong]!r}"
        got += f" and the centres {np.round(centres, 1).tolist()}" if len(centres) < 7 else ""
        if wrong and (value == value[0]).all():
            mend = "look at direction: it decides the column, and the side of its median"
            raise HALF.wrong(got=got, looks_like="the same half for every direction", mend=mend)
        HALF.refuse(said, slips, got=got)
    return Right(
        "The left half holds those strictly left of the median, so it can be smaller than the right one, and it is "
        "empty when all centres share one x."
    )


def check_readings(readings: Any) -> Right:
    """Exercise 2: the direction that each expression says about its subject, or "none"."""
    readings = READ.given(readings)
    if not isinstance(readings, Mapping):
        raise READ.wrong(got=f"{in_words(readings)} ({type(readings).__name__})", looks_like=ANOTHER_KIND)
    for expression, (right, slips, because) in READINGS.items():
        answer = readings.get(expression)
        if answer is None:
            raise READ.wrong(got=f'nothing for "{expression}"', looks_like="an expression that was left out")
        word = answer.strip().lower() if isinstance(answer, str) else answer
        if word not in CHOICES:
            raise READ.wrong(got=f'{in_words(answer)} for "{expression}"', looks_like="a word that is none of the five")
        if word != right:
            raise READ.wrong(got=f'{word!r} for "{expression}"', looks_like=slips.get(word, ""), mend=because)
    return Right(
        "Only two of the seven place their subject in the picture. Reading the words is the hard half of this stage."
    )


def check_disagreement(centres_xy: Any, totals: Any) -> Right:
    """Exercise 3: centres and totals for which ``paper`` and ``official`` choose different proposals for "left"."""
    DISAGREE.given({"the centres": centres_xy, "the totals": totals})
    centres = _centres(centres_xy)
    if np.shape(totals) != (len(centres),):
        got = f"{len(centres)} centres and totals of shape {np.shape(totals)}"
        raise DISAGREE.wrong(got=got, looks_like="another number of totals than of centres")
    scores = DISAGREE.numbers_of(totals, len(centres))
    (ours, kept, why), (theirs, official_kept, official_why) = winners(
        centres, scores, said("left"), (spatial.PAPER, spatial.OFFICIAL)
    )
    if ours == theirs:
        if len(centres) == 1:
            looks_like = "a single proposal, which is the answer under every rule"
        elif kept.sum() > official_kept.sum():
            looks_like = (
                "a case in which the quadrant keeps fewer than the half; but the quadrant that is kept is the one that "
                "holds the half's best total, so the winner stays"
            )
        else:
            looks_like = "a case in which both rules keep the same proposals"
        got = f"a case in which both choose proposal {ours}. Paper: {why} Official: {official_why}"
        raise DISAGREE.wrong(got=got, looks_like=looks_like)
    return Right(
        f"Paper chooses proposal {ours}: {why} Official chooses {theirs}: {official_why} Without "
        "cut-off decimals, and without two equal totals, the two rules always choose the same."
    )


def check_prior(function: Any, artifacts: ImageArtifacts) -> Right:
    """Exercise 4: the prior of each centre by its place in the queue from a direction's side."""
    function = PRIOR.given(function)
    for centres in (_QUEUE, centroids_xy(artifacts.proposals.masks)):
        if len(centres) < 2 or not np.isfinite(centres).all():
            continue
        told = [PRIOR.numbers_of(PRIOR.called(function, centres.copy(), way), len(centres)) for way in DIRECTIONS]
        PRIOR.settle(np.stack(told), _queued(centres), _slips_of_prior(centres))
    return Right(
        "Nobody is out, and the outermost gains most. Whoever stands in the middle of the queue is behind by a "
        "half, and not lost. A far outlier moves nobody, and those who share a place share the number."
    )


# five centres, two of which share an x, two a y; the gaps between them differ
_QUEUE = np.array([[10.0, 90.0], [20.0, 10.0], [20.0, 25.0], [31.0, 25.0], [90.0, 300.0]])


def _queued(centres: np.ndarray, *, share: bool = True) -> np.ndarray:
    """Float (4, n), a row a direction: 1/2 for the first in the queue from that side to -1/2 for the last."""
    along = np.stack([centres[:, 0], -centres[:, 0], centres[:, 1], -centres[:, 1]])
    before = (along[:, None, :] < along[:, :, None]).sum(axis=2)
    ties = (along[:, None, :] == along[:, :, None]).sum(axis=2) - 1
    return np.asarray(0.5 - (before + share * ties / 2) / max(len(centres) - 1, 1))


def _slips_of_prior(centres: np.ndarray) -> list[Slip]:
    right, kept = _queued(centres), _halves(centres)
    far = np.ptp(centres, axis=0)[[0, 0, 1, 1], None]
    low = centres.min(axis=0)[[0, 0, 1, 1], None]
    pixels = 0.5 - (centres[:, [0, 0, 1, 1]].T - low) / np.where(far > 0, far, 1)
    return [
        Slip(-right, "a queue that begins at the other side", "the first from the named side gets 1/2, not -1/2"),
        Slip(right[[2, 3, 0, 1]], "x and y exchanged", "column 0 is x, column 1 is y"),
        Slip(right[[0, 1, 3, 2]], "a y axis that grows upwards", "in a picture y grows downwards, so top is small y"),
        Slip(np.tile(right[0], (4, 1)), "the same queue for every direction", "ask which direction was given"),
        Slip(right + 0.5, "numbers from 1 to 0", "take 1/2 away, so that the middle of the queue gets 0"),
        Slip(2 * right, "numbers from 1 to -1", "the first gets 1/2 and the last -1/2"),
        Slip(_queued(centres, share=False), "centres that share a place and all take its best number",
             "those that share a place get the mean of their numbers: half of the others count as before it"),
        Slip(np.where(kept, 0.5, -0.5), "the hard half in other numbers", "count how many stand before each centre"),
        Slip(pixels * np.array([[1], [-1], [1], [-1]]), "distances in pixels, not places in a queue",
             "the steps between neighbours are equal: count those before it"),
    ]  # fmt: skip


# five centres with a tie on both medians (30 and 40), far from the middle of any usual picture
_CENTRES = np.array([[10.0, 90.0], [20.0, 10.0], [30.0, 20.0], [31.0, 40.0], [90.0, 300.0]])


def _slips_of_half(centres: np.ndarray, middle_of_image: np.ndarray) -> list[Slip]:
    """What typical mistakes give: bool (4, n) each, a row a direction in the order of DIRECTIONS."""
    return [
        Slip(_halves(centres, ties_before=True), "a tie that goes left or top, as with <=",
             "a centre on the median belongs to the right or bottom half: < for left, >= for right"),
        Slip(_halves(centres, ties_nowhere=True), "a tie that belongs to no half",
             "a centre on the median belongs to the right or bottom half: use >= there"),
        Slip(_halves(centres, ties_both=True), "a tie that belongs to both halves",
             "left and top are strictly less: < for them, >= for right and bottom"),
        Slip(_halves(centres)[[0, 1, 3, 2]], "a y axis that grows upwards",
             "in a picture y grows downwards, so top is small y"),
        Slip(_halves(centres)[[1, 0, 2, 3]], "left and right exchanged", "x grows to the right: left is small x"),
        Slip(_halves(centres)[[2, 3, 0, 1]], "x and y exchanged", "column 0 is x, column 1 is y"),
        Slip(_halves(centres, middle=centres.mean(axis=0)), "the mean of the centres",
             "take np.median: one mask far out would pull the mean along"),
        Slip(_halves(centres, middle=middle_of_image), "the middle of the picture",
             "take the median of the centres: the paper's halves are halves of the masks, not of the photo"),
    ]  # fmt: skip


def _halves(
    centres: np.ndarray, *, middle: np.ndarray | None = None, ties_before: bool = False, ties_nowhere: bool = False,
    ties_both: bool = False,
) -> np.ndarray:  # fmt: skip
    """Bool (4, n), a row a direction in the order of DIRECTIONS; the options are slips."""
    (x, y), (mx, my) = centres.T, np.median(centres, axis=0) if middle is None else middle
    low = np.less_equal if ties_before or ties_both else np.less
    high = np.greater if ties_before or ties_nowhere else np.greater_equal
    return np.stack([low(x, mx), high(x, mx), low(y, my), high(y, my)])


def _column(value: Any, count: int) -> np.ndarray:
    try:
        column = np.asarray(value)
    except ValueError:
        raise HALF.wrong(got=in_words(value), looks_like=ANOTHER_KIND) from None
    if column.shape == (count,) and column.dtype == bool:
        return column
    got = f"{in_words(value)}, of shape {column.shape} and type {column.dtype}, for {count} centres"
    looks_like = "numbers of proposals, not a verdict for each" if column.dtype.kind in "iu" else ANOTHER_KIND
    looks_like = "centres, not a verdict for each" if column.ndim == 2 else looks_like
    raise HALF.wrong(got=got, looks_like=looks_like)


def _centres(value: Any) -> np.ndarray:
    try:
        centres = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise DISAGREE.wrong(got=in_words(value), looks_like=ANOTHER_KIND) from None
    if centres.ndim != 2 or centres.shape[1] != 2 or not len(centres) or not np.isfinite(centres).all():
        raise DISAGREE.wrong(got=f"{in_words(value)}, of shape {centres.shape}", looks_like=ANOTHER_KIND)
    return centres
