"""``explore``: a photo, its proposals, and why one of them won.

    viewer = tn.viewers.explore(sample, artifacts, sample.expression, models)

Ranking again happens in the browser; only a new expression asks the kernel.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from pydantic import ValidationError

from tasnb import plots
from tasnb.core.masks import iou
from tasnb.core.types import ImageArtifacts, Models, Prediction, Sample, ScoreTable
from tasnb.pipeline.tas import MODULES, answer
from tasnb.pipeline.variant import at_hand, weights_for
from tasnb.viewers import record
from tasnb.viewers.record import Settings
from tasnb.viewers.viewer import Viewer, expression_of, image_of, mask_number, problem_of

if TYPE_CHECKING:
    import pandas as pd


class Explorer(Viewer, module="explore", kind="explorer"):
    """What ``explore`` returns: its traits and properties are what is on screen.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The picture.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of it.
    expression : str
        What is looked for at first.
    models : Models
        The models that read an expression.
    target : ndarray of bool, shape (h, w), or None
        The true mask, where it is known.
    settings : Settings
        Where the switches stand at first.
    gold : mapping
        What the data set says of the expression, {} where it says nothing.

    Attributes
    ----------
    selected : int or None
        The number of the mask picked, the answer's at first; None without proposals. Setting it picks a mask.
    settings : dict
        variant, alpha, lam, useP, useN, spatial: where the switches stand. Setting it moves them.
    scene, reading, why : dict
        What the browser ranks; ``why``: variant -> the cause of a failure and its cures, {} without a target.

    Notes
    -----
    The cures' switches are the browser's alone: the values here stay without them.
    """

    scene = traitlets.Dict().tag(sync=True)
    reading = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    why = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    asking = traitlets.Dict().tag(sync=True)  # {"expression", "times"}: what the browser wants ranked
    problem = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        image_rgb: np.ndarray,
        artifacts: ImageArtifacts,
        expression: str,
        models: Models,
        *,
        target: np.ndarray | None,
        settings: Settings,
        gold: Mapping[str, Any],
    ) -> None:
        self._image_rgb, self._artifacts, self._models, self._target = image_rgb, artifacts, models, target
        self._first, self._gold = settings, {expression: gold}
        scene = record.scene_record(image_rgb, artifacts, target, models.name)
        super().__init__(scene=scene, settings=settings.to_json(), **self._read(expression, settings))
        self.observe(self._answer, names="asking")

    @property
    def expression(self) -> str:
        """The expression that is ranked now."""
        return str(self.reading["expression"])

    @property
    def ranking(self) -> pd.DataFrame:
        """A row a proposal, best first: rank, proposal, total, v, p, n, kept, verdict, caption; with a target iou."""
        overlap = {} if self.scene["iou"] is None else {"iou": self.scene["iou"]}
        columns = ("total", "v", "p", "n", "kept", "verdict")
        return record.ranking_of(self._table(), columns, caption=self.scene["captions"], **overlap)

    @property
    def prediction(self) -> Prediction:
        """The answer under the settings on screen, as ``tn.tas`` gives it."""
        variant = self._now().variant
        scored = self._table(), self._readings[variant].parse, self._readings[variant].negatives
        return answer(self._artifacts, self.expression, *scored, method_name=f"TAS ({variant})")

    @property
    def code(self) -> str:
        """The Python call that gives what is on screen; ``static/receipt.js`` writes the same text."""
        now = self._now()
        options = [f"variant={self.reading['variants'][now.variant]['python']}"]
        options += [f"alpha={_plain(now.alpha)}"] if now.use_p else []
        options += [f"lam={_plain(now.lam)}"] if now.use_n else []
        if len(now.use) < len(MODULES):
            names = ", ".join(f'"{module}"' for module in now.use)
            options.append(f"use=({names}{',' if len(now.use) == 1 else ''})")
        text = json.dumps(self.expression, ensure_ascii=False)
        call = f"answer = tn.tas(artifacts, {text}, models, {', '.join(options)})"
        return call if self.selected is None else f"{call}\nmask = artifacts.proposals.masks[{self.selected}]"

    def ask(self, expression: str) -> None:
        """Rank for another expression about the same image, and select its answer.

        Parameters
        ----------
        expression : str
            What to look for.

        Raises
        ------
        ValueError, TypeError
            As ``tn.tas`` raises them; nothing changes then.
        """
        changes = self._read(expression, self._now())
        with self.hold_sync():  # one message: the browser never sees one without the other
            for name, value in changes.items():
                setattr(self, name, value)

    def picture(self) -> np.ndarray:
        """The annotated picture of the answer.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.annotated`` draws it.
        """
        return np.asarray(plots.annotated(self._image_rgb, self.prediction, target=self._target))

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            The expression, the mask chosen and its S, in a sentence or two.
        """
        chosen = self.prediction
        if chosen.index is None:
            return f"“{self.expression}”: no proposal was found, so there is no answer."
        table = chosen.table
        fits = ""
        if self._target is not None:
            fits = f", IoU {iou(self._artifacts.at_working_size(chosen.mask), self._target):.2f} with the target"
        return (
            f"“{self.expression}”: {chosen.method} chose mask {chosen.index} of {len(table)} with "
            f"S {table.total[chosen.index]:.3f}; {int(table.kept.sum())} stayed in{fits}."
        )

    @traitlets.validate("selected")
    def _is_a_mask(self, proposal: dict[str, Any]) -> int | None:
        return mask_number(proposal, len(self._artifacts.proposals))

    @traitlets.validate("settings")
    def _are_settings(self, proposal: dict[str, Any]) -> dict[str, Any]:
        wanted, got = Settings().to_json(), proposal["value"]
        if set(got) != set(wanted):
            raise traitlets.TraitError(f"settings: expected the keys {', '.join(wanted)}, got {', '.join(got)}")
        if got["variant"] not in self._readings:
            known = ", ".join(self._readings)
            raise traitlets.TraitError(f"settings: variant {got['variant']!r} cannot rank here; choose from {known}")
        try:
            return Settings.model_validate(got).to_json()
        except ValidationError as problem:
            first = problem.errors()[0]
            raise traitlets.TraitError(
                f"settings: {first['loc'][0]}: {first['msg']}, got {first['input']}"
            ) from problem

    def _read(self, expression: str, now: Settings) -> dict[str, Any]:
        """Read an expression -> what changes on screen; the cause and its cures at the weights of the beginning."""
        readings = record.read_by_each(self._artifacts, expression, self._models)
        changes = {
            "reading": record.reading_record(expression, readings, self._artifacts),
            "why": record.why_record(
                readings,
                self._artifacts,
                self._target,
                self._first,
                gold=self._gold.get(expression),
                wordnet=self._models.wordnet,
            ),
            "selected": record.table_of(readings[now.variant], self._artifacts, now).best,
        }
        self._readings = readings
        return changes

    def _now(self) -> Settings:
        return Settings.model_validate(self.settings)

    def _table(self) -> ScoreTable:
        now = self._now()
        return record.table_of(self._readings[now.variant], self._artifacts, now)

    def _answer(self, change: Any) -> None:
        """The browser asks for an expression: what stops it is told in the viewer, where the reader is."""
        problem = ""
        try:
            self.ask(change["new"].get("expression"))
        except Exception as error:
            problem = problem_of(error)
        self.problem = problem


def explore(
    sample_or_image: Any,
    artifacts: ImageArtifacts,
    expression: str | None,
    models: Models,
    *,
    target: np.ndarray | None = None,
    variant: str | None = None,
    alpha: float | None = None,
    lam: float | None = None,
    use: tuple[str, ...] = MODULES,
) -> Explorer:
    """The photo with its proposals: hover for a mask's receipt, move the weights, type another expression.

    Parameters
    ----------
    sample_or_image : Sample, or whatever ``tn.as_rgb`` takes
        The picture; a Sample brings its target too.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of this picture.
    expression : str or None
        What to look for; None: the Sample's own expression.
    models : Models
        The models that described the picture.
    target : ndarray of bool, shape (h, w), optional
        The true mask; default: the Sample's, where it has one.
    variant : str or None
        Where the switch stands at first: the variant for which the artifacts were made, which is the default, or the
        mix of it with the other one's language ("paper read as official").
    alpha, lam : float, optional
        Where the sliders of the weights stand at first; default: the variant's.
    use : tuple of str
        Which of "v", "p", "n" and "spatial" are switched on at first, as in ``tn.tas``.

    Returns
    -------
    Explorer
        The widget; its traits and properties are what is on screen.

    Raises
    ------
    ValueError
        When an argument is missing, the parts do not belong together, or the artifacts were made for another variant.
    """
    image_rgb, text = image_of(sample_or_image, artifacts), expression_of(sample_or_image, expression)
    gold: Mapping[str, Any] = {}
    if isinstance(sample_or_image, Sample):
        gold = sample_or_image.gold if text == sample_or_image.expression else {}
        target = sample_or_image.target if target is None else target
    if target is not None:
        target = artifacts.at_working_size(target, name="target")
    name, data = record.variant_at_hand(artifacts, models, variant), getattr(sample_or_image, "dataset", "")
    weights = weights_for(at_hand(artifacts)[0], models, data, alpha=alpha, lam=lam)
    settings = record.settings_of(name, weights, use)
    return Explorer(image_rgb, artifacts, text, models, target=target, settings=settings, gold=gold)


def _plain(number: float) -> str:
    """As JavaScript writes a number: 1 for 1.0."""
    return str(int(number)) if number == int(number) else repr(number)
