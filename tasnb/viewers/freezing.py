"""A notebook -> one HTML page that needs nothing else: no kernel, no network, no other file.

Formulas are MathML, which browsers draw themselves. Pictures travel inside the page, each with a text for those who
cannot see it. A viewer that can run without a kernel (``explore``) runs in the page: its data are the notebook's, its
code is ours. What cells hold is cleaned (``cleaning``), and the page's policy allows our own scripts and style sheets
by their hashes and nothing else; so what a cell brought in from elsewhere is left out and named.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import Markup
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbconvert.filters import Highlight2HTML, strip_ansi

from tasnb.core.brief import brief
from tasnb.core.choices import require_plain
from tasnb.core.errors import MissingFileError, UserError
from tasnb.report import rendering
from tasnb.viewers import assets, maths
from tasnb.viewers.cleaning import Cleaner, whole
from tasnb.viewers.viewer import SNAPSHOT, WIDGET_VIEW

LARGEST = 50_000_000  # bytes of a notebook: a browser hardly opens a page that is larger


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """What a page shows of a notebook: ``page`` writes it.

    cells: what the template shows of each. pool: long texts that viewers share. viewers: those that run in the page.
    rules: the style rules of pandas' Styler.
    """

    title: str
    cells: tuple[dict[str, Any], ...]
    pool: tuple[str, ...]
    viewers: tuple[str, ...]
    rules: tuple[str, ...]

    __repr__ = brief


def freeze(notebook: Path | str, *, execute: bool = False, timeout: int = 600) -> str:
    """The notebook as one HTML document.

    Parameters
    ----------
    notebook : path
        An .ipynb file of format 4.
    execute : bool
        Whether to run it first, in its own folder; the file is not changed.
    timeout : int
        Seconds a cell may take.

    Returns
    -------
    str
        A page that loads nothing from elsewhere.

    Raises
    ------
    MissingFileError
        For a missing file.
    UserError
        For what is no notebook or more than LARGEST bytes, for a notebook that was never run, and for a cell that
        fails (it says which).
    """
    return page(frozen(notebook, execute=execute, timeout=timeout))


def frozen(notebook: Path | str, *, execute: bool = False, timeout: int = 600) -> Frozen:
    """What a page shows of the notebook. Arguments and errors: those of ``freeze``."""
    path = Path(notebook)
    read = _read(path)
    if execute:
        _execute(read, path, timeout)
    code = [cell for cell in read.cells if cell.cell_type == "code" and cell.source.strip()]
    if code and not any(cell.get("outputs") for cell in code):
        raise UserError(f"{path} has no outputs, so there is nothing to show; use --execute, or run and save it first")
    try:
        return _Making(path.parent).made(read, path.stem)
    except RecursionError:
        raise UserError(f"{path} holds values nested too deeply to be shown; clear the outputs that do") from None


def page(of: Frozen, *, style: str = "", top: str = "") -> str:
    """The HTML document. style: a sheet after the page's own. top: our HTML above the cells; its forms may lead on."""
    sheets = [rendering.sheet(), assets.style()] if of.viewers else [rendering.sheet()]
    shown = assets.render(
        "frozen",
        of=of,
        sheets=Markup("\n".join([*sheets, *of.rules, style])),
        top=Markup(top),
        pool=assets.in_script(list(of.pool)) if of.pool else "",
        scripts=[assets.runner(viewer) for viewer in of.viewers],
        policy=rendering.policy,
    )
    return whole(str(shown))


def _read(path: Path) -> Any:
    if not path.exists():
        raise MissingFileError(f"no such notebook: {path}; check the path")
    require_plain(path)
    if path.is_file() and (size := path.stat().st_size) > LARGEST:
        told = f"expected at most {LARGEST:,} bytes, got {size:,}; clear the outputs that take most of it"
        raise UserError(f"{path} is too large for a page: {told}")
    wanted = f"{path} is no Jupyter notebook; expected an .ipynb file of format 4"
    try:
        read = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(read)
    except Exception as problem:  # of many kinds, as nbformat looks into what it does not know yet
        first = (str(problem).splitlines() or [type(problem).__name__])[0]
        told = "nested too deeply" if isinstance(problem, RecursionError) else first[:160]
        raise UserError(f"{wanted} ({told})") from problem
    return read


def _execute(notebook: Any, path: Path, timeout: int) -> None:
    name = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    resources = {"metadata": {"path": str(path.resolve().parent)}}
    client = NotebookClient(notebook, timeout=timeout, kernel_name=name, resources=resources, coalesce_streams=True)
    try:
        client.execute()
    except CellExecutionError as failed:
        ends = [[output.output_type for output in cell.get("outputs", ())] for cell in notebook.cells]
        number = 1 + next((place for place, kinds in enumerate(ends) if "error" in kinds), -1)
        what = f"{failed.ename}: {failed.evalue}"
        raise UserError(f"cell {number} of {path} failed: {what}; mend it and try again") from None
    except CellTimeoutError:
        what = f"a cell of {path} took more than {timeout} s"
        raise UserError(f"{what}; run and save the notebook yourself, and leave --execute off") from None


def _shared(notebook: Any) -> list[str]:
    """Let the viewers of a page share their pictures: what stands in several of them is moved to the list returned."""
    held = [output.get("data", {}).get(SNAPSHOT) for cell in notebook.cells for output in cell.get("outputs", ())]
    snapshots = [each for each in held if isinstance(each, dict) and "data" in each]
    pools = [each["pool"] if isinstance(each.get("pool"), list) else [] for each in snapshots]
    whole = [assets.unpooled(each["data"], pool) for each, pool in zip(snapshots, pools, strict=True)]
    values, pool = assets.pooled(whole)
    for each, value in zip(snapshots, values, strict=True):
        each["data"] = value
    return pool


class _Making:
    """A page in the making: what its cells show, and what they need of the page itself."""

    def __init__(self, folder: Path) -> None:
        self._cleaner = Cleaner(folder)
        self._viewers: dict[str, None] = {}  # in the order in which they come

    def made(self, notebook: Any, name: str) -> Frozen:
        """notebook: as nbformat reads it. name: the title of one without a heading."""
        pool = _shared(notebook)
        cells = [self._cell(cell, number) for number, cell in enumerate(notebook.cells, start=1)]
        _set_apart(cells)
        words = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        heading = re.search(r"^# +(.+)", words, re.MULTILINE)
        return Frozen(
            title=heading[1] if heading else name,
            cells=tuple(cells),
            pool=tuple(pool),
            viewers=tuple(self._viewers),
            rules=tuple(dict.fromkeys(self._cleaner.rules)),
        )

    def _cell(self, cell: Any, number: int) -> dict[str, Any]:
        """What the template shows of a cell."""
        if cell.cell_type == "markdown":
            return {"words": self._markdown(cell.source, attachments=cell.get("attachments", {}), own=True)}
        if cell.cell_type != "code":
            return {"raw": cell.source}
        outputs = cell.get("outputs", [])
        shown = [
            self._output(output, f"tn-cell-{number}-{place}", number)
            for place, output in enumerate(outputs)
            if not _is_beside_twin(output, outputs[place + 1 :])
        ]
        return {"number": number, "source": _highlight(cell.source) if cell.source.strip() else "", "outputs": shown}

    def _output(self, output: Any, key: str, number: int) -> dict[str, Any]:
        """What the template shows of an output: text, HTML, a picture or a note."""
        if output.output_type == "stream":
            return {"failed": False, "text": _terminal(output.text)}
        if output.output_type == "error":
            return {"failed": True, "text": _terminal("\n".join(output.traceback))}
        return {"failed": False, **self._best(output.data, output.get("metadata", {}), key, number)}

    def _best(self, data: Mapping[str, Any], metadata: Mapping[str, Any], key: str, number: int) -> dict[str, Any]:
        """The richest form of an output that a page without a kernel can show."""
        plain = "".join(data.get("text/plain", ""))
        alt = plain if plain and not plain.startswith("<") else f"picture, output of cell {number}"
        if SNAPSHOT in data:
            picture = self._cleaner.clean("".join(data.get("text/html", "")), alt)
            return {"html": self._alone(data[SNAPSHOT], key, picture) or picture}
        if "text/html" in data:
            return {"html": self._cleaner.clean("".join(data["text/html"]), alt)}
        for kind in ("image/png", "image/jpeg", "image/gif", "image/svg+xml"):
            if kind in data:
                content = "".join(data[kind])
                if kind == "image/svg+xml":
                    content = base64.b64encode(whole(content).encode()).decode()
                return {"uri": f"data:{kind};base64,{''.join(content.split())}", "alt": _told(metadata, kind) or alt}
        for kind in ("text/markdown", "text/latex"):
            if kind in data:
                return {"words": self._markdown("".join(data[kind]))}
        if WIDGET_VIEW in data:
            return {"note": f"A control that needs a kernel: {plain or 'open the notebook to use it'}"}
        return {"text": _terminal(plain)}

    def _alone(self, snapshot: Any, key: str, picture: Markup) -> str:
        """A viewer that runs in the page; "" for one that this version lacks, or whose data no browser reads."""
        if not isinstance(snapshot, dict) or not assets.stands_alone(snapshot.get("viewer")) or "data" not in snapshot:
            return ""
        try:
            made = assets.fragment(snapshot["viewer"], snapshot["data"], key=key, fallback=picture)
        except ValueError:  # NaN, which JSON does not know
            return ""
        self._viewers[snapshot["viewer"]] = None
        return made

    def _markdown(self, source: str, *, attachments: Mapping[str, Any] | None = None, own: bool = False) -> Markup:
        # nbconvert would stop at an attachment that is missing; under another name it reaches the cleaner
        html = maths.markdown(source.replace("](attachment:", "](attachment%3A"))
        return self._cleaner.clean(html, "picture", attachments=attachments, own=own)


def _is_beside_twin(output: Any, rest: Any) -> bool:
    """A live widget whose picture follows: the picture, or what runs alone, is shown in its place."""
    twin = rest[0].get("data", {}).get("text/html", "") if rest else ""
    return WIDGET_VIEW in output.get("data", {}) and "tn-twin" in twin


def _set_apart(cells: list[dict[str, Any]]) -> None:
    """Headings of the same words in several cells get an id each: "Set-up", "Set-up-2"."""
    met: Counter[str] = Counter()

    def own(found: re.Match[str]) -> str:
        start, name = found.groups()
        met[name] += start.startswith("<h")  # its anchor follows
        return f"{start}{name}-{met[name]}" if met[name] > 1 else found[0]

    for cell in cells:
        if "words" in cell:
            cell["words"] = Markup(re.sub(r'(<h[1-6] id="|class="anchor-link" href="#)([^"]*)', own, cell["words"]))


def _told(metadata: Mapping[str, Any], kind: str) -> str:
    """The text of a picture, where the notebook has one."""
    of_kind = metadata.get(kind)
    told = (of_kind.get("alt") if isinstance(of_kind, Mapping) else None) or metadata.get("alt")
    return told if isinstance(told, str) else ""


def _highlight(source: str) -> Markup:
    return Markup(Highlight2HTML()(source, language="ipython3"))


def _terminal(text: str) -> str:
    """Text of a terminal, without its colours: theirs are not readable on both themes."""
    return str(strip_ansi(text))
