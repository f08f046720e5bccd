"""Lesson 03, ``notebooks/03_p_score.ipynb``: captions as a bridge from pictures to texts, and what if they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.core.embeddings import cosines
from tasnb.core.types import Models, NegativePhrase
from tasnb.evaluation import metrics
from tasnb.plots import Strip, strip
from tasnb.stages import negatives
from tasnb.stages.expressions import noun_phrases

from .answers import ANOTHER_KIND, Exercise, Right, Slip, hints, in_words
from .cases import Case, cases, image_ids, overlaps

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["alpha_lines", "cases", "check_alpha", "check_gap", "check_lie", "choose", "clouds", "disagreement", "gain",
           "gaps", "hint", "naming", "opinions", "p_of", "plane", "rescued", "text_cosines", "v_of"]  # fmt: skip

STYLE = "blur"  # paper, table 5: the captioner's crops
PAPER_ALPHA = 0.1  # paper, section 4.2
ROOM = 0.011  # an alpha may be rounded up to two decimals
GAP = Exercise(
    1,
    expected="a function (a, b) that returns one number: the distance between the two mean rows",
    hint="Two clouds become two rows first. Which axis has to vanish in a mean, so that a row is left?",
    recipe="take each cloud's mean with axis=0, subtract, and take the length of the result",
)
LIE = Exercise(
    2,
    expected="two numbers (case, mask)",
    hint="There are two conditions: case.is_right(mask), and what lesson.naming says of every phrase of the "
    "caption. Two loops, over the cases and over the masks of each, find the first pair with both.",
    recipe="look for a mask with an IoU above 0.5 none of whose phrases is dropped by lesson.naming, in a case whose "
    "parse has a head",
)
ALPHA = Exercise(
    3,
    expected="one number, the smallest alpha that turns the choice to P's favourite, rounded up to two decimals",
    hint="Two straight lines meet where both have the same height. P's favourite has to overtake every other mask, so "
    "which of the crossings counts?",
    recipe="set V + alpha P of P's favourite and of another mask equal and solve for alpha: (difference in V) / "
    "(difference in P); do it for every other mask, and take the largest",
)
hint = hints(GAP, LIE, ALPHA)


def v_of(case: Case) -> np.ndarray:
    """V of every proposal of a case: float (n,)."""
    return cosines(case.artifacts.crop_embeddings["crop"], case.text[None])[:, 0]


def p_of(case: Case) -> np.ndarray:
    """P of every proposal of a case: float (n,)."""
    return cosines(case.artifacts.caption_embeddings[STYLE], case.text[None])[:, 0]


def choose(case: Case, alpha: float) -> int:
    """The proposal with the largest V + alpha P; with an infinite alpha that with the largest P, ties broken by V."""
    if np.isinf(alpha):
        return int(np.lexsort((-v_of(case), -p_of(case)))[0])
    return int(np.argmax(v_of(case) + alpha * p_of(case)))


def gain(studied: Sequence[Case], alpha: float) -> metrics.Estimate:
    """mIoU of V + alpha P minus that of V alone, in points, with its 95 % interval."""
    pairs = [overlaps(studied, [choose(case, weight) for case in studied]) for weight in (alpha, 0.0)]
    return metrics.paired_difference(pairs[0], pairs[1], image_ids(studied))


def opinions(studied: Sequence[Case]) -> pd.DataFrame:
    """How often V alone and P alone choose a proposal that fits (IoU above 0.5): a table two by two."""
    import pandas as pd

    v = ["V right" if case.is_right(choose(case, 0.0)) else "V wrong" for case in studied]
    p = ["P right" if case.is_right(choose(case, np.inf)) else "P wrong" for case in studied]
    words = pd.CategoricalDtype(["V right", "V wrong"]), pd.CategoricalDtype(["P right", "P wrong"])
    return pd.crosstab(pd.Series(v, dtype=words[0]), pd.Series(p, dtype=words[1]), dropna=False).rename_axis(
        index=None, columns=None
    )


def clouds(studied: Sequence[Case]) -> dict[str, np.ndarray]:
    """CLIP's embeddings of all crops, all their captions and all expressions, each row once: name -> float (n, d)."""
    by_image = {case.sample.image_id: case.artifacts for case in studied}
    rows = {
        "crops": np.concatenate([each.crop_embeddings["crop"] for each in by_image.values()]),
        "captions": np.concatenate([each.caption_embeddings[STYLE] for each in by_image.values()]),
        "expressions": np.stack([case.text for case in studied]),
    }
    return {name: np.unique(array, axis=0) for name, array in rows.items()}


def gaps(named: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """The distance between the means of every two clouds: a row a pair, a column a model. named: of ``clouds``."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: {f"{one} - {other}": float(np.linalg.norm(rows[one].mean(axis=0) - rows[other].mean(axis=0)))
                   for one, other in combinations(rows, 2)}
            for name, rows in named.items()
        }
    )  # fmt: skip


def plane(named: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same rows on the two directions in which all of them together vary most (PCA): name -> float (n, 2)."""
    every = np.concatenate(list(named.values()))
    middle = every.mean(axis=0)
    _, _, axes = np.linalg.svd(every - middle, full_matrices=False)
    return {name: (rows - middle) @ axes[:2].T for name, rows in named.items()}


def text_cosines(models: Models, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """CLIP's cosine between the two texts of every pair."""
    first, second = (models.encoder.encode_texts([pair[side] for pair in pairs]) for side in (0, 1))
    return [float(cosines(a[None], b[None])[0, 0]) for a, b in zip(first, second, strict=True)]


def naming(case: Case, index: int, models: Models) -> tuple[NegativePhrase, ...]:
    """The noun phrases of a proposal's caption, each ``kept`` unless it names the expression's subject (paper's rule).

    No phrase dropped: the caption does not name the subject. An expression without a noun keeps every phrase.
    """
    caption = case.artifacts.captions[STYLE][index]
    phrases = noun_phrases(caption, models.parser) if caption.strip() else ()
    return negatives.mine(caption, phrases, case.parse, models.wordnet).phrases


def disagreement(studied: Sequence[Case]) -> Case:
    """A case in which V and P have different favourites; one in which P is right and V wrong, where there is any.

    Of several, the one whose choice turns at the smallest alpha above the paper's 0.1. Raises ValueError where they
    always agree.
    """
    apart = [case for case in studied if choose(case, 0.0) != choose(case, np.inf)]
    rescued = [c for c in apart if c.is_right(choose(c, np.inf)) and not c.is_right(choose(c, 0.0))]
    if not apart:
        raise ValueError("V and P have the same favourite in every case; study more scenes")
    turns = sorted(rescued or apart, key=smallest_alpha)
    return next((case for case in turns if smallest_alpha(case) > PAPER_ALPHA), turns[-1])


def smallest_alpha(case: Case) -> float:
    """Where P's favourite overtakes every other proposal in V + alpha P; 0 where it is V's favourite too."""
    v, p, best = v_of(case), p_of(case), choose(case, np.inf)
    behind = p < p[best]  # a tie in P was broken by V
    return float(max(((v[behind] - v[best]) / (p[best] - p[behind])).max(initial=0.0), 0.0))


def rescued(studied: Sequence[Case], count: int = 3) -> Strip:
    """The first cases in which P is right where V is wrong: V's choice and P's, each with its caption.

    Without any: the first case, which says so.
    """
    found = [case for case in studied if case.is_right(choose(case, np.inf)) and not case.is_right(choose(case, 0.0))]
    pictures, captions = [], []
    for case in found[:count]:
        for name, index in (("V", choose(case, 0.0)), ("P", choose(case, np.inf))):
            pictures.append(case.picture(index))
            said = case.artifacts.captions[STYLE][index]
            captions.append(f"{case.expression}\n{name}: mask {index}, IoU {case.ious[index]:.2f}\n{said}")
    if not found:
        return strip([studied[0].sample.image], ["P is right where V is wrong in none of these cases"], height=150)
    return strip(pictures, captions, height=150)


def alpha_lines(case: Case, count: int = 4) -> pd.DataFrame:
    """V + alpha P of the favourites for a range of alpha: a column a mask, ready to plot."""
    import pandas as pd

    v, p = v_of(case), p_of(case)
    best = choose(case, np.inf)
    masks = list(dict.fromkeys([choose(case, 0.0), best, *np.argsort(-(v + p)).tolist()]))[:count]
    alphas = np.linspace(0, max(0.2, 1.6 * smallest_alpha(case)), 60)
    return pd.DataFrame({f"mask {m}": v[m] + alphas * p[m] for m in masks}, index=pd.Index(alphas, name="alpha"))


def check_gap(function: Any) -> Right:
    """Exercise 1: ``gap(a, b)``, the distance between the mean rows of two clouds."""
    rng = np.random.default_rng(3)
    for n, k in ((6, 9), (4, 4)):
        a, b = rng.normal(size=(n, 5)) + 2, rng.normal(size=(k, 5)) - rng.uniform(0, 3, size=5)
        raw = GAP.called(function, a.copy(), b.copy())
        if np.ndim(raw) == 1:
            raise GAP.wrong(
                got=in_words(np.asarray(raw)), looks_like="the difference of the means, which is still a row",
                mend="take np.linalg.norm of the difference",
            )  # fmt: skip
        value = GAP.number_of(raw)
        means, step = (a.mean(axis=0), b.mean(axis=0)), a.mean(axis=0) - b.mean(axis=0)
        right = float(np.linalg.norm(step))
        pairs = np.linalg.norm(a[:, None] - b[None], axis=2)
        slips = [
            Slip(right**2, "the square of the distance", "take the root as well, or use np.linalg.norm"),
            Slip(pairs.mean(), "the mean distance of all pairs", "average the rows first, then take one distance"),
            Slip(abs(a.mean() - b.mean()), "a mean over rows and columns", "use mean(axis=0), which keeps a row"),
            Slip(cosines(means[0][None], means[1][None])[0, 0], "the cosine of the means", "take their distance"),
            Slip(abs(np.linalg.norm(means[0]) - np.linalg.norm(means[1])), "the difference of two lengths",
                 "subtract the means first, then take the length"),
            Slip(np.abs(step).sum(), "the sum of the absolute differences", "take the Euclidean length"),
        ]  # fmt: skip
        GAP.settle(value, right, slips)
    return Right(
        "Rows of length 1 lie on a sphere, so 0 means that the clouds share their middle, and 2 would be the largest "
        "distance there is."
    )


def check_lie(answer: Any, studied: Sequence[Case], models: Models) -> Right:
    """Exercise 2: (case, mask) of a proposal that fits its target but whose caption does not name the subject."""
    answer = LIE.given(answer)
    try:
        at, index = (int(part) for part in answer)
    except (TypeError, ValueError):
        raise LIE.wrong(got=in_words(answer), looks_like=ANOTHER_KIND) from None
    if not 0 <= at < len(studied) or not 0 <= index < len(studied[at].ious):
        last = f"; the masks of case {at} are 0 to {len(studied[at].ious) - 1}" if 0 <= at < len(studied) else ""
        got = f"{in_words(answer)}; the cases are 0 to {len(studied) - 1}{last}"
        raise LIE.wrong(got=got, looks_like="a number outside the list")
    case = studied[at]
    caption = case.artifacts.captions[STYLE][index]
    what = f"mask {index} of {case.expression!r}, caption {caption!r}"
    if not case.is_right(index):
        looks_like = "a mask of something else, of which the caption may be true"
        raise LIE.wrong(got=f"{what}, IoU {case.ious[index]:.2f}", looks_like=looks_like)
    if case.parse.head is None:
        raise LIE.wrong(got=what, looks_like="an expression without a noun, so nothing can be named")
    named = [phrase for phrase in naming(case, index, models) if not phrase.kept]
    if named:
        raise LIE.wrong(got=what, looks_like=f"a caption that names the subject: {named[0].reason}")
    rank = int((p_of(case) > p_of(case)[index]).sum()) + 1
    return Right(
        f"{what}. Its P has rank {rank} of {len(case.ious)}. Look at the picture: did the captioner see another thing, "
        "or does WordNet only not know that the two words mean the same?"
    )


def check_alpha(alpha: Any, case: Case) -> Right:
    """Exercise 3: the smallest alpha, rounded up to two decimals, for which V + alpha P takes P's favourite."""
    alpha = ALPHA.number_of(alpha)
    v, p, best, first = v_of(case), p_of(case), choose(case, np.inf), choose(case, 0.0)
    right = smallest_alpha(case)
    duel = (v[first] - v[best]) / (p[best] - p[first]) if p[best] > p[first] else 0.0
    if right - 1e-9 <= alpha <= max(right * 1.02, right + ROOM):
        return Right(
            f"At alpha = {right:.3f} mask {best} draws level with the best of the others. The paper's 0.1 suits the "
            "spread of its own V and P; with another CLIP the same alpha weighs more or less."
        )
    slips = [
        Slip(1 / duel if duel else np.nan, "the ratio upside down", "divide the lead in V by the lead in P"),
        Slip(-duel, "the right size with the wrong sign", "take V's favourite minus P's in V, and P's minus V's in P"),
        Slip(v[first] - v[best], "the lead in V alone", "divide it by the lead of P's favourite in P"),
        Slip(duel, "the duel of the two favourites only: a third mask is still ahead", "compare with every mask"),
    ]
    if alpha > right:
        slips.append(Slip(alpha, "an alpha that works, but more than is needed", "find the smallest one"))
    ALPHA.refuse(alpha, slips, got=f"{alpha:.4g}, with which mask {choose(case, alpha)} is chosen")
