"""``import_predictions``: anybody's answers to a split, measured and kept as a run like any other.

Such a run has predictions and targets, the answers' masks, and neither proposals nor scores: see ``runs.has_stages``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tasnb.core.errors import UserError
from tasnb.core.masks import boxes_xyxy
from tasnb.core.types import Parse, Sample
from tasnb.core.writing import replacing
from tasnb.datasets import Samples
from tasnb.evaluation import metrics, parts, records
from tasnb.evaluation.answer_files import COCO, Answer, AnswerFile, code_of, filled_box, normal
from tasnb.evaluation.plan import DEFAULT_PROTOCOL, PROTOCOL_OF, data_of, differences, versions
from tasnb.evaluation.reading import read_expressions
from tasnb.evaluation.records import Answered, Rows
from tasnb.evaluation.runs import ABOUT, NO_STAGES, ORACLE, SCHEMA, Run, finish

LONGEST_NAME = 100  # characters of a model's name
SHOWN = 3  # keys of each kind on the terminal; run.json has all


def import_predictions(
    predictions: str | Path,
    samples: Sequence[Sample],
    *,
    name: str,
    out: str | Path,
    protocol: str | None = None,
    resize: bool = False,
    bbox: str | None = None,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> Run:
    """Measure anybody's answers and keep them as a run.

    Parameters
    ----------
    predictions : path or str
        JSON, JSON lines or Parquet with a row an answer, a COCO results file whose rows name the expression, or a
        folder of PNG files named by ``sent_id``; docs/method.md lists the fields.
    samples : sequence of Sample
        What was answered. Pictures are not read where the annotations list their sizes.
    name : str
        Of the model; it becomes the run's one method.
    out : path or str
        The run directory; one that is not there, is empty, or holds the same import, which is then opened.
    protocol : str, optional
        Of ``metrics.PROTOCOLS``, for the summary; by default "tas", "gres" of gRefCOCO. Figures under any other follow
        from the same run.
    resize : bool
        Whether masks of another size than the picture are brought to it by nearest neighbour, and counted, or refused.
    bbox : {"xywh", "xyxy"}, optional
        What boxes mean whose field does not tell. Boxes are measured against the target's box.
    tick : callable
        Called with images done and images in all.

    Returns
    -------
    Run
        ``about["imported"]`` says what was found: format, rows, coverage, and which keys are missing, doubled, unknown.

    Raises
    ------
    ValueError
        For a damaged file, in one line that names row and field; for a file that names none of the samples; for a
        folder that holds something else. Nothing is left in ``out`` then.
    """
    if protocol is not None:
        metrics.find(protocol)
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or name == ORACLE:
        raise UserError(f"name: expected a name of at most {LONGEST_NAME} characters, not {ORACLE!r}; got {name!r:.80}")
    if not len(samples):
        raise UserError("expected at least one sample, got none; check the data set, the split and the limit")
    folder, file, data = Path(out), AnswerFile.read(predictions, box=bbox), data_of(samples)
    chosen = protocol or PROTOCOL_OF.get(data["name"], DEFAULT_PROTOCOL)
    about: dict[str, Any] = {
        "schema": SCHEMA,
        "versions": versions(),
        "dataset": data,
        "models": {"name": name, "spec": None, "parts": {"answers": file.digest}},
        "domain_note": "",
        "methods": [name],
        "variant": NO_STAGES,
        "variant_options": {"resize": resize, "box": file.box},
        "weights": {"alpha": 0.0, "lam": 0.0, "source": NO_STAGES},
        "proposals": NO_STAGES,
        "protocol": chosen,
        "parts": 1,
    }
    if (there := _the_same(folder, about)) is not None:
        return there
    matched = _Matched.of(file, samples)
    rows, resized = _Measuring(file=file, samples=samples, name=name, resize=resize).rows(matched.of_sample, tick)
    found = {"source": str(file.path), "format": file.format, "rows": len(file.answers), "box": bool(file.box)}
    found |= {"missing": matched.missing, "doubled": matched.doubled, "unknown": matched.unknown}
    found |= {"ambiguous": matched.ambiguous, "resized": resized, "coverage": len(matched.of_sample) / len(samples)}
    about["imported"] = found
    with _whole(folder) as place:
        parts.write_sealed(place / ABOUT, about)
        parts.write_part(place, 0, rows, parts.key_of(about))
        finish(place)
    return Run(folder)


def told_of(found: Mapping[str, Any]) -> list[str]:
    """What an import met that does not fit, for a terminal: a line each. found: ``about["imported"]``."""
    lines = [f"{found['resized']} masks of another size were resized"] if found["resized"] else []
    words = {
        "missing": "samples without an answer",
        "doubled": "rows of a key that came before, left out",
        "unknown": "rows that name no sample, left out",
        "ambiguous": "keys that name several objects of one picture, each given the same answer",
    }
    for name, what in words.items():
        if listed := found[name]:
            some = "; ".join(listed[:SHOWN]) + (" ..." if len(listed) > SHOWN else "")
            lines.append(f"{len(listed)} {what}: {some}")
    return lines


def _the_same(folder: Path, about: Mapping[str, Any]) -> Run | None:
    """The run in a folder if it is the same import, whole; None for a folder that is free.

    Raises UserError where the folder holds anything else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    try:
        there = Run(folder)
        differ = differences(there.about, about)
    except (OSError, ValueError) as problem:
        raise UserError(f"{folder} is not empty and holds no run; choose another folder (--out)") from problem
    if differ or not there.is_finished:
        told = "; ".join(differ) or "damaged"
        raise UserError(f"{folder} holds another run ({told[:300]}); choose another folder (--out), or delete this one")
    if there.about["protocol"] != about["protocol"]:
        parts.write_sealed(folder / ABOUT, {**there.about, "protocol": about["protocol"]})
        return finish(folder)
    return there


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder beside this one, which takes its name when the block ends; after an error nothing is left."""
    with replacing(folder) as place:
        try:
            place.mkdir()
            yield place
            if folder.is_dir():
                folder.rmdir()  # empty: Windows puts no folder in the place of another
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise


# --- which row answers which sample -----------------------------------------------------------------------------------


@dataclass(kw_only=True)
class _Matched:
    """Number of a sample -> its answer, and what does not fit, in words."""

    of_sample: dict[int, list[Answer]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, file: AnswerFile, samples: Sequence[Sample]) -> _Matched:
        """Match the rows of a file. Raises UserError where none fits."""
        ids = _columns(samples)
        places = _places(ids)
        rows: dict[tuple[str, str, str | int], list[Answer]] = {}
        for answer in file.answers:
            rows.setdefault(answer.key, []).append(answer)
        found = cls()
        for key, own in rows.items():
            numbers = places.get(key)
            if numbers is None:
                found.unknown += [str(key)] * len(own)
            elif key[0] == "sentence" and len(numbers) > 1:
                raise UserError(f"{own[0].where}: {len(numbers)} samples have this sent_id; name them by sample_id")
            elif file.format == COCO:
                found._give(numbers, [own] * len(numbers))
            elif len(own) == len(numbers):  # the same words about the same picture, as often as the data have them
                found._give(numbers, [[each] for each in own])
            else:
                found._give(numbers, [own[:1]] * len(numbers))
                found.doubled += [str(key)] * (len(own) - 1)
            if numbers is not None and len({ids["ref_id"][number] for number in numbers}) > 1:
                found.ambiguous.append(str(key))
        found.missing = [id_ for number, id_ in enumerate(ids["sample_id"]) if number not in found.of_sample]
        if not found.of_sample:
            first = file.answers[0]
            raise UserError(
                f"{file.path}: none of {len(file.answers)} rows names a sample; the first is {first.key}, the data "
                f"have sent_id {ids['sent_id'][0]}, ref_id {ids['ref_id'][0]}, image_id {ids['image_id'][0]}: "
                f"{ids['expression'][0]!r:.60}"
            )
        return found

    def _give(self, numbers: Sequence[int], answers: Sequence[list[Answer]]) -> None:
        for number, own in zip(numbers, answers, strict=True):
            if number in self.of_sample:  # rows of two kinds of key
                self.doubled += [str(each.key) for each in own]
            else:
                self.of_sample[number] = own


def _columns(samples: Sequence[Sample]) -> dict[str, Sequence[str]]:
    """Ids and expression of every sample, without reading any picture where the data set can."""
    names = ("sample_id", "sent_id", "ref_id", "image_id", "expression")
    if isinstance(samples, Samples):
        return {name: getattr(samples, f"{name}s") for name in names}
    every = list(samples)
    return {name: [str(getattr(sample, name)) for sample in every] for name in names}


def _places(ids: Mapping[str, Sequence[str]]) -> dict[tuple[str, str, str | int], list[int]]:
    """Key of a row -> numbers of the samples that it may mean."""
    found: dict[tuple[str, str, str | int], list[int]] = {}
    place_in: dict[str, int] = {}
    columns = (ids[name] for name in ("sent_id", "ref_id", "image_id", "expression"))
    for number, (sent_id, ref_id, image_id, text) in enumerate(zip(*columns, strict=True)):
        place = place_in[ref_id] = place_in.get(ref_id, -1) + 1
        words = normal(text)
        for key in (
            ("sentence", sent_id, ""),
            ("ref", ref_id, place),
            ("ref", ref_id, words),
            ("image", image_id, words),
        ):
            found.setdefault(key, []).append(number)
    for number, sample_id in enumerate(ids["sample_id"]):
        found.setdefault(("sentence", sample_id, ""), [number])
    return found


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class _Measuring:
    """Answers against targets, image by image. A faulty sample is a row of errors, a faulty answer an error."""

    file: AnswerFile
    samples: Sequence[Sample]
    name: str
    resize: bool
    found: Rows = field(default_factory=Rows)
    resized: int = 0

    def rows(self, of_sample: Mapping[int, list[Answer]], tick: Callable[[int, int], None]) -> tuple[Rows, int]:
        """The rows of the run, and how many answers were resized."""
        sound: dict[str, dict[int, Any]] = {}  # by image, in the order of the data: what is known of each sample
        for number in sorted(of_sample):
            try:
                facts = self._facts(number)
                sound.setdefault(facts.image_id, {})[number] = facts
            except (ValueError, OSError) as problem:
                self._failed(number, "read", problem)
        parses = self._parses({n: facts for own in sound.values() for n, facts in own.items()})
        for done, own in enumerate(sound.values()):
            tick(done, len(sound))
            self._image({n: facts for n, facts in own.items() if n in parses}, of_sample, parses)
        tick(len(sound), len(sound))
        return self.found, self.resized

    def _facts(self, number: int) -> Any:
        if isinstance(self.samples, Samples):
            return SimpleNamespace(**self.samples.facts(number))
        return self.samples[number]

    def _target(self, number: int) -> np.ndarray:
        own = self.samples.target(number) if isinstance(self.samples, Samples) else self.samples[number].target
        if own is None:
            raise UserError("no target mask; an evaluation needs one")
        # boxes are measured box to box, as masks: both of whole pixels, so nothing is lost
        return filled_box(boxes_xyxy(own[None])[0].tolist(), own.shape) if self.file.box else own

    def _image(
        self, facts: Mapping[int, Any], of_sample: Mapping[int, list[Answer]], parses: Mapping[int, Parse]
    ) -> None:
        merged, targets = list[Answered](), dict[Any, np.ndarray]()
        for number, sample in facts.items():
            ids = self.samples.target_ids(number) if isinstance(self.samples, Samples) else None
            same = ids or number  # the sentences of an object share its mask
            try:
                target = targets.get(same)
                target = targets[same] = self._target(number) if target is None else target
            except (ValueError, OSError) as problem:
                self._failed(number, "read", problem)
                continue
            area = int(np.count_nonzero(target))
            mask, inter, union = None, 0, area
            if drawn := [self._draw(each, target.shape) for each in of_sample[number] if each.parts]:
                mask, counts = drawn[0]
                for other, _ in drawn[1:]:
                    mask, counts = mask | other, None
                inter = int(np.count_nonzero(mask & target))
                union = int(np.count_nonzero(mask)) + area - inter
                score = float(np.fmax.reduce([each.score for each in of_sample[number]]))
                row = records.answer_row(number, sample, self.name, code_of(mask, counts), score)
                self.found.answers.append(row)
            how: dict[str, Any] = {"answered": mask is not None, "intersection": inter, "union": union, "area": area}
            row = records.imported_row(number, sample, self.name, parses[number], **how)
            self.found.predictions.append(row | records.known_of(self.samples, number))
            shown = np.zeros_like(target) if mask is None else mask
            merged.append(Answered(sample.image_id, sample.ref_id, target, shown, mask is not None))
        if merged:
            self.found.refs += records.ref_rows(merged, self.name)

    def _draw(self, answer: Answer, size_hw: tuple[int, int]) -> tuple[np.ndarray, str | None]:
        mask, counts, resized = self.file.draw(answer, size_hw, resize=self.resize)
        self.resized += resized
        return mask, counts

    def _parses(self, facts: Mapping[int, Any]) -> dict[int, Parse]:
        """The parses of the samples that have one, by number."""
        known, found = read_expressions([sample.expression for sample in facts.values()]), {}
        for number, sample in facts.items():
            parse = known[sample.expression]
            if isinstance(parse, Exception):
                self._failed(number, "parse", parse)
            else:
                found[number] = parse
        return found

    def _failed(self, number: int, stage: str, problem: Exception) -> None:
        ids = _columns(self.samples)
        row = number, ids["sample_id"][number], ids["image_id"][number], "", stage, problem
        self.found.errors.append(records.error_row(*row))
