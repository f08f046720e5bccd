"""``annotate``: make an own data set by clicking: a proposal becomes the target of an expression that you type.

    viewer = tn.viewers.annotate(pictures, described, names=["park", "street"])
    viewer.annotations              # a row an expression
    viewer.save("my_photos")        # a folder data set: tn.datasets.load("folder", root="my_photos")

Captions and scores are not shown: who writes an expression should look at the picture, not at what the models say.
Every click and every key is kept, in the browser and in a file beside the folder, and offered again (``drafts``).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.errors import UserError
from tasnb.core.masks import areas, centroids_xy
from tasnb.core.types import ImageArtifacts, Proposals, Sample
from tasnb.datasets import write
from tasnb.stages.expressions import require_text
from tasnb.viewers import drafts
from tasnb.viewers.record import scene_record
from tasnb.viewers.viewer import Viewer, mask_number, masks_to_choose, picture_of

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "my_photos"  # the name that the page proposes
TOLD = 3  # annotations that ``words`` repeats
ROWS, COLUMNS = ("top", "", "bottom"), ("left", "", "right")


class Annotator(Viewer, module="annotate", kind="annotation page"):
    """What ``annotate`` returns.

    Parameters
    ----------
    pictures : sequence of ndarray of uint8, shape (h, w, 3)
        What is annotated.
    artifacts : sequence of ImageArtifacts
        One for each picture; their proposals are the masks to choose from.
    names : list of str
        One for each picture, all different.
    folder : str
        The name that the page proposes for the data set.

    Attributes
    ----------
    number : int
        The picture on screen, counted from 0; setting it turns there.
    chosen : int or None
        The mask to be named.
    entries : list of dict
        {"image": number, "expression": text, "proposal": mask number, or None where no mask fits}, in the order in
        which they were made; ``annotations`` is the same as a frame.
    folder : str
        Where the Save button saves. What is clicked and typed is kept in ``<folder>.draft.json`` beside it.
    found : dict
        What an earlier session left about these pictures; {} once it is decided: ``resume`` continues with it, and
        setting {} starts again, which keeps the older draft as ``<folder>.1.before.json``.
    """

    scene = traitlets.Dict().tag(sync=True)
    number = traitlets.Int(0).tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    entries = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    halves = traitlets.Dict().tag(sync=True)  # key of a picture -> what is typed and chosen there, not added yet
    found = traitlets.Dict().tag(sync=True)
    marks = traitlets.List(traitlets.Unicode()).tag(sync=True)  # of each picture with its masks
    counts = traitlets.List(traitlets.Int()).tag(sync=True)  # the masks of each picture
    folder = traitlets.Unicode(FOLDER).tag(sync=True)
    at = traitlets.Int(0).tag(sync=True)  # when the browser told the last change, milliseconds since 1970
    kept = traitlets.Dict({"file": "", "problem": ""}).tag(sync=True)  # the draft's file, or why there is none
    wish = traitlets.Dict().tag(sync=True)  # {"folder", "times"}: the Save button was pressed
    notice = traitlets.Unicode("").tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        pictures: Sequence[np.ndarray],
        artifacts: Sequence[ImageArtifacts],
        names: list[str],
        folder: str = FOLDER,
    ) -> None:
        self.pictures, self.artifacts = tuple(pictures), tuple(artifacts)
        self._saved: dict[Path, str] = {}  # the tables that this viewer wrote, by their digest
        self._last = 0  # the last ``at`` that was kept
        marks, counts = drafts.keys_of(pictures, artifacts), [len(each.proposals) for each in artifacts]
        super().__init__(scene=self._scene(0), names=names, marks=marks, counts=counts, folder=folder)
        try:
            self.found = self._news(drafts.read(Path(folder).expanduser()))
        except (OSError, ValueError, traitlets.TraitError) as error:
            self.kept = {"file": "", "problem": str(error)}
        self.observe(self._go, names="number")
        self.observe(self._keep, names=["entries", "halves", "found", "folder"])
        self.observe(self._obey, names="wish")

    @property
    def annotations(self) -> pd.DataFrame:
        """A row an annotation: image (its name), expression, proposal (missing where no mask fits)."""
        import pandas as pd

        rows = [(self.names[e["image"]], e["expression"], e["proposal"]) for e in self.entries]
        frame = pd.DataFrame(rows, columns=["image", "expression", "proposal"])
        return frame.astype({"proposal": "Int64"})

    @property
    def samples(self) -> list[Sample]:
        """The annotations as samples, as ``load("folder")`` gives them after ``save``; without a mask no target."""
        return [self._sample(place, entry) for place, entry in enumerate(self.entries, start=1)]

    def add(self, expression: str, proposal: int | None, *, image: int | str | None = None) -> None:
        """Annotate as a click does.

        Parameters
        ----------
        expression : str
            What only the mask is.
        proposal : int or None
            The mask's number; None: no mask fits.
        image : int or str, optional
            The picture's number or name; default: the one on screen.

        Raises
        ------
        ValueError, TypeError
            For an empty expression, an unknown image, or a mask that is none of its masks.

        Notes
        -----
        An expression means one thing: the same words about the same picture once more move them to the new mask.
        """
        number = self.number if image is None else self._image(image)
        entry: dict[str, Any] = {"image": number, "expression": expression, "proposal": proposal}
        self._check(entry)
        entry |= {"expression": expression.strip(), "proposal": None if proposal is None else int(proposal)}
        self.entries = [e for e in self.entries if not _same_words(e, entry)] + [entry]

    def remove(self, row: int) -> None:
        """Take one annotation out.

        Parameters
        ----------
        row : int
            Its row in ``annotations``.

        Raises
        ------
        IndexError
            For a row that is not there.
        """
        if not 0 <= row < len(self.entries):
            raise IndexError(f"row: expected 0 to {len(self.entries) - 1}, got {row}; see annotations")
        self.entries = [entry for place, entry in enumerate(self.entries) if place != row]

    def save(self, folder: Path | str, *, replace: bool = False) -> Path:
        """Write pictures, masks and samples.csv.

        Parameters
        ----------
        folder : path
            New or empty, or where this viewer saved before.
        replace : bool
            Whether to write over another data set that was saved so.

        Returns
        -------
        Path
            The folder; ``tn.datasets.load("folder", root=...)`` reads it.

        Raises
        ------
        ValueError
            Without an annotation.
        FileExistsError
            Where anything else lies; nothing is changed then.
        """
        place = Path(folder).expanduser()
        ours = self._saved.get(place.resolve())
        written = write(self.samples, place, replace=replace or (ours is not None and ours == _digest(place)))
        self._saved[written.resolve()] = _digest(written)
        self.folder = str(folder)
        self._keep()
        return written

    def resume(self) -> None:
        """Continue where an earlier session stopped: take over what ``found`` holds, and turn to its last picture."""
        if not self.found:
            return
        last = max(self.found, key=lambda key: self.found[key]["time"])
        halves = {key: record["half"] for key, record in self.found.items() if record["half"]}
        with self.hold_sync():
            self.entries = [
                {"image": n, **entry} for n in range(len(self.marks)) for entry in self._record(n)["entries"]
            ]
            self.halves = {**halves, **self.halves}
            self.number = self.marks.index(last)
            self.found = {}

    def picture(self) -> np.ndarray:
        """The numbered proposals of the picture on screen.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.numbered`` draws it.
        """
        artifacts = self.artifacts[self.number]
        return plots.numbered(artifacts.at_working_size(self.pictures[self.number]), artifacts.proposals)

    def words(self) -> str:
        """What is on screen, and the last annotations.

        Returns
        -------
        str
            A sentence each.
        """
        last = []
        for entry in self.entries[-TOLD:]:
            mask = "no mask" if entry["proposal"] is None else f"mask {entry['proposal']}"
            last.append(f"“{entry['expression']}” is {mask} of {self.names[entry['image']]}")
        here = f"Picture {self.number + 1} of {len(self.names)}, {self.names[self.number]}: "
        masks = len(self.artifacts[self.number].proposals)
        told = f"{', the last' if len(self.entries) > TOLD else ''}: {'; '.join(last)}" if last else ""
        return f"{here}{_count(masks, 'mask')}. {_count(len(self.entries), 'annotation')}{told}."

    def snapshot(self) -> dict[str, Any]:
        """What ``mount`` needs to run the viewer without a kernel: not the author's drafts, nor where they lie.

        Returns
        -------
        dict
            As ``Viewer.snapshot`` gives it.
        """
        kept = {"found": {}, "halves": {}, "kept": {"file": "", "problem": ""}}
        saved = {"folder": Path(self.folder).name, "wish": {}, "notice": "", "problem": ""}
        return {**super().snapshot(), **kept, **saved}

    @traitlets.validate("entries")
    def _are_annotations(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        for entry in proposal["value"]:
            try:
                self._check(entry)
            except (ValueError, TypeError) as wrong:
                raise traitlets.TraitError(f"entries: {wrong}") from wrong
        return list(proposal["value"])

    @traitlets.validate("found")
    def _are_records(self, proposal: dict[str, Any]) -> dict[str, Any]:
        try:
            found = {key: drafts.Kept.model_validate(record) for key, record in proposal["value"].items()}
            for key, record in found.items():
                number = self.marks.index(key)
                for entry in record.entries:
                    self._check({"image": number, **entry.model_dump()})
        except (ValueError, TypeError) as wrong:
            raise traitlets.TraitError(f"found: {wrong}") from wrong
        return {key: record.model_dump() for key, record in found.items()}

    @traitlets.validate("halves")
    def _are_halves(self, proposal: dict[str, Any]) -> dict[str, Any]:
        try:
            return {key: drafts.Half.model_validate(half).model_dump() for key, half in proposal["value"].items()}
        except ValueError as wrong:
            raise traitlets.TraitError(f"halves: {wrong}") from wrong

    @traitlets.validate("number")
    def _is_a_picture(self, proposal: dict[str, Any]) -> int:
        return self._image(proposal["value"])

    @traitlets.validate("chosen")
    def _is_a_mask(self, proposal: dict[str, Any]) -> int | None:
        return mask_number(proposal, len(self.artifacts[self.number].proposals))

    def _check(self, entry: dict[str, Any]) -> None:
        if set(entry) != {"image", "expression", "proposal"}:
            raise UserError(f"expected image, expression and proposal, got {', '.join(map(str, entry))}")
        number, proposal = self._image(entry["image"]), entry["proposal"]
        require_text(entry["expression"])
        count = len(self.artifacts[number].proposals)
        whole = isinstance(proposal, int | np.integer) and not isinstance(proposal, bool)
        if proposal is not None and not (whole and 0 <= proposal < count):
            raise UserError(f"proposal: expected {masks_to_choose(count)}, or None where none fits, got {proposal!r}")

    def _image(self, image: int | str) -> int:
        if isinstance(image, str) and image in self.names:
            return self.names.index(image)
        if isinstance(image, int | np.integer) and not isinstance(image, bool) and 0 <= image < len(self.pictures):
            return int(image)
        last = len(self.pictures) - 1
        raise UserError(f"image: expected a number from 0 to {last} or one of {', '.join(self.names)}, got {image!r}")

    def _sample(self, place: int, entry: dict[str, Any]) -> Sample:
        number, proposal = entry["image"], entry["proposal"]
        name, artifacts = self.names[number], self.artifacts[number]
        return Sample(
            image=self.pictures[number],
            expression=entry["expression"],
            target=None if proposal is None else artifacts.at_full_size(artifacts.proposals.masks[proposal]),
            sample_id=f"folder-val-{place}",
            image_id=name,
            ref_id=f"{name}/{'none ' + str(place) if proposal is None else proposal}",
            sent_id=str(place),
            dataset="folder",
            split="val",
        )

    def _scene(self, number: int) -> dict[str, Any]:
        artifacts = self.artifacts[number]
        scene = scene_record(artifacts.at_working_size(self.pictures[number]), artifacts, None, "")
        return {**scene, "number": number, "captions": places(artifacts.proposals), "caption": ""}

    def _go(self, change: Any) -> None:
        with self.hold_sync():  # one message: never a chosen mask of another picture
            self.chosen = None
            self.scene = self._scene(change["new"])

    def _record(self, number: int) -> dict[str, Any]:
        """What is kept of a picture: what was found and not decided on, then what was made since."""
        key, here = self.marks[number], [entry for entry in self.entries if entry["image"] == number]
        found = self.found.get(key, {"entries": [], "half": None})
        before = [{"image": number, **entry} for entry in found["entries"]]
        both = [old for old in before if not any(_same_words(old, new) for new in here)] + here
        entries = [{"expression": entry["expression"], "proposal": entry["proposal"]} for entry in both]
        return {"entries": entries, "half": self.halves.get(key) or found["half"]}

    def _lacks(self, record: dict[str, Any], number: int) -> bool:
        """Whether a record of a picture holds anything that is not kept here."""
        here = self._record(number)
        missing = [entry for entry in record["entries"] if entry not in here["entries"]]
        return bool(missing) or (record["half"] is not None and record["half"] != here["half"])

    def _news(self, draft: drafts.Draft) -> dict[str, Any]:
        """What a draft holds of these pictures that is not kept here."""
        told = {key: draft.pictures[key].model_dump() for key in self.marks if key in draft.pictures}
        return {key: record for key, record in told.items() if self._lacks(record, self.marks.index(key))}

    def _keep(self, change: Any = None) -> None:
        """Write what is kept beside the folder, once a browser has told anything: a script leaves no file."""
        what, folder = change["name"] if change else "", Path(self.folder).expanduser()
        try:
            if what == "found":
                self._decide(change["old"], folder)
            if not self.said:
                return
            draft = drafts.read(folder)
            if what == "folder" and (news := self._news(draft)):
                drafts.set_aside(folder)
                self.found = {**self.found, **news}  # which is kept, as this is
                return
            stamp = self.at if self.at > self._last else time.time_ns() // 1_000_000  # the browser's clock, if it spoke
            self._last = self.at
            written = draft.written if self.found else self._saved.get(folder.resolve(), "")
            records = {key: drafts.Kept(time=stamp, **self._record(n)) for n, key in enumerate(self.marks)}
            now = draft.with_records(records, written)
            if now != draft:
                drafts.write(folder, now)
        except (OSError, ValueError) as error:
            self.kept = {"file": "", "problem": str(error.__cause__ or error)}
        else:
            self.kept = {"file": str(drafts.place_of(folder)), "problem": ""}

    def _decide(self, old: dict[str, Any], folder: Path) -> None:
        """After a decision on what was found: dropped, it is set aside; taken over, its data set may be renewed."""
        if any(self._lacks(record, self.marks.index(key)) for key, record in old.items()):
            drafts.set_aside(folder)
        elif not self.found:
            draft = drafts.read(folder)
            if draft.written and draft.about() <= set(self.marks):
                self._saved.setdefault(folder.resolve(), draft.written)

    def _obey(self, change: Any) -> None:
        """The Save button: what stops it is told in the viewer, where the reader is."""
        text = str(change["new"].get("folder", "")).strip()
        try:
            if not text:
                raise UserError("expected the name of a folder, got nothing")
            written = self.save(text)
        except (OSError, ValueError) as error:
            notice, problem = "", f"Nothing was saved: {error}"
        else:
            rows = _count(len(self.entries), "expression")
            pictures = _count(len({entry["image"] for entry in self.entries}), "picture")
            read = f'tn.datasets.load("folder", root={str(written)!r})'
            notice, problem = f"Saved {rows} about {pictures}. Read them with {read}.", ""
        with self.hold_sync():
            self.notice, self.problem = notice, problem


def annotate(
    images: Any,
    artifacts: ImageArtifacts | Sequence[ImageArtifacts],
    *,
    names: str | Sequence[str] | None = None,
    folder: Path | str = FOLDER,
) -> Annotator:
    """Click a proposal, type an expression for it, and save the result as a folder data set.

    Parameters
    ----------
    images : one picture or a sequence of them
        Each what ``tn.as_rgb`` takes, or a Sample.
    artifacts : ImageArtifacts or sequence of ImageArtifacts
        One for each picture, from ``tn.describe``.
    names : str or sequence of str, optional
        One for each picture, all different; default: the file's name, the Sample's image_id, else the artifacts'.
    folder : path
        Where the Save button saves; the page can change it.

    Returns
    -------
    Annotator
        The widget.

    Raises
    ------
    ValueError
        For no picture, and for artifacts or names that do not fit.
    FileNotFoundError
        For a missing file.

    Notes
    -----
    Captions and scores are not shown; an expression may have no mask where none fits; a picture without proposals can
    only have such expressions.

    Whatever is clicked or typed is kept at once in the browser, by the pictures and their masks, and by the kernel in
    ``<folder>.draft.json`` beside the folder. Opened again on the same pictures and masks, the page asks whether to
    continue where it stopped or to start again.
    """
    several = isinstance(images, Sequence) and not isinstance(images, str)
    given = list(images) if several else [images]
    found = [artifacts] if isinstance(artifacts, ImageArtifacts) else list(artifacts)
    if not given:
        raise UserError("images: expected at least one picture, got none")
    if len(found) != len(given):
        raise UserError(f"artifacts: expected one for each of {len(given)} pictures, got {len(found)}")
    if any(image is None for image in given):
        raise UserError("images: expected a picture, got None")
    pairs = list(zip(given, found, strict=True))
    pictures = [picture_of(image) for image in given]
    for picture, described in zip(pictures, found, strict=True):
        described.at_working_size(picture)  # both have one size, or it says so
    if names is None:
        called = [_name_of(image, described) for image, described in pairs]
    else:
        called = [names] if isinstance(names, str) else [str(name) for name in names]
    if len(called) != len(given) or len(set(called)) != len(called) or not all(name.strip() for name in called):
        raise UserError(f"names: expected {len(given)} different names, one for each picture, got {', '.join(called)}")
    return Annotator(pictures, found, called, str(folder))


def places(found: Proposals) -> list[str]:
    """Where each mask lies and how large it is, for those who cannot see it: "top left, 12 % of the picture"."""
    height, width = found.size_hw
    told = []
    for (x, y), area in zip(centroids_xy(found.masks), areas(found.masks), strict=True):
        if not area:
            told.append("empty")
            continue
        where = f"{ROWS[min(2, int(3 * y / height))]} {COLUMNS[min(2, int(3 * x / width))]}".strip() or "middle"
        share = 100 * area / (height * width)
        told.append(f"{where}, {'less than 1 %' if share < 1 else f'{share:.0f} %'} of the picture")
    return told


def _same_words(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = (" ".join(entry["expression"].lower().split()) for entry in (one, other))
    return one["image"] == other["image"] and first == second


def _name_of(image: Any, artifacts: ImageArtifacts) -> str:
    if isinstance(image, Sample):
        return image.image_id
    return Path(image).stem if isinstance(image, str | Path) else artifacts.image_id


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _digest(folder: Path) -> str:
    table = folder / "samples.csv"
    return hashlib.sha256(table.read_bytes()).hexdigest() if table.is_file() else "missing"
