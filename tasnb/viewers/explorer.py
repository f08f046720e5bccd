"""``explore``: a photo, its proposals, and why one of them won.

    viewer = tn.viewers.explore(sample, artifacts, models)

Ranking again happens in the browser; only a new expression asks the kernel.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.images import as_rgb
from tasnb.core.masks import iou
from tasnb.core.types import ImageArtifacts, Models, Prediction, Sample, ScoreTable
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline.variant import VARIANTS
from tasnb.viewers import assets, record
from tasnb.viewers.record import Settings
from tasnb.viewers.viewer import Viewer
from tasnb.viewers.why import why_record

if TYPE_CHECKING:
    import pandas as pd


class Explorer(Viewer):
    """What ``explore`` returns. ``selected``, ``ranking``, ``prediction`` and ``code`` are what is on screen.

    why: variant -> the cause of a failure and its cures, {} without a target; the cures' switches are the browser's
    alone: the values here stay without them. selected: the number of the mask picked, the answer's at first; None
    without proposals. Setting it picks a mask.
    """

    _esm = assets.module("explore")
    kind: ClassVar[str] = "explorer"
    module: ClassVar[str] = "explore"

    scene = traitlets.Dict().tag(sync=True)
    reading = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    why = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)

    def __init__(
        self,
        image_rgb: np.ndarray,
        artifacts: ImageArtifacts,
        models: Models,
        expression: str,
        *,
        target: np.ndarray | None,
        settings: Settings,
        gold: Mapping[str, Any] | None = None,
    ) -> None:
        readings, missing = record.read(artifacts, expression, models)
        if settings.variant not in readings:
            raise ValueError(missing[settings.variant])
        self._image_rgb, self._artifacts, self._models, self._target = image_rgb, artifacts, models, target
        self._readings, self._first, self._gold = readings, settings, {expression: gold or {}}
        super().__init__(
            scene=record.scene_record(image_rgb, artifacts, target, models.name),
            reading=record.reading_record(expression, readings, missing, artifacts),
            settings=settings.to_json(),
            why=self._why(expression),
        )
        self.selected = self._table().best
        self.on_msg(self._answer)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.words()}>"

    @property
    def expression(self) -> str:
        """The expression that is ranked now."""
        return str(self.reading["expression"])

    @property
    def ranking(self) -> pd.DataFrame:
        """A row a proposal, best first: rank, proposal, total, v, p, n, kept, verdict, caption; with a target iou."""
        table = self._table()
        order = table.ranking
        frame = table.to_frame()[["proposal", "total", "v", "p", "n", "kept", "verdict"]]
        frame["caption"] = self.scene["captions"]
        if self.scene["iou"] is not None:
            frame["iou"] = self.scene["iou"]
        frame = frame.iloc[order].reset_index(drop=True)
        frame.insert(0, "rank", np.arange(1, len(frame) + 1))
        return frame

    @property
    def prediction(self) -> Prediction:
        """The answer under the settings on screen, as ``tn.tas`` gives it."""
        now, reading = self._now(), self._readings[self._now().variant]
        return pipeline.answer(
            self._artifacts, self.expression, self._table(), reading.parse, reading.negatives,
            method_name=f"TAS ({now.variant})",
        )  # fmt: skip

    @property
    def code(self) -> str:
        """The Python call that gives what is on screen; ``static/receipt.js`` writes the same text."""
        now = self._now()
        options = [f'variant="{now.variant}"']
        options += [f"alpha={_plain(now.alpha)}"] if now.use_p else []
        options += [f"lam={_plain(now.lam)}"] if now.use_n else []
        if len(now.use) < len(pipeline.MODULES):
            names = ", ".join(f'"{module}"' for module in now.use)
            options.append(f"use=({names}{',' if len(now.use) == 1 else ''})")
        text = json.dumps(self.expression, ensure_ascii=False)
        call = f"answer = tn.tas(artifacts, {text}, models, {', '.join(options)})"
        return call if self.selected is None else f"{call}\nmask = artifacts.proposals.masks[{self.selected}]"

    def ask(self, expression: str) -> None:
        """Rank for another expression about the same image. Raises as ``tn.tas`` does; nothing changes then."""
        readings, missing = record.read(self._artifacts, expression, self._models)
        now = self._now()
        if now.variant not in readings:
            raise ValueError(missing[now.variant])
        self._readings = readings
        best = record.table_of(readings[now.variant], self._artifacts, now).best
        with self.hold_sync():  # one message: the browser never sees one without the other
            self.reading = record.reading_record(expression, readings, missing, self._artifacts)
            self.why = self._why(expression)
            self.selected = best

    def picture(self) -> np.ndarray:
        """The annotated picture of the answer: uint8 (h, w, 3)."""
        return np.asarray(plots.annotated(self.prediction, self._image_rgb, target=self._target))

    def words(self) -> str:
        """What is on screen, in a sentence or two."""
        answer = self.prediction
        if answer.index is None:
            return f"“{self.expression}”: no proposal was found, so there is no answer."
        table = answer.table
        fits = "" if self._target is None else f", IoU {iou(answer.mask, self._target):.2f} with the target"
        return (
            f"“{self.expression}”: {answer.method} chose mask {answer.index} of {len(table)} with "
            f"S {table.total[answer.index]:.3f}; {int(table.kept.sum())} stayed in{fits}."
        )

    @traitlets.validate("selected")
    def _is_a_mask(self, proposal: dict[str, Any]) -> int | None:
        index, count = proposal["value"], len(self._artifacts.proposals)
        if index is not None and not 0 <= index < count:
            raise traitlets.TraitError(f"selected: expected a mask number from 0 to {count - 1} or None, got {index}")
        return index

    @traitlets.validate("settings")
    def _are_settings(self, proposal: dict[str, Any]) -> dict[str, Any]:
        wanted, got = Settings().to_json(), proposal["value"]
        if set(got) != set(wanted):
            raise traitlets.TraitError(f"settings: expected the keys {', '.join(wanted)}, got {', '.join(got)}")
        if got["variant"] not in self._readings:
            known = ", ".join(self._readings)
            raise traitlets.TraitError(f"settings: variant {got['variant']!r} cannot rank here; choose from {known}")
        try:
            return Settings.from_json(got).checked().to_json()
        except (TypeError, ValueError) as problem:
            raise traitlets.TraitError(f"settings: {problem}") from problem

    def _why(self, expression: str) -> dict[str, Any]:
        """The cause and its cures, at the weights that the viewer was opened with."""
        return why_record(self._readings, self._artifacts, self._target, self._first,
                          gold=self._gold.get(expression), wordnet=self._models.wordnet)  # fmt: skip

    def _now(self) -> Settings:
        return Settings.from_json(self.settings)

    def _table(self) -> ScoreTable:
        now = self._now()
        return record.table_of(self._readings[now.variant], self._artifacts, now)

    def _answer(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        """The browser asks {"kind": "ask", "expression", "number"}; the reply says what went wrong, if anything."""
        if content.get("kind") != "ask":
            return
        problem = ""
        try:
            self.ask(content["expression"])
        except Exception as error:  # whatever it is, the reader of the widget must see it: a log is not read
            problem = str(error) or type(error).__name__
        self.send({"kind": "answered", "number": content.get("number"), "problem": problem})


def explore(
    sample_or_image: Any,
    artifacts: ImageArtifacts,
    models: Models,
    expression: str | None = None,
    *,
    target: np.ndarray | None = None,
    variant: str = "paper",
    alpha: float | None = None,
    lam: float | None = None,
    use: tuple[str, ...] = pipeline.MODULES,
) -> Explorer:
    """The photo with its proposals: hover for a mask's receipt, move the weights, type another expression.

    sample_or_image: a Sample, or whatever ``tn.as_rgb`` takes. expression, target: the sample's, unless given here;
    an image needs an expression. variant, alpha, lam, use: where the switches stand at first, as in ``tn.tas``.
    Raises ValueError when an argument is missing or the parts do not belong together.
    """
    gold: Mapping[str, Any] = {}
    if isinstance(sample_or_image, Sample):
        gold = sample_or_image.gold if expression in (None, sample_or_image.expression) else {}
        image_rgb = sample_or_image.image
        expression = sample_or_image.expression if expression is None else expression
        target = sample_or_image.target if target is None else target
    else:
        image_rgb = as_rgb(sample_or_image)
    if expression is None:
        raise ValueError('an image needs an expression: explore(image, artifacts, models, "the left cat")')
    for name, size_hw in (("artifacts", artifacts.size_hw), ("target", None if target is None else target.shape)):
        if size_hw is not None and tuple(size_hw) != image_rgb.shape[:2]:
            raise ValueError(f"{name}: expected the image's size {image_rgb.shape[:2]} (h, w), got {tuple(size_hw)}")
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant {variant!r}; choose from {', '.join(VARIANTS)}")
    unknown = sorted(set(use) - set(pipeline.MODULES))
    if unknown or "v" not in use:
        problem = f"unknown module {unknown[0]!r}" if unknown else "'v' is missing from use"
        raise ValueError(f"{problem}; choose from {', '.join(pipeline.MODULES)} and keep 'v'")
    weights = VARIANTS[variant].weights
    settings = Settings(
        variant=variant,
        alpha=weights.alpha if alpha is None else float(alpha),
        lam=weights.lam if lam is None else float(lam),
        use_p="p" in use,
        use_n="n" in use,
        spatial="spatial" in use,
    )
    return Explorer(image_rgb, artifacts, models, expression, target=target, settings=settings, gold=gold)


def _plain(number: float) -> str:
    """As JavaScript writes a number: 1 for 1.0."""
    return str(int(number)) if number == int(number) else repr(number)
