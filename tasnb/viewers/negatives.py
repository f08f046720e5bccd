"""``negatives_view``: what an answer is pushed away from, phrase by phrase.

    viewer = tn.viewers.negatives_view(sample, artifacts, sample.expression, models)

Switching a phrase off ranks again in the browser; ``viewer.on``, ``viewer.ranking`` and ``viewer.prediction`` follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.types import ImageArtifacts, Models, Negatives, Prediction, ScoreTable
from tasnb.pipeline.tas import answer, rows_of
from tasnb.pipeline.variant import weights_for
from tasnb.report.marking import labelled
from tasnb.stages import scores
from tasnb.viewers import record
from tasnb.viewers.record import Reading, Settings
from tasnb.viewers.viewer import Viewer, expression_of, ground, image_of

if TYPE_CHECKING:
    import pandas as pd


class NegativesViewer(Viewer, module="negatives_view", kind="view of the negatives"):
    """What ``negatives_view`` returns.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3), or None
        The picture; None: the masks lie on gray.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of it.
    expression : str
        What is looked for.
    models : Models
        The models that described the picture.
    reading : Reading
        The expression as the variant reads it.
    settings : Settings
        The variant and the weights.

    Attributes
    ----------
    on : list of bool
        For each mined phrase whether it pushes; set it to rank again.
    """

    scene = traitlets.Dict().tag(sync=True)
    reading = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    on = traitlets.List(traitlets.Bool()).tag(sync=True)

    def __init__(
        self,
        image_rgb: np.ndarray | None,
        artifacts: ImageArtifacts,
        expression: str,
        models: Models,
        reading: Reading,
        settings: Settings,
    ) -> None:
        self._artifacts, self._reading, self._settings, self._image_rgb = artifacts, reading, settings, image_rgb
        self._expression = expression
        self._likeness = likeness(artifacts, reading)
        shown = record.reading_record(expression, {settings.variant: reading}, artifacts)
        phrases = reading.negatives.phrases
        picture = ground(artifacts.size_hw) if image_rgb is None else image_rgb
        super().__init__(
            scene=record.scene_record(picture, artifacts, None, models.name),
            reading={
                **shown,
                "pieces": shown["variants"][settings.variant]["pieces"],
                "caption": caption_pieces(reading.negatives),
                "phrases": [{**asdict(p), "synsets": list(p.synsets) if p.synsets else None} for p in phrases],
                "likeness": self._likeness.tolist(),
            },
            settings=settings.to_json(),
            on=[p.kept for p in phrases],
        )

    @property
    def n(self) -> np.ndarray:
        """N of every proposal with the phrases that are on: float (n,); none on: 0."""
        return mean_push(self._likeness, self.on)

    @property
    def prediction(self) -> Prediction:
        """The answer with the phrases that are on; as long as they are as mined, the answer of ``tn.tas``."""
        mined, judged = self._reading.negatives, []
        for phrase, yes in zip(mined.phrases, self.on, strict=True):
            reason = f'"{phrase.text}" was switched {"on" if yes else "off"} here'
            judged.append(phrase if phrase.kept == yes else replace(phrase, kept=yes, reason=reason))
        scored = self._table(), self._reading.parse, Negatives(caption=mined.caption, phrases=tuple(judged))
        return answer(self._artifacts, self._expression, *scored, method_name=f"TAS ({self._settings.variant})")

    @property
    def ranking(self) -> pd.DataFrame:
        """A row a proposal, best first: rank, proposal, total, v, p, n, kept."""
        return record.ranking_of(self._table(), ("total", "v", "p", "n", "kept"))

    def picture(self) -> np.ndarray:
        """The best masks and the phrases with their verdicts.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.negatives`` draws it.
        """
        return plots.negatives(self._image_rgb, self.prediction)

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            The phrases that push and the mask that wins, in a sentence or two.
        """
        chosen = self.prediction
        pushed = ", ".join(f"“{text}”" for text in chosen.negatives.kept) or "nothing"
        if chosen.index is None:
            return f"“{chosen.expression}”: no proposal was found. Pushed away from: {pushed}."
        total = chosen.table.total[chosen.index]
        return f"“{chosen.expression}” is pushed away from {pushed}; mask {chosen.index} wins with S {total:.3f}."

    @traitlets.validate("on")
    def _fits(self, proposal: dict[str, Any]) -> list[bool]:
        on, count = proposal["value"], len(self._reading.negatives.phrases)
        if len(on) != count:
            raise traitlets.TraitError(f"on: expected a True or False for each of {count} phrases, got {len(on)}")
        return on

    def _table(self) -> ScoreTable:
        # N comes from the same sum as in the browser, so that both break a tie alike
        reading = replace(self._reading, table=replace(self._reading.table, n=self.n))
        return record.table_of(reading, self._artifacts, self._settings)


def likeness(artifacts: ImageArtifacts, reading: Reading) -> np.ndarray:
    """Cosine of every proposal's crop with every mined phrase, dropped ones too: float (n, k)."""
    row_of = {phrase.text: row for row, phrase in enumerate(artifacts.phrases)}
    rows = artifacts.phrase_embeddings[[row_of[p.text] for p in reading.negatives.phrases]]
    crops = rows_of(artifacts.crop_embeddings, reading.variant.v_crop.style, "crop_embeddings")
    return scores.cosines(crops, rows)


def mean_push(likeness: np.ndarray, on: Sequence[bool]) -> np.ndarray:
    """Minus the mean over the columns that are on, added from left to right; none on: 0. likeness: (n, k) -> (n,)."""
    columns = likeness.T[np.asarray(on, dtype=bool)]
    total = np.zeros(len(likeness))
    for column in columns:  # numpy's own sum adds in pairs; the browser adds one after the other
        total = total + column
    return -(total / len(columns)) if len(columns) else total


def caption_pieces(negatives: Negatives) -> list[list[Any]]:
    """The caption cut into [text, number of the phrase or None]; together they are the caption."""
    lower, at = negatives.caption.lower(), 0
    number_at: list[int | None] = [None] * len(negatives.caption)
    for number, phrase in enumerate(negatives.phrases):
        start = lower.find(phrase.text.lower(), at) if len(lower) == len(number_at) else -1
        if start >= 0:  # the parser's spelling may not be the caption's: rather no mark than a wrong one
            at = start + len(phrase.text)
            number_at[start:at] = [number] * len(phrase.text)
    return labelled(negatives.caption, number_at)


def negatives_view(
    sample_or_image: Any,
    artifacts: ImageArtifacts,
    expression: str | None,
    models: Models,
    *,
    variant: str | None = None,
    alpha: float | None = None,
    lam: float | None = None,
) -> NegativesViewer:
    """The overall caption's phrases, each kept or dropped and why; switch one off and the masks are ranked again.

    Parameters
    ----------
    sample_or_image : Sample, whatever ``tn.as_rgb`` takes, or None
        The picture, for the masks' photo; None: they lie on gray.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of this picture.
    expression : str or None
        What to look for; None: the Sample's own expression.
    models : Models
        The models that described the picture.
    variant : str or None
        That for which the artifacts were made, which is the default.
    alpha, lam : float, optional
        The weights of P and N; default: the preset's or the variant's.

    Returns
    -------
    NegativesViewer
        The widget.

    Raises
    ------
    ValueError
        For an empty expression, an unknown variant, or artifacts that were made for another one.

    Notes
    -----
    N is minus the mean over the phrases that are on; none on, or none mined: N is 0.
    """
    image_rgb = None if sample_or_image is None else image_of(sample_or_image, artifacts)
    name, text = record.variant_at_hand(artifacts, models, variant), expression_of(sample_or_image, expression)
    reading = record.read_by_each(artifacts, text, models)[name]
    weights = weights_for(reading.variant, models, getattr(sample_or_image, "dataset", ""), alpha=alpha, lam=lam)
    return NegativesViewer(image_rgb, artifacts, text, models, reading, record.settings_of(name, weights))
