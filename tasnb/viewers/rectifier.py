"""``rectifier_view``: what each rectifier does with an expression's directions, side by side.

tn.viewers.rectifier_view(artifacts, "the left cat", models, image=sample)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.types import ImageArtifacts, Models
from tasnb.plots.geometry import Rectified, rectify_by_each
from tasnb.viewers import assets, thumbs
from tasnb.viewers.viewer import Viewer
from tasnb.viewers.words import pieces

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 640  # pixels of the photo that travels; the drawing keeps the image's own coordinates


class RectifierViewer(Viewer):
    """What ``rectifier_view`` returns. selected: the mask whose verdicts are spelled out; None without proposals."""

    _esm = assets.module("rectifier_view")
    kind: ClassVar[str] = "view of the rectifiers"
    module: ClassVar[str] = "rectifier_view"

    record = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)

    def __init__(
        self, artifacts: ImageArtifacts, expression: str, models: Models, image_rgb: np.ndarray | None
    ) -> None:
        self._artifacts, self._expression, self._models, self._image_rgb = artifacts, expression, models, image_rgb
        self._rules, missing = rectify_by_each(artifacts, expression, models)
        captions = next(iter(artifacts.captions.values()), ("",) * len(artifacts.proposals))
        picture = thumbs.ground(artifacts.size_hw) if image_rgb is None else image_rgb
        super().__init__(
            record={
                "image": thumbs.uri(picture, LONGEST),
                "size_hw": list(artifacts.size_hw),
                "pieces": pieces(self._rules[0].parse),
                "captions": list(captions),
                "rules": [_rule_record(rule) for rule in self._rules],
                "missing": missing,
            },
            selected=self._rules[0].table.best,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.words()}>"

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
        """A panel a rule: uint8 (h, w, 3)."""
        return plots.rectifiers(self._artifacts, self._expression, self._models, self._image_rgb)

    def words(self) -> str:
        """What is on screen: the expression, and each rule's sentence."""
        return f"“{self._expression}”. " + " ".join(f"{rule.name}: {rule.sentence}" for rule in self._rules)

    @traitlets.validate("selected")
    def _is_a_mask(self, proposal: dict[str, Any]) -> int | None:
        index, count = proposal["value"], len(self._artifacts.proposals)
        if index is not None and not 0 <= index < count:
            raise traitlets.TraitError(f"selected: expected a mask number from 0 to {count - 1} or None, got {index}")
        return index


def _rule_record(rule: Rectified) -> dict[str, Any]:
    return {
        "name": rule.name,
        "sentence": rule.sentence,
        "kept": rule.table.kept.tolist(),
        "verdicts": list(_verdicts(rule)),
        "best": rule.table.best,
        "centres": [centre.tolist() if np.isfinite(centre).all() else None for centre in rule.centres_xy],
        "medians": dict(rule.medians),
        "region": None if rule.region_xyxy is None else list(rule.region_xyxy),
    }


def _verdicts(rule: Rectified) -> tuple[str, ...]:
    return rule.table.trace.verdicts if rule.table.trace else ("stays",) * len(rule.table)


def rectifier_view(artifacts: ImageArtifacts, expression: str, models: Models, *, image: Any = None) -> RectifierViewer:
    """Centres of the proposals, median lines, the half that stays and the sentence why, for every rule side by side.

    Rules: ``paper``, ``official``, and ``extended`` (the paper's variant with the rectifier that also reads middle,
    extremes, ordinals, sizes and relations; ours, in no paper). image: the Sample or picture of the artifacts; without
    it the centres lie on gray. A rule that lacks something is left out and the viewer says why.
    Raises ValueError for an empty expression.
    """
    return RectifierViewer(artifacts, expression, models, thumbs.image_of(image, artifacts))
