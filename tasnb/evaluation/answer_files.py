"""Anybody's answers as files hold them: which format it is, which sample each row names, and its mask when asked for.

What other programs write, and what is assumed of it:

- rows in JSON, JSON lines or Parquet, with the fields of ``SENTENCE`` ... ``SCORES``;
- a COCO results file (cocodataset.org/#format-results) whose rows also name the expression; several rows of one key are
  one answer;
- a PNG a sentence, named by it. PhraseCut's own (ChenyunWu/PhraseCutDataset, evaluate.py ``evaluate_from_pred_folder``:
  TASK.png, 1 bit); its older .npy is a pickle, which is not read;
- LAVT and its kin (yz93/LAVT-RIS, test.py ``evaluate``) walk the sentences of a ref in turn, answer at 480 x 480, and
  write nothing: rows of ref_id and sent_idx are assumed, and masks of that size;
- xtuner and its kin: ``prediction_masks``, a list of run lengths, beside image_id and phrase (bytedance/Sa2VA,
  projects/samtok); or an image a row with a list of such, null for none (projects/sa2va/evaluation/refcoco_eval.py).
  The second has no text of its own: a list ``text`` beside it is assumed, as ``img_id`` there is a place in a list.

Nothing but plain values is read: no pickle, no code. Raises UserError in one line that names row and field.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tasnb.core.errors import UserError, require_file
from tasnb.core.file_kinds import json_of
from tasnb.core.limits import FARTHEST, MAX_FILE_BYTES, MAX_ROWS
from tasnb.core.mask_pictures import as_mask
from tasnb.core.masks import from_rle, to_rle
from tasnb.datasets.annotations import mask_of, parse_json, uncollected
from tasnb.datasets.contents import by, digest, id_of, shown
from tasnb.datasets.files import file_in, is_text, read_data

SENTENCE = ("sample_id", "sent_id", "sentence_id", "task_id")
REF, PLACE = ("ref_id",), ("sent_idx", "sentence_idx")
IMAGE = ("image_id", "img_id")
TEXT = ("expression", "sentence", "sent", "text", "phrase")
MASKS = ("segmentation", "mask", "rle", "pred_mask", "pred_masks", "prediction_masks", "prediction")
BOXES: Mapping[str, str | None] = {
    "bbox_xywh": "xywh",
    "bbox_xyxy": "xyxy",
    "bbox": None,
    "box": None,
    "pred_box": None,
}
FORMS = ("xywh", "xyxy")
SCORES = ("score", "pred_score")
HOLDERS = ("predictions", "results", "annotations")  # keys of an object that may hold the rows
COCO, FOLDER = "COCO results", "PNG files"
BATCH = 256  # rows of Parquet that become Python's values at once
_FIELDS = (*SENTENCE, *REF, *PLACE, *IMAGE, *TEXT, *MASKS, *BOXES, *SCORES, "category_id")

Size = tuple[int, int]


class Key(NamedTuple):
    """How a row names its sample. kind: "sentence", "ref" or "image"; text: the expression, or its place in a ref."""

    kind: str
    id: str
    text: str | int = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.id}" + ("" if self.text == "" else f", {self.text!r}")


class Answer(NamedTuple):
    """A row. parts: masks undrawn, none for no answer, or one box x0, y0, x1, y1; where: row and field for errors."""

    key: Key
    parts: list[Any]
    score: float
    where: str


@dataclass(frozen=True, kw_only=True, eq=False)
class AnswerFile:
    """The answers in a file or folder.

    Parameters
    ----------
    path : Path
        The file, or the folder of PNG files.
    format : str
        What it is, in words.
    answers : list of Answer
        In its order.
    box : str
        "xywh" or "xyxy" for boxes, "" for masks.
    digest : str
        SHA-256 of it, and of the mask files that it names.
    """

    path: Path
    format: str
    answers: list[Answer] = field(repr=False)
    box: str
    digest: str

    @classmethod
    def read(cls, path: Path | str, *, box: str | None = None) -> AnswerFile:
        """Read a file.

        Parameters
        ----------
        path : path or str
            A file or a folder.
        box : {"xywh", "xyxy"}, optional
            What a field of boxes means whose name does not tell.

        Returns
        -------
        AnswerFile
            Its masks are not drawn yet.

        Raises
        ------
        FileNotFoundError
            Where there is none.
        ValueError
            For what is damaged or not as expected; it names row and field.
        """
        if box not in (None, *FORMS):
            raise UserError(f"bbox: expected {' or '.join(FORMS)}, got {box!r}")
        path = Path(path)
        if path.is_dir():
            answers = _read_folder(path)
            return cls(path=path, format=FOLDER, answers=answers, box="", digest=_digest(b"", path, answers))
        data = read_data(path)
        with uncollected():
            format_, rows = _rows_of(data, path)
            rows = list(_each_expression(rows))
        if not rows:
            raise UserError(f"{path} has no rows; expected an answer a row")
        fields = {name for _, row in rows for name in row}
        if format_ == "JSON" and all("category_id" in row and "image_id" in row for _, row in rows):
            format_ = COCO
        forms = {BOXES[name] or box or ("xywh" if format_ == COCO else None) for name in BOXES if name in fields}
        has_masks = bool(fields & set(MASKS))
        if not has_masks and not forms:
            told = ", ".join(sorted(map(str, fields)))[:200]
            raise UserError(f"{path}: no row has an answer; expected segmentation or bbox, got the fields {told}")
        form = None if has_masks else _one_form(forms, path)
        answers = [_answer(row, where, form, format_) for where, row in rows]
        return cls(path=path, format=format_, answers=answers, box=form or "", digest=_digest(data, path, answers))

    def draw(self, answer: Answer, size_hw: Size, *, resize: bool = False) -> tuple[np.ndarray, str | None, bool]:
        """Draw an answer.

        Parameters
        ----------
        answer : Answer
            One of ``answers``, with parts.
        size_hw : tuple of int
            Height and width of the picture.
        resize : bool
            Whether a mask of another size is brought to it, by nearest neighbour, or refused.

        Returns
        -------
        tuple
            The mask, bool (h, w); its run lengths where the file has them as they are needed, else None; and whether
            it was of another size.

        Raises
        ------
        ValueError
            For damage, and for another size; it names row and field.
        """
        try:
            if self.box:
                return filled_box(answer.parts, size_hw), None, False
            drawn = [_draw(part, size_hw, resize, self._home) for part in answer.parts]
        except (ValueError, OSError) as wrong:
            raise UserError(f"{answer.where}: {wrong}") from wrong
        counts = answer.parts[0].get("counts") if len(drawn) == 1 and isinstance(answer.parts[0], Mapping) else None
        (mask, resized), *others = drawn
        for other, too in others:
            mask, resized = mask | other, resized or too
        if isinstance(counts, bytes):
            counts = counts.decode("ascii")
        return mask, counts if isinstance(counts, str) and not resized else None, resized

    @property
    def _home(self) -> Path:
        return self.path if self.format == FOLDER else self.path.parent


def filled_box(xyxy: Sequence[float], size_hw: Size) -> np.ndarray:
    """The mask of a box: edges go to the nearest whole pixel, half of one up, and end at the picture's."""
    x0, y0, x1, y1 = (math.floor(value + 0.5) for value in xyxy)
    mask = np.zeros(size_hw, dtype=bool)
    mask[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = True
    return mask


def require_unpickled(data: bytes, path: Path) -> None:
    """Refuse numpy's files and pickles, which may hold code. Raises UserError."""
    if data.startswith((b"\x93NUMPY", b"\x80")):
        raise UserError(
            f"{path} is a file of numpy or a pickle, which may hold code and is not read; write JSON lines with "
            "segmentation as run lengths, or a PNG a sentence (PhraseCut: internal/dict_to_png_pred.py does that)"
        )


# --- formats ----------------------------------------------------------------------------------------------------------

_Rows = Iterable[tuple[str, Mapping[str, Any]]]  # where it stands, and the row


def _rows_of(data: bytes, path: Path) -> tuple[str, _Rows]:
    require_unpickled(data, path)
    if data.startswith(b"PAR1"):
        return "Parquet", _parquet(data, path)
    first, _, rest = data.strip().partition(b"\n")
    if first.startswith(b"{") and rest.strip() and _is_whole(first):
        return "JSON lines", _objects(
            ((f"{path.name}, line {n}", json_of(line, f"{path.name}, line {n},"))
             for n, line in enumerate(data.splitlines(), 1) if line.strip())
        )  # fmt: skip
    content = parse_json(data, path)
    rows = _held(content) if isinstance(content, dict) else content
    if isinstance(content, dict) and not isinstance(rows, list) and content.keys() & {*SENTENCE, *REF, *IMAGE}:
        return "JSON lines", _objects([(f"{path.name}, line 1", content)])
    if not isinstance(rows, list):
        held = ", ".join(map(str, content))[:80] if isinstance(content, dict) else type(content).__name__
        raise UserError(f"{path}: expected a list of rows, or an object with {', '.join(HOLDERS)}; got {held}")
    return "JSON", _objects((f"{path.name}, row {n}", row) for n, row in enumerate(rows, 1))


def _is_whole(line: bytes) -> bool:
    try:
        json_of(line, "line")
    except UserError:
        return False
    return True


def _held(content: Mapping[str, Any]) -> Any:
    return next((content[name] for name in HOLDERS if isinstance(content.get(name), list)), None)


def _objects(rows: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for count, (where, row) in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise UserError(f"{where}: expected an object such as {{sent_id, segmentation}}, got {shown(row)}")
        _require_few(count, where)
        yield where, row


def _require_few(rows: int, where: object) -> None:
    if rows > MAX_ROWS:
        raise UserError(f"{where}: more than {MAX_ROWS:,} rows; split the file")


def _parquet(data: bytes, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        _require_few(file.metadata.num_rows, path)
        size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
        if size > MAX_FILE_BYTES[".json"]:
            raise UserError(f"{path} unpacks to {size:,} bytes; expected at most {MAX_FILE_BYTES['.json']:,}")
        columns = [name for name in file.schema_arrow.names if name in _FIELDS]
        batches = file.iter_batches(batch_size=BATCH, columns=columns)
        for number, row in enumerate(chain.from_iterable(batch.to_pylist() for batch in batches), 1):
            yield f"{path.name}, row {number}", row
    except UserError:
        raise
    except (pa.ArrowException, OSError, ValueError) as wrong:
        raise UserError(f"{path} is not readable Parquet ({' '.join(str(wrong).split())[:200]})") from wrong


def _each_expression(rows: _Rows) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows with lists of texts and of answers, an image a row, as a row an expression."""
    for where, row in rows:
        text, masks = _first(row, TEXT), _first(row, MASKS)
        if masks and masks[0] == "prediction_masks" and isinstance(masks[1], list) and None in masks[1] and not text:
            raise UserError(f"{where}: prediction_masks of a whole image; add text, the list of its expressions")
        if text is None or not isinstance(text[1], list):
            yield where, row
            continue
        answers = masks[1] if masks else None
        if not isinstance(answers, list) or len(answers) != len(text[1]):
            got = len(answers) if isinstance(answers, list) else shown(answers)
            raise UserError(f"{where}: {len(text[1])} of {text[0]}, expected as many answers, got {got}")
        for said, answer in zip(text[1], answers, strict=True):
            yield where, {**row, text[0]: said, masks[0]: answer}  # type: ignore[index]


def _read_folder(folder: Path) -> list[Answer]:
    names = sorted(path.name for path in folder.iterdir() if path.suffix.lower() == ".png")
    if not names:
        raise UserError(f"{folder} has no PNG files; expected one a sentence, named by its sent_id")
    _require_few(len(names), folder)
    return [Answer(Key("sentence", name[:-4]), [name], math.nan, f"{folder.name}/{name}") for name in names]


def _digest(data: bytes, path: Path, answers: Sequence[Answer]) -> str:
    """Of the bytes, and of every file that answers name."""
    home, found = path if path.is_dir() else path.parent, hashlib.sha256(data)
    for answer in answers:
        for part in answer.parts:
            if isinstance(part, str) and _is_path(part):
                try:
                    file = require_file(file_in(home, part), "mask")
                    found.update(f"{part} {digest(file.read_bytes())}".encode())
                except (ValueError, OSError) as wrong:
                    raise UserError(f"{answer.where}: {wrong}") from wrong
    return found.hexdigest()


# --- rows -------------------------------------------------------------------------------------------------------------


def _first(row: Mapping[str, Any], names: Iterable[str]) -> tuple[str, Any] | None:
    """The first of these fields that a row has, and its value; null is none."""
    return next(((name, row[name]) for name in names if row.get(name) is not None), None)


def _answer(row: Mapping[str, Any], where: str, form: str | None, format_: str) -> Answer:
    score = math.nan
    if (given := _first(row, SCORES)) is not None:
        if type(given[1]) not in (int, float) or (given[1] == given[1] and not -1e300 < given[1] < 1e300):
            raise UserError(f"{where}: {given[0]}: expected a number, got {shown(given[1])}")
        score = float(given[1])
    key = _key(row, where, format_)
    about = f"{where} ({key})"
    if form is not None:
        found = _first(row, BOXES)
        parts = [] if found is None else _box(found[1], form, f"{about}: {found[0]}")
        return Answer(key, parts, score, f"{about}: {found[0] if found else 'bbox'}")
    if (masks := _first(row, MASKS)) is None:
        if not any(name in row for name in MASKS) and _first(row, BOXES):
            raise UserError(f"{about}: a box and no segmentation; expected masks or boxes throughout")
        return Answer(key, [], score, about)
    about = f"{about}: {masks[0]}"
    try:
        return Answer(key, _parts(masks[1]), score, about)
    except ValueError as wrong:
        raise UserError(f"{about}: {wrong}") from wrong


def _key(row: Mapping[str, Any], where: str, format_: str) -> Key:
    sentence, ref, place = _first(row, SENTENCE), _first(row, REF), _first(row, PLACE)
    image, text = _first(row, IMAGE), _first(row, TEXT)
    if sentence is not None:
        return Key("sentence", _id(sentence, where))
    if ref is not None and place is not None:
        if type(place[1]) is not int or not 0 <= place[1] < MAX_ROWS:
            raise UserError(f"{where}: {place[0]}: expected a place from 0 on, got {shown(place[1])}")
        return Key("ref", _id(ref, where), place[1])
    if text is not None and (about := ref or image) is not None:
        if not is_text(text[1]) or not text[1].strip():
            raise UserError(f"{where}: {text[0]}: expected the expression, got {shown(text[1])}")
        return Key("ref" if ref else "image", _id(about, where), normal(text[1]))
    got = ", ".join(map(str, row))[:80] or "nothing"
    lacks = f"; {COCO} do not say which expression an answer is to: add sent_id to each row" if format_ == COCO else ""
    raise UserError(f"{where}: expected sent_id, ref_id and sentence, or image_id and expression; got {got}{lacks}")


def normal(text: str) -> str:
    """An expression as it is compared: in lower case, its blanks single."""
    return " ".join(text.lower().split())


def _id(field_: tuple[str, Any], where: str) -> str:
    found = id_of(field_[1])
    if found is None:
        raise UserError(f"{where}: {field_[0]}: expected a number or a text, got {shown(field_[1])}")
    return found


def _one_form(forms: Iterable[str | None], path: Path) -> str:
    found = set(forms)
    if None in found or len(found) != 1:
        raise UserError(
            f"{path}: a bbox may be x, y, width, height or x0, y0, x1, y1; say which: --bbox xywh or --bbox xyxy"
        )
    return str(found.pop())


def _box(value: Any, form: str, where: str) -> list[float]:
    """x0, y0, x1, y1; nothing for no answer."""
    if isinstance(value, list) and not value:
        return []
    good = isinstance(value, list) and len(value) == 4 and all(type(v) in (int, float) for v in value)
    # a comparison with nan is False
    if not good or not all(-FARTHEST <= v <= FARTHEST for v in value):
        raise UserError(f"{where}: expected four numbers {form}, got {shown(value)}")
    x0, y0, x1, y1 = value if form == "xyxy" else (value[0], value[1], value[0] + value[2], value[1] + value[3])
    if x1 < x0 or y1 < y0:
        raise UserError(f"{where}: {shown(value)} as {form} ends before it begins; is it the other of {FORMS}?")
    return [x0, y0, x1, y1]


def _parts(value: Any, *, again: bool = True) -> list[Any]:
    """The masks of an answer: run-length codes, lists of polygons, names of files, texts of run lengths."""
    if isinstance(value, str) and again and (text := value.strip())[:1] + text[-1:] in ("{}", "[]"):
        return _parts(json_of(text.encode("utf-8", "replace"), "it"), again=False)
    if value is None or (isinstance(value, float) and value != value):
        return []
    if isinstance(value, str | bytes | Mapping):
        return [value] if value else []
    if not isinstance(value, list):
        raise UserError(f"expected run lengths, polygons or the name of a PNG file, got {shown(value)}")
    polygons: list[Any] = [value] if value and all(type(v) in (int, float) for v in value) else []
    found: list[Any] = []
    for each in [] if polygons else value:
        if isinstance(each, str | bytes | Mapping):
            found.append(each)
        elif isinstance(each, list) and each and all(isinstance(code, Mapping) for code in each):
            found += each
        elif each is not None:
            polygons.append(each)
    return [*found, polygons] if polygons else found


# --- masks ------------------------------------------------------------------------------------------------------------


def _is_path(text: str) -> bool:
    return "." in text  # no text of run lengths has a full stop


def _draw(part: Any, size_hw: Size, resize: bool, home: Path) -> tuple[np.ndarray, bool]:
    if isinstance(part, str) and _is_path(part):
        mask = as_mask(file_in(home, part))
        if mask.shape != size_hw and not resize:
            raise UserError(f"it is {by(mask.shape)} (h x w), the picture is {by(size_hw)}; --resize brings it there")
    elif isinstance(part, str | bytes):
        mask = from_rle({"size": size_hw, "counts": part})
    elif isinstance(part, Mapping) and resize:
        mask = from_rle(part)
    else:
        mask = mask_of(part, size_hw)
    return (mask, False) if mask.shape == size_hw else (_nearest(mask, size_hw), True)


def _nearest(mask: np.ndarray, size_hw: Size) -> np.ndarray:
    """A mask at another size: each pixel is the one at its centre."""
    if not mask.size:
        raise UserError(f"it is {by(mask.shape)} (h x w); expected a mask with pixels")
    rows, columns = ((2 * np.arange(to) + 1) * of // (2 * to) for of, to in zip(mask.shape, size_hw, strict=True))
    return np.asarray(mask[rows[:, None], columns[None, :]])


def code_of(mask: np.ndarray, counts: str | None) -> dict[str, Any]:
    """COCO's run lengths of a mask. counts: as the file has them, None where they are to be made."""
    return to_rle(mask) if counts is None else {"size": list(mask.shape), "counts": counts}
