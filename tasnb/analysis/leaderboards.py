"""Several models on one split: who is ahead, which cause fails whom, what one alone gets right, what all of them miss.

leaderboard([Run.open("lavt"), Run.open("mine")]).table
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tasnb.analysis.attribution import Attribution, attribute
from tasnb.analysis.breakdowns import groups
from tasnb.analysis.causes import THRESHOLD
from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.tables import counted, interval_text, text_table
from tasnb.evaluation import metrics
from tasnb.evaluation.runs import minded_of

if TYPE_CHECKING:
    import pandas as pd

MOST = 8  # entries: more columns than that nobody reads


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """One method of one run.

    Parameters
    ----------
    name : str
        In every table, no other entry's.
    run : Run
        The run.
    method : str
        One of its methods.
    found : Attribution
        Why its answers failed, without scores.
    """

    name: str
    run: Any
    method: str
    found: Attribution

    __repr__ = brief


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaderboard:
    """Several models on one split.

    Parameters
    ----------
    entries : tuple of Entry
        Best mIoU first.
    table : DataFrame
        A row an entry: name, the columns of ``Run.table``, and the difference of its mIoU from that of the first entry
        in points, on the shared sentences, with behind_low and behind_high, the paired interval.
    protocol : str
        Of the table.
    shared : tuple of str
        Sample ids of the sentences that every entry answered or failed to; all but the table rests on these.
    right : ndarray of bool, shape (entries, shared)
        Which answers are right.
    """

    entries: tuple[Entry, ...]
    table: pd.DataFrame
    protocol: str
    shared: tuple[str, ...]
    right: np.ndarray

    __repr__ = brief

    @property
    def names(self) -> tuple[str, ...]:
        """The entries' names, best first."""
        return tuple(entry.name for entry in self.entries)

    @cached_property
    def places(self) -> tuple[np.ndarray, ...]:
        """Of each entry the rows of its frame that the shared sentences are, int (shared,)."""
        return tuple(_places(entry.found, self.shared) for entry in self.entries)

    def causes(self) -> pd.DataFrame:
        """Count the causes of each entry's failures on the shared sentences.

        Returns
        -------
        DataFrame
            A row a cause that occurs, a column an entry: failures. The columns add up to an entry's failures.
        """
        import pandas as pd

        columns = {
            entry.name: Counter(entry.found.frame["cause"].to_numpy(object)[place][~right])
            for entry, place, right in zip(self.entries, self.places, self.right, strict=True)
        }
        names = [name for name in self.entries[0].found.causes if any(each[name] for each in columns.values())]
        return pd.DataFrame(
            {name: [found[cause] for cause in names] for name, found in columns.items()},
            index=pd.Index(names, name="cause"),
        )

    def by_type(self) -> pd.DataFrame:
        """Measure every entry on the sentences of each type.

        Returns
        -------
        DataFrame
            A row a type and the row "all": type, n, missed (per cent that no entry gets right), and of each entry its
            mIoU in per cent. A sentence of several types counts in each.
        """
        import pandas as pd

        first, ious = self.entries[0].found, self._ious()
        cut = {name: mask[self.places[0]] for name, mask in groups(first, "type").items()}
        rows = []
        for name, mask in (cut | {"all": np.ones(len(self.shared), dtype=bool)}).items():
            if mask.any():
                figures = zip(self.names, 100 * ious[:, mask].mean(axis=1), strict=True)
                missed = 100 * float((~self.right[:, mask]).all(axis=0).mean())
                rows.append({"type": name, "n": int(mask.sum()), "missed": missed, **dict(figures)})
        return pd.DataFrame(rows)

    def only(self, name: str) -> tuple[str, ...]:
        """Find the sentences that one entry alone gets right.

        Parameters
        ----------
        name : str
            One of ``names``.

        Returns
        -------
        tuple of str
            Sample ids, the highest IoU first.
        """
        at = self.names.index(name)
        return self._ids(self.right[at] & (self.right.sum(axis=0) == 1), -self._ious()[at])

    def missed_by_all(self) -> tuple[str, ...]:
        """Find the sentences that no entry gets right, the hard core.

        Returns
        -------
        tuple of str
            Sample ids, those where the best answer is worst first.
        """
        return self._ids(np.logical_not(self.right.any(axis=0)), self._ious().max(axis=0))

    def notes(self) -> tuple[str, ...]:
        """Tell what to mind: of each run, and which answered sentences that others did not.

        Returns
        -------
        tuple of str
            A sentence each.
        """
        told = dict.fromkeys(note for entry in self.entries for note in minded_of(entry.run.about))
        if self.protocol != (measured := self.entries[0].found.protocol):
            told[f"{self.protocol} merges sentences: all but its own figures are by sentence, under {measured}"] = None
        for entry in self.entries:
            if (more := len(entry.found.frame) - len(self.shared)) > 0:
                told[
                    f"{entry.name} answered {counted(more, 'sentence')} beyond the {len(self.shared)} that all did"
                ] = None
        return tuple(told)

    def __str__(self) -> str:
        gres = "nacc" in self.table
        heads = ("gIoU", "cIoU", "N-acc", "T-acc") if gres else ("mIoU", "oIoU", "Pr@0.5")
        columns = ("miou", "oiou", "nacc", "tacc") if gres else ("miou", "oiou", "pr50")
        rows = []
        for place, row in enumerate(self.table.to_dict("records"), start=1):
            interval = interval_text(row["miou_low"], row["miou_high"])
            behind = f"{row['behind']:+.2f} {interval_text(row['behind_low'], row['behind_high'], signed=True)}"
            figures = [row[columns[0]], interval, *(row.get(name) for name in columns[1:])]
            rows.append([place, row["name"], *figures, "" if place == 1 else behind, row["n"], row["missing"]])
        causes, missed = self.causes().reset_index(), len(self.missed_by_all())
        lines = [
            text_table(["", "model", heads[0], "interval", *heads[1:], "behind the first", "n", "missing"], rows),
            f"protocol {self.protocol}; what follows rests on the {counted(len(self.shared), 'sentence')} of all",
            "\nFailures by cause:",
            text_table(list(causes.columns), list(causes.itertuples(index=False, name=None))),
            f"\nAll of them miss {missed}; right by one alone: "
            + ", ".join(f"{name} {len(self.only(name))}" for name in self.names),
        ]
        return "\n".join([*(f"! {note}" for note in self.notes()), *lines])

    def _ious(self) -> np.ndarray:
        """Float (entries, shared)."""
        counts = [entry.found.evidence.counts[place] for entry, place in zip(self.entries, self.places, strict=True)]
        return np.stack([metrics.iou(*each.T, protocol=self.entries[0].found.protocol) for each in counts])

    def _ids(self, which: np.ndarray, order: np.ndarray) -> tuple[str, ...]:
        at = np.flatnonzero(which)
        return tuple(self.shared[place] for place in at[np.argsort(order[at], kind="stable")])


def leaderboard(
    runs: Sequence[Any],
    *,
    methods: Sequence[str] = (),
    protocol: str | None = None,
    threshold: float = THRESHOLD,
) -> Leaderboard:
    """Set several models side by side on one split.

    Parameters
    ----------
    runs : sequence of Run
        Evaluated here or imported, all on the same data set and split.
    methods : sequence of str
        Of each run those that it has; by default its first one.
    protocol : str, optional
        Of the table; that of the first run by default.
    threshold : float
        An answer with a lower IoU is a failure, 0 to 1.

    Returns
    -------
    Leaderboard
        Best mIoU first.

    Raises
    ------
    ValueError
        For runs on different data, fewer than two entries or more than ``MOST``, and no sentence in common.
    """
    import pandas as pd

    asked = [(run, name) for run in runs for name in (methods or run.methods[:1]) if name in run.methods]
    if missing := [name for name in methods if all(name not in run.methods for run in runs)]:
        raise UserError(f"no run has the method {missing[0]!r}; they have {', '.join(_all_methods(runs))}")
    if not 2 <= len(asked) <= MOST:
        raise UserError(
            f"a leaderboard holds 2 to {MOST} entries, got {len(asked)}; choose runs, or methods (--method)"
        )
    data = list(dict.fromkeys((run.about["dataset"]["name"], run.about["dataset"]["split"]) for run, _ in asked))
    if len(data) > 1:
        raise UserError(f"a leaderboard is of one split, got {' and '.join(' '.join(each) for each in data)}")
    chosen = protocol or str(asked[0][0].about["protocol"])
    sentence = chosen if metrics.find(chosen).unit == "sentence" else None
    entries = [
        Entry(
            name=name,
            run=run,
            method=method,
            found=attribute(run, method=method, causes="answers", threshold=threshold, protocol=sentence),
        )
        for name, (run, method) in zip(_names(asked), asked, strict=True)
    ]
    rows = [{"name": each.name, **_figures(each, chosen)} for each in entries]
    order = sorted(range(len(entries)), key=lambda place: -np.nan_to_num(rows[place]["miou"], nan=-1.0))
    entries, rows = [entries[place] for place in order], [rows[place] for place in order]
    common = set.intersection(*(set(entry.found.frame["sample_id"]) for entry in entries))
    shared = tuple(name for name in entries[0].found.frame["sample_id"] if name in common)
    if not shared:
        raise UserError("the runs have no sentence in common; compare runs on the same data set and split")
    places = [_places(entry.found, shared) for entry in entries]
    first, at = entries[0].found, places[0]
    drawn = metrics.Resamples(first.evidence.samples["image_id"].to_numpy(object)[at])
    for row, entry, place in zip(rows, entries, places, strict=True):
        counts = entry.found.evidence.counts[place], first.evidence.counts[at]
        row |= drawn.gains(*counts, ("miou",), protocol=first.protocol)["miou"].columns("behind")
    right = [~entry.found.frame["failed"].to_numpy(bool)[place] for entry, place in zip(entries, places, strict=True)]
    return Leaderboard(
        entries=tuple(entries), table=pd.DataFrame(rows), protocol=chosen, shared=shared, right=np.stack(right)
    )


def is_leaderboard(runs: Sequence[Any], methods: Sequence[str] = ()) -> bool:
    """Whether runs are several models on one split, and not several splits of one model, which ``pool`` takes.

    Parameters
    ----------
    runs : sequence of Run
        As for ``leaderboard``.
    methods : sequence of str
        As for ``leaderboard``.

    Returns
    -------
    bool
        True where data set and split come more than once.
    """
    data = [(run.about["dataset"]["name"], run.about["dataset"]["split"]) for run in runs]
    return len(methods) > 1 or len(set(data)) < len(data)


def _figures(entry: Entry, protocol: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = entry.run.table(protocol, [entry.method]).to_dict("records")
    return rows[0]


def _names(asked: Sequence[tuple[Any, str]]) -> list[str]:
    """A name an entry: its method; where that is not enough with the models, then the variant, then the folder."""
    names = [method for _, method in asked]
    for more in (_models, lambda run: run.about["variant"], lambda run: run.folder.name):
        twice = {name for name, times in Counter(names).items() if times > 1}
        names = [f"{n}, {more(run)}" if n in twice else n for n, (run, _) in zip(names, asked, strict=True)]
    twice = {name for name, times in Counter(names).items() if times > 1}
    if twice:
        raise UserError(f"{sorted(twice)[0]} comes twice; give each run once")
    return names


def _models(run: Any) -> str:
    return str(run.about["models"]["name"])


def _all_methods(runs: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run.methods))


def _places(found: Attribution, shared: Sequence[str]) -> np.ndarray:
    import pandas as pd

    return pd.Index(found.frame["sample_id"]).get_indexer(pd.Index(shared))
