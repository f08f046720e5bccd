"""``negatives_view``: what an answer is pushed away from, phrase by phrase.

    viewer = tn.viewers.negatives_view(artifacts, sample.expression, models, image=sample)

Switching a phrase off ranks again in the browser; ``viewer.on``, ``viewer.ranking`` and ``viewer.prediction`` follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.types import ImageArtifacts, Models, Negatives, Prediction, ScoreTable
from tasnb.pipeline import tas as pipeline
from tasnb.pipeline.variant import VARIANTS
from tasnb.stages import scores
from tasnb.viewers import assets, record, thumbs
from tasnb.viewers.record import Reading, Settings
from tasnb.viewers.viewer import Viewer

if TYPE_CHECKING:
    import pandas as pd


class NegativesViewer(Viewer):
    """What ``negatives_view`` returns. on: for each mined phrase whether it pushes; set it to re-rank."""

    _esm = assets.module("negatives_view")
    kind: ClassVar[str] = "view of the negatives"
    module: ClassVar[str] = "negatives_view"

    scene = traitlets.Dict().tag(sync=True)
    reading = traitlets.Dict().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    on = traitlets.List(traitlets.Bool()).tag(sync=True)

    def __init__(
        self,
        artifacts: ImageArtifacts,
        expression: str,
        models: Models,
        reading: Reading,
        settings: Settings,
        image_rgb: np.ndarray | None,
    ) -> None:
        self._artifacts, self._reading, self._settings, self._image_rgb = artifacts, reading, settings, image_rgb
        self._expression = expression
        self._likeness = likeness(artifacts, reading)
        shown = record.reading_record(expression, {settings.variant: reading}, {}, artifacts)
        phrases = reading.negatives.phrases
        picture = thumbs.ground(artifacts.size_hw) if image_rgb is None else image_rgb
        super().__init__(
            scene=record.scene_record(picture, artifacts, None, models.name),
            reading={
                **shown,
                "pieces": shown["variants"][settings.variant]["pieces"],
                "caption": caption_pieces(reading.negatives),
                "phrases": [
                    {"text": p.text, "kept": p.kept, "reason": p.reason, "similarity": p.similarity,
                     "synsets": list(p.synsets) if p.synsets else None}
                    for p in phrases
                ],
                "likeness": self._likeness.tolist(),
            },
            settings=settings.to_json(),
            on=[p.kept for p in phrases],
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.words()}>"

    @property
    def n(self) -> np.ndarray:
        """N of every proposal with the phrases that are on: float (n,); none on: 0."""
        return mean_push(self._likeness, self.on)

    @property
    def prediction(self) -> Prediction:
        """The answer with the phrases that are on; as long as they are as mined, the answer of ``tn.tas``."""
        judged = tuple(
            p
            if p.kept == yes
            else replace(p, kept=yes, reason=f'"{p.text}" was switched {"on" if yes else "off"} here')
            for p, yes in zip(self._reading.negatives.phrases, self.on, strict=True)
        )
        mined = Negatives(caption=self._reading.negatives.caption, phrases=judged)
        parse = self._reading.parse
        return pipeline.answer(
            self._artifacts,
            self._expression,
            self._table(),
            parse,
            mined,
            method_name=f"TAS ({self._settings.variant})",
        )

    @property
    def ranking(self) -> pd.DataFrame:
        """A row a proposal, best first: rank, proposal, total, v, p, n, kept."""
        table = self._table()
        frame = table.to_frame()[["proposal", "total", "v", "p", "n", "kept"]]
        frame = frame.iloc[table.ranking].reset_index(drop=True)
        frame.insert(0, "rank", np.arange(1, len(frame) + 1))
        return frame

    def picture(self) -> np.ndarray:
        """The best masks and the phrases with their verdicts: uint8 (h, w, 3)."""
        return plots.negatives(self.prediction, self._image_rgb)

    def words(self) -> str:
        """What is on screen, in a sentence or two."""
        answer = self.prediction
        pushed = ", ".join(f"“{text}”" for text in answer.negatives.kept) or "nothing"
        if answer.index is None:
            return f"“{answer.expression}”: no proposal was found. Pushed away from: {pushed}."
        total = answer.table.total[answer.index]
        return f"“{answer.expression}” is pushed away from {pushed}; mask {answer.index} wins with S {total:.3f}."

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
    crops = pipeline.rows_of(artifacts.crop_embeddings, reading.variant.v_crop.style, "crop_embeddings")
    return scores.cosines(crops, rows)


def mean_push(likeness: np.ndarray, on: Sequence[bool]) -> np.ndarray:
    """Minus the mean over the columns that are on, added from left to right; none on: 0. likeness: (n, k) -> (n,)."""
    columns = [column for column, yes in zip(likeness.T, on, strict=True) if yes]
    if not columns:
        return np.zeros(len(likeness))
    total = np.zeros(len(likeness))
    for column in columns:
        total = total + column
    return -(total / len(columns))


def caption_pieces(negatives: Negatives) -> list[list[Any]]:
    """The caption cut into [text, number of the phrase or None]; together they are the caption."""
    caption, lower, at = negatives.caption, negatives.caption.lower(), 0
    pieces: list[list[Any]] = []
    for number, phrase in enumerate(negatives.phrases):
        start = lower.find(phrase.text.lower(), at) if len(lower) == len(caption) else -1
        if start < 0 or not phrase.text:
            continue  # the parser's spelling is not the caption's: rather no mark than a wrong one
        end = start + len(phrase.text)
        pieces += [[caption[at:start], None]] if start > at else []
        pieces.append([caption[start:end], number])
        at = end
    return pieces + ([[caption[at:], None]] if at < len(caption) else [])


def negatives_view(
    artifacts: ImageArtifacts,
    expression: str,
    models: Models,
    *,
    image: Any = None,
    variant: str = "paper",
    alpha: float | None = None,
    lam: float | None = None,
) -> NegativesViewer:
    """The overall caption's phrases, each kept or dropped and why; switch one off and the masks are ranked again.

    image: the Sample or picture of the artifacts, for the masks' photo; without it they lie on gray. variant, alpha,
    lam: as in ``tn.tas``. Policies: N is minus the mean over the phrases that are on; none on, or none mined: N is 0.
    Raises ValueError for an empty expression, an unknown variant, or artifacts that lack what the variant needs.
    """
    if variant not in VARIANTS:
        raise ValueError(f"unknown variant {variant!r}; choose from {', '.join(VARIANTS)}")
    readings, missing = record.read(artifacts, expression, models)
    if variant not in readings:
        raise ValueError(missing[variant])
    usual = VARIANTS[variant].weights
    settings = Settings(
        variant=variant,
        alpha=usual.alpha if alpha is None else float(alpha),
        lam=usual.lam if lam is None else float(lam),
    )
    image_rgb = thumbs.image_of(image, artifacts)
    return NegativesViewer(artifacts, expression, models, readings[variant], settings, image_rgb)
