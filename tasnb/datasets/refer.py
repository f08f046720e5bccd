"""The REFER layout: ``instances.json``, ``refs(unc).p`` or ``refs(unc).json``, and a folder of images.

RefCOCO, RefCOCO+ and RefCOCOg come in it (github.com/lichengunc/refer). So does RefToy, the embedded data set, with
``refs(toy).json`` and drawn scenes in ``images/``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.shipped import data_root
from tasnb.datasets import pickles
from tasnb.datasets.annotations import area_of, mask_of, parse_json, parse_json_but
from tasnb.datasets.contents import NO_GOLD, Annotation, Contents, Picture, Ref, Row, Size, are_ids

NAMES = ("refcoco", "refcoco+", "refcocog")
IMAGE_FOLDERS = ("images/mscoco/images/train2014", "images/train2014", "train2014")
TOY = "toy"  # who split RefToy
TOY_NAMES = ("reftoy", "reftoy+", "reftoyg")
TOY_IMAGE_FOLDERS = ("images",)


def shipped_root() -> Path:
    """The folder of RefToy that comes with the package."""
    return data_root() / "reftoy"


def files(name: str, root: Path, split_by: str) -> tuple[Path, Path | None]:
    """``instances.json`` and the refs file, the pickle before the JSON; None where there is neither."""
    folder = root / name
    refs = [folder / f"refs({split_by}){suffix}" for suffix in (".p", ".json")]
    return folder / "instances.json", next((path for path in refs if path.is_file()), None)


def read(name: str, root: Path, split_by: str, split: str | None = None) -> Contents:
    """Read a split strictly, or all of them with every fault noted.

    Raises ValueError for damaged files, FileNotFoundError naming the files that are missing, UnsafePickleError for a
    pickle that holds anything but plain values.
    """
    found = Contents(name=name, strict=split is not None, draw=_draw, area=area_of)
    instances, refs_file = files(name, root, split_by)
    places = TOY_IMAGE_FOLDERS if split_by == TOY else IMAGE_FOLDERS
    folder = next((root / place for place in places if (root / place).is_dir()), None)
    if found.strict and (folder is None or refs_file is None or not instances.is_file()):
        first, *others = (f"{place}/" for place in places)
        others_text = f" (or {', '.join(others)})" if others else ""
        ending, way_out = (".json", "") if split_by == TOY else (".p", " or set TASNB_DATA")
        raise MissingFileError(
            f"{name} is missing: expected {first}{others_text} and {name}/ with "
            f"instances.json and refs({split_by}){ending} in {root}; pass another root{way_out}"
        )
    if folder is None:
        found.tell("missing file", f"no folder of images in {root}; expected {' or '.join(places)}")
    refs = [] if refs_file is None else list(_read_refs(refs_file, split, found))
    only = None if split is None else {ref["image_id"] for ref in refs}
    kinds = _read_instances(instances, folder, only, found)
    if refs_file is None:
        found.tell("missing file", f"{instances.parent} has no refs({split_by}).p or .json")
    for ref in refs:
        _add_ref(ref, kinds, found)
    _read_captions(root / "captions.json", found)
    return found


def _draw(segmentation: Any, size_hw: Size) -> list[Any]:
    return [mask_of(segmentation, size_hw)]


def _read_refs(path: Path, split: str | None, found: Contents) -> Iterator[dict[str, Any]]:
    """The refs that are whole, of one split or of all."""
    for ref in found.read_file(path, _parse_refs) or []:
        if split not in (None, ref.get("split")):
            continue
        missing = [key for key in ("ref_id", "image_id", "ann_id", "split") if not are_ids(ref.get(key))]
        sentences = ref.get("sentences")
        if missing or not isinstance(sentences, list) or not all(isinstance(s, dict) for s in sentences):
            found.tell("damaged file", f"a ref of {path} lacks {', '.join(missing) or 'sentences'}: {ref!r:.80}")
            continue
        for sentence in sentences:
            if "sent_id" not in sentence or not isinstance(sentence.get("sent"), str):
                found.tell("damaged file", f"a sentence of ref {ref['ref_id']} in {path} lacks sent_id or sent")
        yield ref


def _parse_refs(data: bytes, path: Path) -> list[dict[str, Any]]:
    refs = pickles.loads(data, name=str(path)) if path.suffix == ".p" else parse_json(data, path)
    if not isinstance(refs, list) or not all(isinstance(ref, dict) for ref in refs):
        raise UserError(f"{path} is damaged: expected a list of refs, got {type(refs).__name__}")
    return refs


def _add_ref(ref: Mapping[str, Any], kinds: Mapping[Any, str], found: Contents) -> None:
    split, sentences = str(ref["split"]), ref["sentences"]
    ids = [s["sent_id"] for s in sentences if are_ids(s.get("sent_id"))]
    found.refs.append(Ref(ref["ref_id"], ref["image_id"], split, [ref["ann_id"]], ids))
    said = (str(ref["image_id"]), str(ref["ref_id"]))
    marked = (split, ref["ann_id"], kinds.get(str(ref.get("category_id")), ""))
    found.rows += [
        Row(s["sent"], *said, str(s["sent_id"]), *marked, s.get("gold") or NO_GOLD)
        for s in sentences
        if "sent_id" in s and isinstance(s.get("sent"), str)
    ]


def _read_instances(path: Path, folder: Path | None, only: set[Any] | None, found: Contents) -> dict[str, str]:
    """Fill in pictures and annotations, of all images or of some; the categories' names by id."""

    def pack(entry: dict[str, Any]) -> Any:
        if "segmentation" not in entry:
            return entry
        image_id, box = entry.get("image_id"), entry.get("bbox")
        if only is not None and not (are_ids(image_id) and image_id in only):
            return None
        boxes = [] if box is None else [box]
        return Annotation(entry.get("id"), image_id, entry["segmentation"], boxes, entry.get("category_id"))

    if not path.is_file():
        found.tell("missing file", f"{path} cannot be read")
        return {}
    content = found.read_file(path, partial(parse_json_but, "segmentation", build=pack))
    if content is None:
        return {}

    def listed(key: str) -> list[Any]:
        entries = content.get(key) if isinstance(content, dict) else None
        if isinstance(entries, list):
            return entries
        found.tell("damaged file", f"{path} has no list {key!r}; expected COCO's lists images, annotations, categories")
        return []

    for entry in listed("images"):
        if not isinstance(entry, dict) or not are_ids(entry.get("id")) or not isinstance(entry.get("file_name"), str):
            found.tell("damaged file", f"an image of {path} lacks id or file_name: {entry!r:.80}")
        elif folder is not None and (only is None or entry["id"] in only):
            height, width = entry.get("height"), entry.get("width")
            size_hw = (height, width) if isinstance(height, int) and isinstance(width, int) else None
            found.pictures.append(Picture(entry["id"], folder / entry["file_name"], size_hw))
    for entry in listed("annotations"):
        if isinstance(entry, Annotation) and are_ids(entry.id, entry.image_id):
            found.annotations.append(entry)
        elif entry is not None or only is None:
            found.note("damaged file", f"an annotation of {path} lacks id, image_id or segmentation: {entry!r:.80}")
    kinds = {}
    for entry in listed("categories"):
        if isinstance(entry, dict) and {"id", "name"} <= entry.keys():
            kinds[str(entry["id"])] = str(entry["name"])
        else:
            found.tell("damaged file", f"a category of {path} lacks id or name: {entry!r:.80}")
    return kinds


def _read_captions(path: Path, found: Contents) -> None:
    """A caption an image, the first one where it has several, and one a thing where there is any.

    Two shapes are known: [{"image_id", "caption"[, "things": {annotation id: caption}]}, ...] and {image id: caption or
    captions}; without the file, or in any other shape, there are none.
    """
    content = found.read_file(path, parse_json) if path.is_file() else None
    if isinstance(content, list) and all(isinstance(c, dict) and {"image_id", "caption"} <= set(c) for c in content):
        found.captions = {str(c["image_id"]): str(c["caption"]) for c in content}
        said = [c["things"] for c in content if isinstance(c.get("things"), dict)]
        found.named = {str(id_): str(text) for things in said for id_, text in things.items()}
    elif isinstance(content, dict):
        firsts = {i: next(iter(texts), None) if isinstance(texts, list) else texts for i, texts in content.items()}
        found.captions = {image_id: text for image_id, text in firsts.items() if isinstance(text, str)}
