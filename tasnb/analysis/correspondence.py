"""Two ways of blaming one answer: causes by the scores of TAS beside causes by the annotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasnb.analysis.attribution import attribute
from tasnb.core.brief import brief
from tasnb.core.tables import text_table

if TYPE_CHECKING:
    import pandas as pd

# a scored cause and detail ("": any) -> the causes without scores that say the same of the answer, with their details
# ("": any). What is not here (head, negative, caption, weights, V and P) lies inside the method and leaves no such mark
SAME: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("no proposal", "nothing"): (("empty answer", ""),),
    ("granularity", "contains"): (("surroundings", ""), ("merged", "")),
    ("granularity", "part"): (("part", ""), ("partly answered", "")),
    ("annotation", ""): (("doubtful annotation", ""),),
    ("rectifier", ""): (("same category", "place"), ("same category", "ordinal")),
    ("place", ""): (("same category", "place"), ("same category", "ordinal")),
    ("appearance", "same kind"): (("same category", ""), ("doubtful annotation", "")),
    ("appearance", "other kind"): (("other category", ""),),
}
# these speak of places alone: where a thing of another category or a scrap was answered, that is another matter
OF_PLACES = ("rectifier", "place")
SAYS_A_PLACE = ("same category", "doubtful annotation")


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreement:
    """Causes by scores beside causes by annotations, of the failures of TAS in one run.

    Parameters
    ----------
    table : DataFrame
        Counts: scored cause and detail down, cause without scores across.
    cases : DataFrame
        A row a failure: sample_id, expression, scored, scored_detail, answer, answer_detail, comparable (both speak of
        the same thing, by ``SAME`` and ``OF_PLACES``), agree.
    """

    table: pd.DataFrame
    cases: pd.DataFrame

    __repr__ = brief

    @property
    def comparable(self) -> int:
        """Failures of which both speak of the same thing."""
        return int(self.cases["comparable"].sum())

    @property
    def agreeing(self) -> int:
        """Those of them in which they say the same."""
        return int(self.cases["agree"].sum())

    def text(self) -> str:
        """Print the counts.

        Returns
        -------
        str
            How often they agree, and the table.
        """
        share = f" ({100 * self.agreeing / self.comparable:.1f} %)" if self.comparable else ""
        head = (
            f"Of {len(self.cases)} failures both speak of the same thing in {self.comparable}, and say the same in "
            f"{self.agreeing}{share}."
        )
        shown = self.table.reset_index()
        return f"{head}\n{text_table([str(name) for name in shown.columns], shown.to_numpy().tolist())}"


def agreement(run: Any, **options: Any) -> Agreement:
    """Lay the causes of a run's TAS answers without scores beside those by its scores.

    Parameters
    ----------
    run : Run
        A finished one in which TAS ran, or a ``Pool``.
    **options
        Of ``attribute``, for both.

    Returns
    -------
    Agreement
        Every failure, and how many agree where both speak of the same thing.

    Raises
    ------
    ValueError
        What ``attribute`` raises.
    """
    import pandas as pd

    scored = attribute(run, causes="scores", **options)
    answer = attribute(run, causes="answers", **options)
    both = scored.failures[["sample_id", "expression", "cause", "detail"]].rename(
        columns={"cause": "scored", "detail": "scored_detail"}
    )
    both = both.assign(answer=answer.failures["cause"], answer_detail=answer.failures["detail"])
    kinds = [_kind(row.scored, row.scored_detail) for row in both.itertuples()]
    rows = list(zip(kinds, both.itertuples(), strict=True))
    both["comparable"] = [
        kind in SAME and (row.scored not in OF_PLACES or row.answer in SAYS_A_PLACE) for kind, row in rows
    ]
    both["agree"] = [
        bool({(row.answer, row.answer_detail), (row.answer, "")} & set(SAME.get(kind, ()))) for kind, row in rows
    ]
    down = pd.Series([": ".join(filter(None, kind)) for kind in kinds], name="by scores", dtype=object)
    table = pd.crosstab(down, both["answer"].rename("by the annotations"))
    order = dict.fromkeys([": ".join(filter(None, kind)) for kind in SAME])
    found = [name for name in [*order, *sorted(set(down) - order.keys())] if name in table.index]
    return Agreement(table=table.reindex(found)[[name for name in answer.causes if name in table]], cases=both)


def _kind(cause: str, detail: str) -> tuple[str, str]:
    """A scored cause, with its detail where ``SAME`` tells details apart."""
    told_apart = any(name == cause and said for name, said in SAME)
    return (cause, detail) if told_apart else (cause, "")
