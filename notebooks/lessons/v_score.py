"""Lesson 02, ``notebooks/02_v_score.ipynb``: what CLIP sees of a proposal, and where that is not enough."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasnb.core.embeddings import cosines
from tasnb.core.types import Models, Proposals
from tasnb.evaluation import metrics
from tasnb.pipeline.baselines import clip_only
from tasnb.plots.model_inputs import encoder_input
from tasnb.stages.crops import CropConfig, cut_all

from .answers import ANOTHER_KIND, Exercise, Right, Slip, hints, in_words
from .cases import Case, cases, image_ids, overlaps

__all__ = ["STYLES", "cases", "check_blind", "check_style", "check_v_score", "choices", "embed_styles", "encoder_input",
           "gain", "hint", "pictures_of", "swap_sides", "v_of"]  # fmt: skip

STYLES = ("crop", "blur", "box")
_SIDES = {"left": "right", "right": "left", "leftmost": "rightmost", "rightmost": "leftmost"}
V_SCORE = Exercise(
    1,
    expected="a function (crop_rows, text_row) that returns one cosine for each row: shape (n,), from -1 to 1",
    hint="crop_rows @ text_row gives all n products at once. What is left to divide by, and has each row the "
    "same length?",
    recipe="divide each product by the length of its row, np.linalg.norm(crop_rows, axis=1), and by the length of the "
    "text's row",
)
STYLE = Exercise(
    2,
    expected="what the difference and its interval show",
    hint="Look at the interval in brackets, not at the difference itself. Which verdict would a difference of "
    "exactly 0 have, and is 0 among the values that the interval allows?",
    recipe="if the interval holds 0, nothing is shown; if it lies above 0, crop is better; if below, blur",
)
BLIND = Exercise(
    3,
    expected="the number of a case",
    hint="Only an expression with left or right in it can be exchanged. Ask V for its choice twice, with the "
    "expression and with its swap, and go through the cases.",
    recipe="go through enumerate(cases), leave out those that lesson.swap_sides does not change, and stop where "
    "tn.clip_only has the same index for both texts",
)
hint = hints(V_SCORE, STYLE, BLIND)


def pictures_of(image_rgb: np.ndarray, found: Proposals, style: str) -> list[np.ndarray]:
    """Every proposal as a picture: "crop" (black around it), "blur" (blurred around it), "box" (its whole box).

    Raises ValueError for another style.
    """
    if style not in STYLES:
        raise ValueError(f"unknown style {style!r}; choose from {', '.join(STYLES)}")
    if style != "box":
        return cut_all(image_rgb, found, CropConfig(style=style))  # type: ignore[arg-type]
    boxes = [image_rgb[y0:y1, x0:x1] for x0, y0, x1, y1 in found.boxes_xyxy]
    return [box if box.size else np.zeros((1, 1, 3), np.uint8) for box in boxes]  # an empty mask: one black pixel


def embed_styles(studied: Sequence[Case], models: Models) -> dict[str, dict[str, np.ndarray]]:
    """CLIP's embeddings of all proposals in each style: style -> image id -> float (n, d)."""
    rows: dict[str, dict[str, np.ndarray]] = {style: {} for style in STYLES}
    for case in studied:
        for style in STYLES:
            if case.sample.image_id not in rows[style]:
                pictures = pictures_of(case.sample.image, case.artifacts.proposals, style)
                rows[style][case.sample.image_id] = models.encoder.encode_images(pictures)
    return rows


def v_of(case: Case, rows: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
    """V of every proposal of a case: float (n,). rows: image id -> embeddings; None: those of the artifacts' crops."""
    embeddings = case.artifacts.crop_embeddings["crop"] if rows is None else rows[case.sample.image_id]
    return cosines(embeddings, case.text[None])[:, 0]


def choices(studied: Sequence[Case], rows: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
    """The proposal with the largest V in each case: int (k,)."""
    return np.array([int(v_of(case, rows).argmax()) for case in studied])


def gain(
    studied: Sequence[Case], first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]
) -> metrics.Estimate:
    """mIoU of V with the first style's embeddings minus that with the second's, in points, with its 95 % interval."""
    pairs = [overlaps(studied, choices(studied, rows)) for rows in (first, second)]
    return metrics.paired_difference(pairs[0], pairs[1], image_ids(studied))


def swap_sides(expression: str) -> str:
    """The expression with left and right exchanged, and leftmost and rightmost."""
    words = "|".join(_SIDES)
    return re.sub(rf"\b({words})\b", lambda match: _SIDES[match[0].lower()], expression, flags=re.IGNORECASE)


def check_v_score(function: Any) -> Right:
    """Exercise 1: ``v_score(crop_rows, text_row)``, the cosine of every row with the text."""
    rng = np.random.default_rng(2)
    for n, d in ((5, 8), (3, 3), (1, 4)):
        rows, text = rng.normal(size=(n, d)) * rng.uniform(0.5, 4, size=(n, 1)), rng.normal(size=d) * 3
        made = V_SCORE.called(function, rows.copy(), text.copy())
        try:
            value = np.asarray(made, dtype=np.float64)
        except (TypeError, ValueError):
            raise V_SCORE.wrong(got=in_words(made), looks_like=ANOTHER_KIND) from None
        right = cosines(rows, text[None])[:, 0]
        lengths, length = np.linalg.norm(rows, axis=1), np.linalg.norm(text)
        columns = np.linalg.norm(rows, axis=0)
        slips = [
            Slip(right[:, None], "a column, of shape (n, 1)", "take [:, 0] of it"),
            Slip(rows @ text, "the plain product, without dividing by the lengths", "divide by both lengths"),
            Slip(rows @ text / lengths, "a product divided by the rows' lengths only", "divide by the text's too"),
            Slip(rows @ text / length, "a product divided by the text's length only", "divide by the rows' too"),
            Slip((rows / columns) @ text / length, "rows normalised along the wrong axis", "use axis=1, keepdims=True"),
            Slip(rows @ text / np.linalg.norm(rows) / length, "one length for all rows together",
                 "give np.linalg.norm an axis: axis=1"),
            Slip(1 - right, "the cosine distance: large where they differ", "return the cosine, not 1 minus it"),
            Slip(np.linalg.norm(rows - text, axis=1), "the distance between the points", "return the cosine"),
            Slip(np.argmax(right), "the number of the best row", "return the scores of all rows, not the argmax"),
            Slip(np.exp(right) / np.exp(right).sum(), "a softmax over the rows", "return the cosines themselves"),
        ]  # fmt: skip
        V_SCORE.settle(value, right, slips, tolerance=1e-5)
    return Right(
        "A cosine forgets the length of an embedding and keeps its direction. CLIP is trained with cosines, so the "
        "length of an embedding carries no meaning that was taught."
    )


def check_style(word: Any, difference: metrics.Estimate) -> Right:
    """Exercise 2: what the paired difference crop minus blur shows: "crop", "blur" or "not shown"."""
    word = STYLE.choice_of(word, ("crop", "blur", "not shown"))
    low, high, value = difference.low, difference.high, difference.value
    # one picture gives an interval of no width, which shows nothing
    right = "not shown" if low <= 0 <= high or low == high else "crop" if low > 0 else "blur"
    if word != right:
        if right == "not shown" and word == ("crop" if value > 0 else "blur"):
            looks_like = "a verdict from the sign of the difference alone"
        elif word == "not shown":
            looks_like = "more doubt than the interval asks for"
        else:
            looks_like = "the sign read the wrong way: the difference is crop minus blur"
        got = f"{word!r}, with the difference crop minus blur {difference}"
        raise STYLE.wrong(got=got, looks_like=looks_like)
    if right == "not shown":
        return Right(
            f"{difference}: the interval holds 0, so these few scenes do not show which style is better for CLIP. "
            "That is no proof that they are equal; more scenes make the interval narrower."
        )
    return Right(f"{difference}: the interval leaves 0 out, so {right!r} is the better style for CLIP on these scenes.")


def check_blind(number: Any, studied: Sequence[Case], models: Models) -> Right:
    """Exercise 3: a case with left or right in it, for which V chooses the same mask when the two are exchanged."""
    number = BLIND.given(number)
    if isinstance(number, bool) or not isinstance(number, int | np.integer):
        raise BLIND.wrong(got=in_words(number), looks_like=ANOTHER_KIND)
    if not 0 <= number < len(studied):
        raise BLIND.wrong(
            got=f"{number}; the cases are 0 to {len(studied) - 1}", looks_like="a number outside the list"
        )
    case = studied[number]
    if swap_sides(case.expression) == case.expression:
        got = f"case {number}, {case.expression!r}"
        raise BLIND.wrong(got=got, looks_like="an expression without left or right")
    before, after = _both_choices(case, models)
    if before != after:
        raise BLIND.wrong(
            got=f"case {number}: V chooses mask {before} for {case.expression!r} and mask {after} for its swap",
            looks_like="a case in which the swapped word moves the text's embedding enough to change the choice",
            mend="try another case",
        )
    sided = [each for each in studied if swap_sides(each.expression) != each.expression]
    same = sum(before == after for before, after in (_both_choices(each, models) for each in sided))
    return Right(
        f"{case.expression!r} and {swap_sides(case.expression)!r} mean different things, and V takes mask {before} for "
        f"both. So it is in {same} of the {len(sided)} cases with left or right. A crop does not know where it was cut."
    )


def _both_choices(case: Case, models: Models) -> tuple[int | None, int | None]:
    texts = (case.expression, swap_sides(case.expression))
    first, second = (clip_only(case.artifacts, text, models, parse=case.parse).index for text in texts)
    return first, second
