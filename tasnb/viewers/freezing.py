"""A notebook -> one HTML page that needs nothing else: no kernel, no network, no other file.

Formulas are MathML, which browsers draw themselves. Pictures travel inside the page, each with a text for those who
cannot see it. A viewer that can run without a kernel (``explore``) runs in the page. The page forbids itself to load
anything, so what a cell brought in from elsewhere is left out and named.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
from bs4 import BeautifulSoup, Tag
from markupsafe import Markup
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbconvert.filters import Highlight2HTML, strip_ansi

from tasnb.core.errors import MissingFileError, UserError
from tasnb.viewers import assets, maths
from tasnb.viewers.viewer import SNAPSHOT, WIDGET_VIEW

ACTIVE = ("script", "link", "iframe", "object", "embed", "base", "meta", "form")
POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


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
    FileNotFoundError
        For a missing file.
    ValueError
        For what is no notebook, for a notebook that was never run, and for a cell that fails (it says which).
    """
    path = Path(notebook)
    read = _read(path)
    if execute:
        _execute(read, path, timeout)
    code = [cell for cell in read.cells if cell.cell_type == "code" and cell.source.strip()]
    if code and not any(cell.get("outputs") for cell in code):
        raise UserError(f"{path} has no outputs, so there is nothing to show; use --execute, or run and save it first")
    pool = _shared(read)
    cells = [_cell(cell, number, path.parent) for number, cell in enumerate(read.cells, start=1)]
    _set_apart(cells)
    words = "\n".join(cell.source for cell in read.cells if cell.cell_type == "markdown")
    heading = re.search(r"^# +(.+)", words, re.MULTILINE)
    title = heading[1] if heading else path.stem
    shared = assets.in_script(pool) if pool else ""
    return str(assets.render("frozen", title=title, policy=POLICY, cells=cells, pool=shared))


def _read(path: Path) -> Any:
    if not path.exists():
        raise MissingFileError(f"no such notebook: {path}; check the path")
    wanted = f"{path} is no Jupyter notebook; expected an .ipynb file of format 4"
    try:
        read = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(read)
    except (OSError, ValueError, AttributeError, KeyError, TypeError, nbformat.ValidationError) as problem:
        first = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise UserError(f"{wanted} ({first[:160]})") from problem
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


def _cell(cell: Any, number: int, folder: Path) -> dict[str, Any]:
    """What the template shows of a cell."""
    if cell.cell_type == "markdown":
        return {"words": _markdown(cell.source, folder, cell.get("attachments", {}))}
    if cell.cell_type != "code":
        return {"raw": cell.source}
    outputs = cell.get("outputs", [])
    shown = [
        _output(output, f"cell-{number}-{place}", number)
        for place, output in enumerate(outputs)
        if not _is_beside_twin(output, outputs[place + 1 :])
    ]
    return {"number": number, "source": _highlight(cell.source) if cell.source.strip() else "", "outputs": shown}


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


def _output(output: Any, key: str, number: int) -> dict[str, Any]:
    """What the template shows of an output: text, HTML, a picture or a note."""
    if output.output_type == "stream":
        return {"failed": False, "text": _terminal(output.text)}
    if output.output_type == "error":
        return {"failed": True, "text": _terminal("\n".join(output.traceback))}
    return {"failed": False, **_best(output.data, output.get("metadata", {}), key, number)}


def _best(data: Mapping[str, Any], metadata: Mapping[str, Any], key: str, number: int) -> dict[str, Any]:
    """The richest form of an output that a page without a kernel can show."""
    plain = "".join(data.get("text/plain", ""))
    alt = plain if plain and not plain.startswith("<") else f"picture, output of cell {number}"
    if SNAPSHOT in data:
        picture = _clean("".join(data.get("text/html", "")), alt)
        return {"html": _alone(data[SNAPSHOT], key, picture) or picture}
    if "text/html" in data:
        return {"html": _clean("".join(data["text/html"]), alt)}
    for kind in ("image/png", "image/jpeg", "image/gif", "image/svg+xml"):
        if kind in data:
            content = "".join(data[kind])
            if kind == "image/svg+xml":
                content = base64.b64encode(content.encode()).decode()
            told = metadata.get(kind, {}).get("alt") or metadata.get("alt") or alt
            return {"uri": f"data:{kind};base64,{''.join(content.split())}", "alt": told}
    if "text/markdown" in data:
        return {"words": _markdown("".join(data["text/markdown"]), Path(), {})}
    if "text/latex" in data:
        return {"words": _markdown("".join(data["text/latex"]), Path(), {})}
    if WIDGET_VIEW in data:
        return {"note": f"A control that needs a kernel: {plain or 'open the notebook to use it'}"}
    return {"text": _terminal(plain)}


def _alone(snapshot: Any, key: str, picture: Markup) -> str:
    """A viewer that runs in the page; "" for one that this version does not have, or whose data no browser reads."""
    if not isinstance(snapshot, dict) or not assets.stands_alone(snapshot.get("viewer")) or "data" not in snapshot:
        return ""
    try:
        return assets.fragment(snapshot["viewer"], snapshot["data"], key=key, fallback=picture)
    except ValueError:  # NaN, which JSON does not know
        return ""


def _markdown(source: str, folder: Path, attachments: Mapping[str, Mapping[str, str]]) -> Markup:
    # nbconvert would stop at an attachment that is missing; under another name it reaches _embed
    html = maths.markdown(source.replace("](attachment:", "](attachment%3A"))
    return _clean(html, "picture", folder=folder, attachments=attachments)


def _highlight(source: str) -> Markup:
    return Markup(Highlight2HTML()(source, language="ipython3"))


def _terminal(text: str) -> str:
    """Text of a terminal, without its colours: theirs are not readable on both themes."""
    return str(strip_ansi(text))


def _clean(html: str, alt: str, *, folder: Path | None = None, attachments: Mapping[str, Any] | None = None) -> Markup:
    """HTML of a cell that loads nothing and runs nothing, with a text for every picture.

    folder: where a picture named by a relative path lies; None: nothing is read from the disk.
    """
    soup = BeautifulSoup(html, "html.parser")
    for formula in soup.select(":is(code, pre, kbd, samp) math"):
        formula.replace_with(str(formula.get(maths.TEX, "")))
    for tag in soup.find_all(True):
        if tag.name in ACTIVE:
            tag.decompose()
        if tag.decomposed:
            continue
        for name in list(tag.attrs):
            if name.lower().startswith("on") or name.lower() == "srcset" or _runs(name, str(tag[name])):
                del tag[name]
        if tag.name == "style" and re.search(r"@import|url\(\s*['\"]?(?!data:)", tag.get_text()):
            tag.decompose()
        elif tag.name == "th" and not tag.get_text(strip=True) and tag.find() is None:
            tag.name = "td"  # the corner of a table of pandas heads nothing
        elif tag.has_attr("src"):
            _embed(tag, alt, folder, attachments or {})
    return Markup(str(soup))


def _runs(name: str, value: str) -> bool:
    return name.lower() in ("href", "src", "xlink:href", "action") and value.strip().lower().startswith("javascript:")


def _embed(tag: Tag, alt: str, folder: Path | None, attachments: Mapping[str, Any]) -> None:
    """Let the picture travel in the page; where that is not possible, let its text stand for it."""
    source = unquote(str(tag["src"]))
    name = source.removeprefix("attachment:")
    kind, content = mimetypes.guess_type(name)[0] or "", ""
    if source.startswith("attachment:") and name in attachments:
        kind, content = next(iter(attachments[name].items()))
    elif folder is not None and "://" not in source and kind.startswith("image/") and (folder / name).is_file():
        content = base64.b64encode((folder / name).read_bytes()).decode()
    if content:
        tag["src"] = f"data:{kind};base64,{''.join(content.split())}"
    elif not source.startswith("data:"):
        note = BeautifulSoup("", "html.parser").new_tag("span", attrs={"class": "note"})
        note.string = f"[{tag.get('alt') or alt}: not in this page, it lies at {source}]"
        tag.replace_with(note)
    if tag.name == "img" and not tag.get("alt"):
        tag["alt"] = alt
