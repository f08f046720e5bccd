"""``experiment_view``: a slider through the settings of an experiment, and what each module is worth there.

tn.viewers.experiment_view(tn.analysis.experiments.captions([samples], models))
"""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from tasnb import plots
from tasnb.analysis import Experiment
from tasnb.viewers.viewer import Viewer


class ExperimentViewer(Viewer, module="experiment_view", kind="experiment"):
    """What ``experiment_view`` returns.

    Parameters
    ----------
    experiment : Experiment
        What was measured.

    Attributes
    ----------
    setting : str
        Which of the experiment's settings is shown; setting it shows another one.
    """

    record = traitlets.Dict().tag(sync=True)
    setting = traitlets.Unicode().tag(sync=True)

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        steps = [{**step.model_dump(), "verdict": step.verdict, "text": step.text} for step in experiment.steps]
        said = {setting: experiment.sentence(setting) for setting in experiment.settings}
        record = {"question": experiment.question, "settings": list(said), "sentences": said, "steps": steps}
        super().__init__(record=record, setting=experiment.settings[0])

    def picture(self) -> np.ndarray:
        """The chart of all settings.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.experiment_chart`` draws it.
        """
        return plots.pixels_of(plots.experiment_chart(self._experiment))

    def words(self) -> str:
        """What is on screen.

        Returns
        -------
        str
            The question, and the setting's sentence.
        """
        return f"{self._experiment.question} {self._experiment.sentence(self.setting)}"

    @traitlets.validate("setting")
    def _is_measured(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in self._experiment.settings:
            choices = ", ".join(self._experiment.settings)
            raise traitlets.TraitError(f"setting: expected one of {choices}, got {proposal['value']!r}")
        return str(proposal["value"])


def experiment_view(experiment: Experiment) -> ExperimentViewer:
    """Move through the settings of an experiment: what each module is worth there, on all samples and on each split.

    Parameters
    ----------
    experiment : Experiment
        What the functions of ``tn.analysis.experiments`` give, or ``Experiment.read``.

    Returns
    -------
    ExperimentViewer
        The widget.
    """
    return ExperimentViewer(experiment)
