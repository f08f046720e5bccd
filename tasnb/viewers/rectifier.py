"""``rectifier_view``: what each rectifier does with an expression's directions, side by side.

tn.viewers.rectifier_view(sample, artifacts, "the left cat", models)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.images import shrunk
from tasnb.core.types import ImageArtifacts, Models
from tasnb.plots.geometry import Rectified, rectify_by_each
from tasnb.report.marking import pieces
from tasnb.viewers.record import captions_of, centres_record, uri
from tasnb.viewers.viewer import Viewer, expression_of, ground, image_of, mask_number

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 640  # pixels of the photo that travels; the drawing keeps the image's own coordinates


class RectifierViewer(Viewer, module="rectifier_view", kind="view of the rectifiers"):
    """What ``rectifier_view`` returns.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The picture.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of it.
    expression : str
        What is looked for.
    models : Models
        The models that described the picture.

    Attributes
    ----------
    selected : int or None
        The mask whose verdicts are spelled out; None without proposals.
    """

    record = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)

    def __init__(self, image_rgb: np.ndarray, artifacts: ImageArtifacts, expression: str, models: Models) -> None:
        self._image_rgb, self._artifacts, self._expression, self._models = image_rgb, artifacts, expression, models
        self._rules = rectify_by_each(artifacts, expression, models)
        super().__init__(
            record={
                "image": uri(image_rgb, LONGEST),
                "size_hw": list(shrunk(image_rgb, LONGEST).shape[:2]),
                "full_hw": list(artifacts.size_hw),
                "minded": list(artifacts.notes),
                "pieces": pieces(self._rules[0].parse),
                "captions": captions_of(artifacts),
                "rules": [_rule_record(rule) for rule in self._rules],
            },
            selected=self._rules[0].table.best,
        )

    @property
    def rules(self) -> dict[str, Rectified]:
        """Rule name -> what it did: its table with ``kept`` and ``trace``, centres, medians, region."""
        return {rule.name: rule for rule in self._rules}

    @property
    def verdicts(self) -> pd.DataFrame:
        """A row a proposal: proposal, then a column a rule with its verdict in words."""
        import pandas as pd

        columns: dict[str, Any] = {"proposal": np.arange(len(self._artifacts.proposals))}
        return pd.DataFrame(columns | {name: list(_verdicts(rule)) for name, rule in self.rules.items()})

    def picture(self) -> np.ndarray:
        """A panel a rule.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.rectifiers`` draws it.
        """
        return plots.rectifiers(self._image_rgb, self._artifacts, self._expression, self._models)

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            The expression, and each rule's sentence.
        """
        return f"“{self._expression}”. " + " ".join(f"{rule.name}: {rule.sentence}" for rule in self._rules)

    @traitlets.validate("selected")
    def _is_a_mask(self, proposal: dict[str, Any]) -> int | None:
        return mask_number(proposal, len(self._artifacts.proposals))


def _rule_record(rule: Rectified) -> dict[str, Any]:
    return {
        "name": rule.name,
        "sentence": rule.sentence,
        "kept": rule.table.kept.tolist(),
        "verdicts": list(_verdicts(rule)),
        "best": rule.table.best,
        "centres": centres_record(rule.centres_xy),
        "medians": dict(rule.medians),
        "region": None if rule.region_xyxy is None else list(rule.region_xyxy),
        "effect": rule.effect,
        "prior": None if rule.table.prior is None else rule.table.prior.tolist(),
        "field": None if rule.field is None else rule.field.round(6).tolist(),
    }


def _verdicts(rule: Rectified) -> tuple[str, ...]:
    return rule.table.trace.verdicts if rule.table.trace else ("stays",) * len(rule.table)


def rectifier_view(
    sample_or_image: Any, artifacts: ImageArtifacts, expression: str | None, models: Models
) -> RectifierViewer:
    """Centres of the proposals, median lines, the half that stays or the soft prior, and the sentence why, by rule.

    Parameters
    ----------
    sample_or_image : Sample, whatever ``tn.as_rgb`` takes, or None
        The picture; None: the centres lie on gray.
    artifacts : ImageArtifacts
        What ``tn.describe`` made of this picture.
    expression : str or None
        What to look for; None: the Sample's own expression.
    models : Models
        The models that described the picture.

    Returns
    -------
    RectifierViewer
        The widget.

    Raises
    ------
    ValueError
        For an empty expression.

    Notes
    -----
    The rules: ``paper``; ``plus``, which takes nothing out and whose prior is drawn as a field over the picture, with
    each proposal's own prior as a number; ``paper read as official``, how the authors' code reads the expression and
    which quadrant it takes, on the same proposals and scores; and ``extended`` (the rectifier that also reads middle,
    extremes, ordinals, sizes and relations; ours, in no paper). Artifacts made for ``official`` have that first, and
    the mix the other way round.
    """
    image_rgb = ground(artifacts.size_hw) if sample_or_image is None else image_of(sample_or_image, artifacts)
    return RectifierViewer(image_rgb, artifacts, expression_of(sample_or_image, expression), models)
