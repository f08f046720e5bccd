"""The REFER layout: ``instances.json``, ``refs(unc).p`` or ``refs(unc).json``, and a folder of images.

RefCOCO, RefCOCO+ and RefCOCOg come in it (github.com/lichengunc/refer). So does RefToy, the embedded data set, with
``refs(toy).json`` and drawn scenes in ``images/``, and gRefCOCO (github.com/henghuiding/gRefCOCO), with
``grefs(unc).json``, whose refs mean any number of annotations: ``ann_id`` and ``category_id`` are lists there, [-1]
beside ``no_target`` where nothing is meant.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tasnb.core.errors import MissingFileError, UserError
from tasnb.datasets import pickles
from tasnb.datasets.annotations import area_of, mask_of, parse_json, parse_json_but
from tasnb.datasets.contents import NO_GOLD, Annotation, Contents, Ref, Row, Size, id_of, shown
from tasnb.datasets.files import is_text

NAMES = ("refcoco", "refcoco+", "refcocog")
GENERALISED = "grefcoco"
NOTHING = "-1"  # gRefCOCO's id of the annotation, and of its category, where nothing is meant
IMAGE_FOLDERS = ("images/mscoco/images/train2014", "images/train2014", "train2014")
TOY = "toy"  # who split RefToy
TOY_NAMES = ("reftoy", "reftoy+", "reftoyg")
TOY_IMAGE_FOLDERS = ("images",)


def files(name: str, root: Path, split_by: str) -> tuple[Path, Path | None]:
    """``instances.json`` and the refs file, the pickle before the JSON; None where there is neither."""
    folder = root / name
    suffixes = (".json", ".p") if name == GENERALISED else (".p", ".json")
    refs = [folder / f"{_refs_of(name, split_by)}{suffix}" for suffix in suffixes]
    return folder / "instances.json", next((path for path in refs if os.path.lexists(path)), None)


def _refs_of(name: str, split_by: str) -> str:
    return f"{'g' if name == GENERALISED else ''}refs({split_by})"


def read(name: str, root: Path, split_by: str, split: str | None = None) -> Contents:
    """Read a split strictly, or all of them with every fault noted.

    Raises UserError for damaged files, MissingFileError naming the files that are missing, UnsafePickleError for a
    pickle that holds anything but plain values.
    """
    found = Contents(name=name, strict=split is not None, draw=_draw, area=_area)
    instances, refs_file = files(name, root, split_by)
    places = TOY_IMAGE_FOLDERS if split_by == TOY else IMAGE_FOLDERS
    folder = next((root / place for place in places if os.path.isdir(root / place)), None)
    if found.strict and (folder is None or refs_file is None or not os.path.lexists(instances)):
        first, *others = (f"{place}/" for place in places)
        others_text = f" (or {', '.join(others)})" if others else ""
        ending, way_out = ".p" if name in NAMES else ".json", "" if split_by == TOY else " or set TASNB_DATA"
        raise MissingFileError(
            f"{name} is missing: expected {first}{others_text} and {name}/ with "
            f"instances.json and {_refs_of(name, split_by)}{ending} in {root}; pass another root{way_out}"
        )
    if folder is None:
        found.tell("missing file", f"no folder of images in {root}; expected {' or '.join(places)}")
    refs = [] if refs_file is None else list(_read_refs(refs_file, split, found))
    only = None if split is None else {ref["image_id"] for ref in refs}
    found.kinds, images, image_of = _read_instances(instances, folder, only, found)
    if refs_file is None:
        found.tell("missing file", f"{instances.parent} has no {_refs_of(name, split_by)}.p or .json")
    for ref in refs:
        _add_ref(ref, found)
    found.require_linked(images, image_of)
    _read_captions(root / "captions.json", found)
    return found


def _draw(annotation: Annotation, size_hw: Size) -> list[np.ndarray]:
    return [mask_of(annotation.segmentation, size_hw)]


def _area(annotation: Annotation, size_hw: Size) -> int:
    return area_of(annotation.segmentation, size_hw)


def _read_refs(path: Path, split: str | None, found: Contents) -> Iterator[dict[str, Any]]:
    """The refs that are whole, of one split or of all, with their ids as texts."""
    refs = found.read_file(path, _parse_refs) or []
    # ids are the file's, so those of other splits count too
    found.require_unique("ref", [id_ for ref in refs if (id_ := id_of(ref.get("ref_id"))) is not None])
    said = [s for ref in refs for s in _list(ref.get("sentences")) if isinstance(s, dict)]
    found.require_unique("sentence", [id_ for s in said if (id_ := id_of(s.get("sent_id"))) is not None])
    for ref in refs:
        if split not in (None, ref.get("split")):
            continue
        try:
            yield _whole_ref(ref, found)
        except ValueError as wrong:
            found.tell("damaged file", f"a ref of {path} {wrong}")


def _whole_ref(ref: dict[str, Any], found: Contents) -> dict[str, Any]:
    """A ref with its ids as texts, and its sentences (id, text, gold). Raises UserError."""
    if isinstance(ref.get("ann_id"), list) and found.name != GENERALISED:
        raise UserError(
            "has a list as ann_id (several targets or none), which only the data set grefcoco has; expected one target "
            f"a ref, as RefCOCO, RefCOCO+ and RefCOCOg have: {shown(ref)}"
        )
    ids = {key: id_of(ref.get(key)) for key in ("ref_id", "image_id")}
    targets = [id_of(id_) for id_ in _list_of(ref.get("ann_id"))]
    missing = [key for key, id_ in ids.items() if id_ is None] + (["ann_id"] if None in targets else [])
    missing += [] if is_text(ref.get("split")) else ["split"]
    sentences = ref.get("sentences")
    if missing or not isinstance(sentences, list):
        raise UserError(f"lacks {', '.join(missing) or 'sentences'}: {shown(ref)}")
    if found.name == GENERALISED:
        targets = [id_ for id_ in targets if id_ != NOTHING]
        if ref.get("no_target", not targets) is not (not targets):
            raise UserError(f"has no_target {ref['no_target']!r} and the ann_id {shown(ref['ann_id'])}: {shown(ref)}")
    whole = []
    for sentence in sentences:
        fields = sentence if isinstance(sentence, dict) else {}
        id_, text, gold = id_of(fields.get("sent_id")), fields.get("sent"), fields.get("gold")
        if id_ is None or not is_text(text) or not isinstance(gold, dict | None):
            found.tell("damaged file", f"ref {ids['ref_id']} has a sentence without sent_id or sent: {shown(sentence)}")
            continue
        if not text.strip():
            found.note("empty sentence", f"sentence {id_} of ref {ids['ref_id']} is empty", "sentence", id_)
        whole.append((id_, text, gold or NO_GOLD))
    return {**ref, **ids, "ann_id": tuple(dict.fromkeys(targets)), "sentences": whole}


def _list_of(value: Any) -> list[Any]:
    """gRefCOCO's lists, and one id where the others have one."""
    return value if isinstance(value, list) else [value]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _parse_refs(data: bytes, path: Path) -> list[dict[str, Any]]:
    refs = pickles.loads(data, name=str(path)) if path.suffix == ".p" else parse_json(data, path)
    if not isinstance(refs, list) or not all(isinstance(ref, dict) for ref in refs):
        raise UserError(f"{path} is damaged: expected a list of refs, got {type(refs).__name__}")
    return refs


def _add_ref(ref: Mapping[str, Any], found: Contents) -> None:
    image_id, ref_id, split, sentences = ref["image_id"], ref["ref_id"], ref["split"], ref["sentences"]
    own = ref["ann_id"]
    found.refs.append(Ref(ref_id, image_id, split, own, [id_ for id_, _, _ in sentences]))
    kinds = [found.kinds.get(id_of(id_) or "", "") for id_ in _list_of(ref.get("category_id"))]
    kind = " + ".join(dict.fromkeys(filter(None, kinds)))
    found.rows += [Row(text, image_id, ref_id, id_, split, own, kind, gold) for id_, text, gold in sentences]


def _read_instances(
    path: Path, folder: Path | None, only: set[str] | None, found: Contents
) -> tuple[dict[str, str], set[str], dict[str, str]]:
    """Fill in pictures and annotations, of all images or of some.

    Also the categories' names by id, all images' ids, and the image of every annotation.
    """

    def pack(entry: dict[str, Any]) -> Any:
        if "segmentation" not in entry:
            return entry
        id_, image_id = id_of(entry.get("id")), id_of(entry.get("image_id"))
        if id_ is None or image_id is None:
            return entry
        if only is not None and image_id not in only:
            return id_, image_id
        box = entry.get("bbox")
        kind = id_of(entry.get("category_id"))
        return Annotation(id_, image_id, entry["segmentation"], [] if box is None else [box], kind)

    if not os.path.lexists(path):
        found.tell("missing file", MissingFileError(f"{path} is missing"))
        return {}, set(), {}
    content = found.read_file(path, partial(parse_json_but, "segmentation", build=pack))
    if content is None:
        return {}, set(), {}

    def listed(key: str) -> list[Any]:
        entries = content.get(key) if isinstance(content, dict) else None
        if isinstance(entries, list):
            return entries
        if entries is not None or key != "categories" or not isinstance(content, dict):
            wanted = "expected COCO's lists images, annotations, categories"
            found.tell("damaged file", f"{path} has no list {key!r}; {wanted}")
        return []

    images = []
    for entry in listed("images"):
        id_ = id_of(entry.get("id")) if isinstance(entry, dict) else None
        if id_ is None or not isinstance(entry.get("file_name"), str):
            found.tell("damaged file", f"an image of {path} lacks id or file_name: {shown(entry)}")
            continue
        images.append(id_)
        wanted = folder if only is None or id_ in only else None
        found.add_picture(id_, wanted, entry["file_name"], entry, path)
    found.require_unique("image", images)
    marked = []
    for entry in listed("annotations"):
        if isinstance(entry, tuple):
            marked.append((entry[0], entry[1]))
            if isinstance(entry, Annotation):
                found.annotations.append(entry)
        else:
            found.note("damaged file", f"an annotation of {path} lacks id, image_id or segmentation: {shown(entry)}")
    found.require_unique("annotation", [id_ for id_, _ in marked])
    kinds: dict[str, str] = {}
    for entry in listed("categories"):
        id_ = id_of(entry.get("id")) if isinstance(entry, dict) else None
        if id_ is None or not is_text(entry.get("name")):
            found.tell("damaged file", f"a category of {path} lacks id or name: {shown(entry)}")
        elif kinds.setdefault(id_, entry["name"]) != entry["name"]:
            found.tell("duplicate id", f"category id {id_} of {path} has two names")
    return kinds, set(images), dict(marked)


def _read_captions(path: Path, found: Contents) -> None:
    """A caption an image, the first one where it has several, and one a thing where there is any.

    Two shapes are known: [{"image_id", "caption"[, "things": {annotation id: caption}]}, ...] and {image id: caption or
    captions}; without the file, or in any other shape, there are none.
    """
    content = found.read_file(path, parse_json) if os.path.lexists(path) else None
    if isinstance(content, list) and all(isinstance(c, dict) and {"image_id", "caption"} <= set(c) for c in content):
        found.captions = {id_: c["caption"] for c in content if (id_ := id_of(c["image_id"])) and is_text(c["caption"])}
        said = [c["things"] for c in content if isinstance(c.get("things"), dict)]
        found.named = {id_: text for things in said for id_, text in things.items() if is_text(text)}
    elif isinstance(content, dict):
        firsts = {i: next(iter(texts), None) if isinstance(texts, list) else texts for i, texts in content.items()}
        found.captions = {image_id: text for image_id, text in firsts.items() if is_text(text)}
