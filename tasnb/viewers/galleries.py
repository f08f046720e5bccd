"""``gallery``: a paged grid of a run's cases, filtered and sorted; a click opens one in ``explore``.

    tn.viewers.gallery(tn.Run.open("outputs/runs/..."), where="iou < 0.5 and oracle_iou > 0.9")

Only the page in view is sent to the browser, so 10,000 cases cost no more than a dozen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from tasnb import analysis, plots
from tasnb.analysis.evidence import METHOD
from tasnb.core.errors import UserError
from tasnb.core.types import Models, Sample
from tasnb.evaluation import metrics
from tasnb.evaluation.runs import Run, has_stages, minded_of
from tasnb.evaluation.samples import MissingCase
from tasnb.plots.sheets import Panel
from tasnb.store import Store
from tasnb.viewers import caseframe
from tasnb.viewers.answers import AnswerViewer, answer_view
from tasnb.viewers.cases import Cases
from tasnb.viewers.explorer import Explorer, explore
from tasnb.viewers.record import LONGEST
from tasnb.viewers.viewer import Viewer, problem_of

if TYPE_CHECKING:
    import pandas as pd

PAGE = 12
EXPLAINED = ("cause", "types", "recoverable", "why")  # what the analysis adds to a run that has what it needs
GROUPS = ("cause", "types")
SORTS = ("sample", "iou", "oracle_iou", "gap", "expression")
NOTHING: dict[str, Any] = {"filters": {}, "sort": "sample", "descending": False, "page": 0, "group": ""}


class Gallery(Viewer, module="gallery", kind="gallery"):
    """What ``gallery`` returns.

    Parameters
    ----------
    run : Run
        The finished run.
    frame : DataFrame
        A row a case.
    extra : sequence of str
        The columns of ``frame`` that no run has; each becomes a filter.
    cases : Cases
        What lies behind the rows.
    method : str
        Whose answers.
    show : sequence of str
        The columns to write on every card.

    Attributes
    ----------
    query : dict
        {"filters": {name: value}, "sort", "descending", "page", "group"}; setting it, or calling ``filter``, ``sort``,
        ``group`` and ``turn``, changes what is shown.
    opened : int or None
        Number of the sample below the grid, None for none.
    explorer : Explorer, AnswerViewer or None
        The viewer of the sample that is open.
    """

    about = traitlets.Dict().tag(sync=True)
    query = traitlets.Dict().tag(sync=True)
    page = traitlets.Dict().tag(sync=True)
    opened = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    child = traitlets.Unicode("").tag(sync=True)  # the explorer's model, for the browser
    problem = traitlets.Unicode("").tag(sync=True)
    note = traitlets.Dict().tag(sync=True)  # of the case that is open: {"sample", "tags", "note"}
    writing = traitlets.Dict().tag(sync=True)  # what the browser wants written, in the same form

    def __init__(
        self, run: Run, frame: pd.DataFrame, extra: Sequence[str], cases: Cases, method: str, show: Sequence[str]
    ) -> None:
        self._run, self._frame, self._cases, self._method, self._show = run, frame, cases, method, tuple(show)
        self._fields = caseframe.fields_of(frame, extra)
        usual = [name for name in SORTS if name in frame.columns]
        self._sorts = (*usual, *(f.name for f in self._fields if f.kind == "range" and f.name not in SORTS))
        self._groups = tuple(name for name in GROUPS if name in frame.columns)
        self._rows = self._grid = np.arange(len(frame))  # those that pass; as laid out, once in every group
        self._headings = np.full(len(frame), "", dtype=object)
        self.explorer: Explorer | AnswerViewer | None = None
        data = run.about["dataset"]
        made = f", models {run.about['models']['name']}" if has_stages(run) else ", imported answers"
        title = f"{data['name']} {data['split']}, method {method}{made}"
        super().__init__(
            about={
                "minded": minded_of(run.about),
                "title": title,
                "fields": [asdict(field) for field in self._fields],
                "sorts": list(self._sorts),
                "groups": list(self._groups),
                "of": len(frame),
                "right": metrics.THRESHOLDS[0],
            },
            query=dict(NOTHING),
        )
        self._turn(None)
        self.observe(self._turn, names="query")
        self.observe(self._open, names="opened")
        self.observe(self._write, names="writing")

    @property
    def cases(self) -> pd.DataFrame:
        """The rows that pass the filters, in the order of the grid: all pages."""
        return self._frame.iloc[self._rows].reset_index(drop=True)

    @property
    def shown(self) -> pd.DataFrame:
        """The rows of the page in view."""
        start = self.page["number"] * PAGE
        return self._frame.iloc[self._grid[start : start + PAGE]].reset_index(drop=True)

    def filter(self, **wanted: Any) -> None:
        """Set filters and go to the first page.

        Parameters
        ----------
        **wanted : Any
            Filter name -> value, ``filter(iou=(0, 0.5), head="cat")``; None clears one.

        Raises
        ------
        ValueError
            For an unknown filter or a range that is none; nothing changes then.
        """
        both = {**self.query["filters"], **{k: list(v) if isinstance(v, tuple) else v for k, v in wanted.items()}}
        caseframe.passing(self._frame, self._fields, both)
        self.query = {**self.query, "filters": {k: v for k, v in both.items() if v not in (None, "")}, "page": 0}

    def sort(self, by: str, *, descending: bool = False) -> None:
        """Order the cases by a column.

        Parameters
        ----------
        by : str
            The column.
        descending : bool
            Whether the largest comes first; what is missing comes last either way.

        Raises
        ------
        ValueError
            For another column; it lists the choices.
        """
        _check("unknown order", by, self._sorts)
        self.query = {**self.query, "sort": by, "descending": descending, "page": 0}

    def group(self, by: str = "") -> None:
        """Lay the cases out under headings.

        Parameters
        ----------
        by : str
            "cause", "types" (a case of several stands in each), or "" for none.

        Raises
        ------
        ValueError
            For another column; it lists the choices.
        """
        _check("unknown group", by, ("", *self._groups))
        self.query = {**self.query, "group": by, "page": 0}

    def turn(self, page: int) -> None:
        """Show a page.

        Parameters
        ----------
        page : int
            Counted from 0.

        Raises
        ------
        ValueError
            For one that does not exist.
        """
        if not 0 <= page < self.page["pages"]:
            raise UserError(f"page: expected 0 to {self.page['pages'] - 1}, got {page}")
        self.query = {**self.query, "page": page}

    def look(self, sample: int) -> Explorer | AnswerViewer:
        """Open a case in ``explore`` below the grid.

        Parameters
        ----------
        sample : int
            Its number.

        Returns
        -------
        Explorer or AnswerViewer
            The viewer of the case; the second for imported answers.

        Raises
        ------
        LookupError
            When it cannot be shown.
        """
        if self.opened == sample:
            self.opened = None
        self.opened = sample
        if self.explorer is None:
            raise MissingCase(self.problem)
        return self.explorer

    def picture(self) -> np.ndarray:
        """The page in view.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            A panel a case.
        """
        panels = [
            Panel(
                title=str(row["expression"]),
                pixels=self._pixels(row),
                notes=("right" if self._is_right(row) else "wrong", *self._lines(row)),
            )
            for row in self.shown.to_dict("records")
        ]
        return plots.sheet(self.about["title"], panels, [self.words()], columns=4, side=220)

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            How many cases pass, and the page, in a sentence.
        """
        return (
            f"{len(self._rows)} of {len(self._frame)} cases of {self.about['title']}; "
            f"page {self.page['number'] + 1} of {self.page['pages']}."
        )

    def _turn(self, change: Any) -> None:
        """Filter, sort, and make the page in view: the only cases whose pictures are read."""
        query = {**NOTHING, **self.query}
        try:
            passes = caseframe.passing(self._frame, self._fields, query["filters"])
            _check("unknown order", query["sort"], self._sorts)
            _check("unknown group", query["group"], ("", *self._groups))
            wanted = int(query["page"])
        except (ValueError, TypeError, AttributeError) as problem:
            self.problem = f"This page cannot be shown: {problem}"
            return
        column = self._frame[query["sort"]].to_numpy()
        rows = np.flatnonzero(passes)
        self._rows = rows[caseframe.order_of(column[rows], bool(query["descending"]))]
        self._grid, self._headings = caseframe.grouped(self._frame, self._rows, query["group"])
        pages = max(1, -(-len(self._grid) // PAGE))
        number = min(max(wanted, 0), pages - 1)
        here = slice(number * PAGE, (number + 1) * PAGE)
        rows = self._frame.iloc[self._grid[here]].to_dict("records")
        cases = [
            {**self._cases.card(row, self._lines(row), self._method), "right": self._is_right(row), "heading": heading}
            for row, heading in zip(rows, self._headings[here], strict=True)
        ]
        with self.hold_sync():  # one message a page
            self.problem = ""
            self.page = {"number": number, "pages": pages, "total": len(self._rows), "cases": cases}

    def _is_right(self, row: dict[str, Any]) -> bool:
        return bool(metrics.is_right(row["iou"], protocol=str(self._run.about["protocol"])))

    def _lines(self, row: dict[str, Any]) -> list[str]:
        told = [f"{name.replace('_', ' ')}: {caseframe.in_words(row[name])}" for name in self._show]
        best = f", best proposal {row['oracle_iou']:.2f}" if "oracle_iou" in row else ""
        return [f"IoU {row['iou']:.2f}{best}", *told]

    def _pixels(self, row: dict[str, Any]) -> np.ndarray:
        try:
            return self._cases.picture(int(row["sample"]), int(row["chosen"]), self._method, longest=LONGEST)[0]
        except (MissingCase, ValueError):
            return np.full((150, 200, 3), 200, np.uint8)

    def _write(self, change: Any) -> None:
        wanted = change["new"]
        try:
            row = self._frame[self._frame["sample"] == wanted["sample"]].iloc[0]
            analysis.notes(self._run).write(str(row["sample_id"]), note=wanted["note"], tags=wanted["tags"])
            self.problem = ""
            self._tell_note(int(wanted["sample"]))
        except Exception as error:
            self.problem = f"This note was not saved: {problem_of(error)}"

    def _tell_note(self, number: int) -> None:
        for sample_id in self._frame.loc[self._frame["sample"] == number, "sample_id"]:
            kept = analysis.notes(self._run).of(str(sample_id))
            self.note = {"sample": number, "tags": list(kept.tags), "note": kept.note, "time": kept.time}

    def _open(self, change: Any) -> None:
        self.explorer = None
        with self.hold_sync():
            self.note, self.child, self.problem = {}, "", ""
            if change["new"] is None:
                return
            for tell in (self._tell_note, self._explore):  # one may be there without the other
                try:
                    tell(change["new"])
                except Exception as error:
                    self.problem = f"This case cannot be opened: {problem_of(error)}"

    def _explore(self, number: int) -> None:
        if number not in set(self._frame["sample"]):
            raise MissingCase(f"the gallery has no sample {number}")
        cases, weights = self._cases, self._run.about["weights"]
        if not has_stages(self._run):
            self.explorer = answer_view(self._run, number, method=self._method, samples=cases.given)
            self.child = self.explorer.model_id
            return
        shown = cases.sample(number), cases.artifacts(number), None, cases.models
        self.explorer = explore(*shown, variant=cases.variant.name, alpha=weights["alpha"], lam=weights["lam"])
        self.child = self.explorer.model_id


def gallery(
    run: Run,
    where: str | Callable[[pd.DataFrame], Any] | None = None,
    *,
    method: str | None = None,
    columns: pd.DataFrame | None = None,
    show: Sequence[str] = (),
    samples: Sequence[Sample] | None = None,
    models: Models | None = None,
    store: Store | None = None,
) -> Gallery:
    """A paged grid of a run's cases with filters and an order; a click opens a case in ``explore``.

    Parameters
    ----------
    run : Run
        A finished run.
    where : str or callable, optional
        Which cases: a pandas query over the tidy frame ("iou < 0.5 and head == 'cat'"), or a function of it that gives
        a boolean a row; columns see ``Gallery.cases``.
    method : str, optional
        Whose answers; default: the run's first method.
    columns : DataFrame, optional
        ``sample_id`` and more columns, such as ``tn.analysis.cases(run)``; each becomes a filter and can be used in
        ``where``. Default: cause, types, recoverable and why, where the run has what the analysis needs.
    show : sequence of str
        Columns to write on every card, such as ["cause", "why"].
    samples : sequence of Sample, optional
        Those of the run, in its order; default: what run.json names.
    models : Models, optional
        Those of the run; default: what run.json names.
    store : Store, optional
        Where the run's artifacts lie; default: ``Store()``.

    Returns
    -------
    Gallery
        The widget. Without the pictures the grid has words only and says what is missing.

    Raises
    ------
    ValueError
        For an unknown method or column, or a ``where`` or ``columns`` that does not fit.
    """
    chosen = run.methods[0] if method is None else method
    _check("this run has no method", chosen, run.methods)
    cases = Cases(run, samples=samples, models=models, store=store)
    frame = caseframe.frame_of(run, chosen)
    extra: list[str] = []
    if columns is None and chosen == METHOD:
        columns = _explained(run)
    if columns is not None:
        frame, extra = caseframe.joined(frame, columns)
    kept = analysis.notes(run.folder).all()
    if kept and "tags" not in frame.columns:
        tags = [kept[each].tags if each in kept else () for each in frame["sample_id"]]
        frame, extra = frame.assign(tags=tags), [*extra, "tags"]
    if where is not None:
        frame = frame[caseframe.rows_where(frame, where)].reset_index(drop=True)
    for name in show:
        _check("show: unknown column", name, [str(column) for column in frame.columns])
    return Gallery(run, frame, extra, cases, chosen, show)


def _explained(run: Run) -> pd.DataFrame | None:
    """Cause, types, recoverable and why of every case; None where the run is too old or lacks the stages."""
    try:
        return analysis.cases(run)[["sample_id", *EXPLAINED]]
    except ValueError:
        return None


def _check(problem: str, name: str, choices: Sequence[str]) -> None:
    if name not in choices:
        named = ", ".join(each for each in choices if each)
        raise UserError(f"{problem} {name!r}; choose from {named or 'none: no columns'}")
