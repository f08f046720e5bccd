"""``predict``: the class guesses before the answer is shown.

    quiz = tn.viewers.predict(samples, models)
    quiz.check(3)       # or quiz.check("n"): is it, and why

Which mask will TAS choose, and which of its parts decides? A click is a vote; Reveal shows the answer and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import traitlets

from tasnb import plots
from tasnb.core.errors import UserError
from tasnb.core.masks import iou
from tasnb.core.types import ImageArtifacts, Models, Sample, Weights
from tasnb.pipeline.describe import describe
from tasnb.pipeline.variant import Variant, find, weights_for
from tasnb.store import Store
from tasnb.viewers.deciding import NAMES, PARTS, SAYS, Decision, decide, why_decided, why_not
from tasnb.viewers.record import scene_record
from tasnb.viewers.viewer import Viewer, image_of, masks_to_choose, problem_of

SHOWN = 3  # masks in the receipt after the reveal
NO_VOTES: dict[str, dict[str, int]] = {"mask": {}, "part": {}}
NO_TALLY = {"cases": 0, "mask": {"right": 0, "votes": 0}, "part": {"right": 0, "votes": 0}}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What ``check`` says; it is true when the guess was right, and prints as its text.

    Parameters
    ----------
    right : bool
        Whether the guess is the answer.
    text : str
        Why, in a sentence or two.
    """

    right: bool
    text: str

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return self.right


class Quiz(Viewer, module="predict", kind="quiz"):
    """What ``predict`` returns.

    Parameters
    ----------
    samples : sequence of Sample
        The cases, in order.
    artifacts : sequence of ImageArtifacts or None
        One for each sample; None: an image is described when its case comes.
    models : Models
        The models that answer.
    store : Store or None
        Where described images are recalled from.
    variant : Variant
        Whose options.
    weights : Weights
        alpha and lam.

    Attributes
    ----------
    number : int
        The case, counted from 0; setting it goes there.
    asking : str
        "mask" or "part".
    revealed : bool
        Whether the answer is told.
    votes : dict
        {"mask": {number as text: count}, "part": {part: count}} of this case.
    tally : dict
        Right votes and all votes of the cases told so far.
    """

    scene = traitlets.Dict().tag(sync=True)
    case = traitlets.Dict().tag(sync=True)
    number = traitlets.Int(0).tag(sync=True)
    asking = traitlets.Enum(("mask", "part"), "mask").tag(sync=True)
    votes = traitlets.Dict().tag(sync=True)
    revealed = traitlets.Bool(False).tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)
    tally = traitlets.Dict().tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        samples: Sequence[Sample],
        artifacts: Sequence[ImageArtifacts] | None,
        models: Models,
        store: Store | None,
        variant: Variant,
        weights: Weights,
    ) -> None:
        self._samples, self._models, self._given, self._store = samples, models, artifacts, store
        self._variant, self._weights = variant, weights
        self._counted: set[int] = set()  # cases whose votes are in the tally
        self._sample, self._decision = self._read(0)
        super().__init__(
            scene=self._scene(None), case=self._case(0), votes=deepcopy(NO_VOTES), tally=deepcopy(NO_TALLY), answer={}
        )
        self.observe(self._go, names="number")
        self.observe(self._tell, names="revealed")

    @property
    def expression(self) -> str:
        """The expression in question."""
        return self._sample.expression

    def check(self, guess: int | str) -> Verdict:
        """Is the guess the answer, and why?

        Parameters
        ----------
        guess : int or str
            A mask number, or a part ("v", "p", "n", "spatial") that decided.

        Returns
        -------
        Verdict
            A wrong guess is explained without telling the right one.

        Raises
        ------
        ValueError
            For what is no guess; it lists the choices.
        """
        kind, key = self._understand(guess)
        if kind == "mask":
            index = int(key)
            if index == self._decision.answer.index:
                return Verdict(right=True, text=f"Yes, TAS chooses mask {index}. {why_decided(self._decision)}")
            return Verdict(right=False, text=f"No, not mask {index}: {why_not(self._decision, index)}")
        if key == self._decision.part:
            return Verdict(right=True, text=f"Yes. {why_decided(self._decision)}")
        return Verdict(right=False, text=f"No, it was not {NAMES[key]} ({SAYS[key]}) that changed the winner last.")

    def vote(self, guess: int | str, count: int = 1) -> None:
        """Add votes of the class.

        Parameters
        ----------
        guess : int or str
            A mask number or a part, as in ``check``.
        count : int
            How many hands, at least 1.

        Raises
        ------
        ValueError
            For what is no guess, for no vote, and once the answer is told.
        """
        if self.revealed:
            raise UserError("the answer is on screen; votes count before it: call next() for the next case")
        if count < 1:
            raise UserError(f"count: expected at least one vote, got {count}")
        kind, key = self._understand(guess)
        votes = deepcopy(self.votes)  # a trait changes only when its value does
        votes[kind][key] = votes[kind].get(key, 0) + count
        self.votes = votes

    def reveal(self) -> str:
        """Tell the answer, on screen too.

        Returns
        -------
        str
            The answer and why, in a sentence or two.
        """
        self.revealed = True
        return str(self.answer["text"])

    def next(self) -> None:
        """Go to the next case.

        Raises
        ------
        ValueError
            After the last one.
        """
        if self.number + 1 >= len(self._samples):
            raise UserError(f"case {self.number + 1} of {len(self._samples)} was the last one")
        self.number += 1

    def picture(self) -> np.ndarray:
        """The numbered proposals; once told, the annotated answer.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
            As ``tn.plots.numbered`` or ``tn.plots.annotated`` draws it.
        """
        answer = self._decision.answer
        if self.revealed:
            return np.asarray(plots.annotated(self._sample.image, answer, target=self._sample.target))
        return plots.numbered(image_of(self._sample, answer.artifacts), answer.artifacts.proposals)

    def words(self) -> str:
        """What is on screen; the answer only once it is told.

        Returns
        -------
        str
            The case and its question, or its answer.
        """
        asked = f"Case {self.number + 1} of {len(self._samples)}: “{self.expression}”."
        if self.revealed:
            return f"{asked} {self.answer['text']}"
        return f"{asked} Which of {len(self._decision.answer.table)} masks will TAS choose, and which part decides?"

    @traitlets.validate("number")
    def _is_a_case(self, proposal: dict[str, Any]) -> int:
        number, count = proposal["value"], len(self._samples)
        if not 0 <= number < count:
            raise traitlets.TraitError(f"number: expected a case from 0 to {count - 1}, got {number}")
        return number

    def _understand(self, guess: int | str) -> tuple[str, str]:
        count = len(self._decision.answer.table)
        if isinstance(guess, str) and guess.lower() in PARTS:
            return "part", guess.lower()
        if isinstance(guess, int | np.integer) and not isinstance(guess, bool) and 0 <= guess < count:
            return "mask", str(int(guess))
        raise UserError(f"guess: expected {masks_to_choose(count)}, or a part: {', '.join(PARTS)}; got {guess!r}")

    def _read(self, number: int) -> tuple[Sample, Decision]:
        sample = self._samples[number]
        if self._given is not None:
            artifacts = self._given[number]
        else:
            recall = describe if self._store is None else partial(self._store.recall, describe)
            artifacts = recall(sample.image, self._models, variant=self._variant)
        image_of(sample, artifacts)  # both have one size, or it says so
        return sample, decide(artifacts, sample.expression, self._models, self._variant, self._weights)

    def _go(self, change: Any) -> None:
        try:
            sample, decision = self._read(change["new"])
        except Exception as error:
            self.problem = f"Case {change['new'] + 1} cannot be asked: {problem_of(error)}"
            return
        self._sample, self._decision = sample, decision
        with self.hold_sync():  # one message: never a new picture with the last answer
            self.problem = ""
            self.revealed = False
            self.answer = {}
            self.votes = deepcopy(NO_VOTES)
            self.scene = self._scene(None)
            self.case = self._case(change["new"])

    def _tell(self, change: Any) -> None:
        if not change["new"]:
            self.answer = {}
            return
        self._count()
        decision, target = self._decision, self._sample.target
        index, table = decision.answer.index, decision.answer.table
        text = why_decided(decision) if index is None else f"TAS chooses mask {index}. {why_decided(decision)}"
        if index is not None and target is not None:
            text += f" IoU {iou(decision.answer.mask, target):.2f} with the target."
        best = table.to_frame().assign(p=table.weights.alpha * table.p, n=table.weights.lam * table.n)
        best = best.iloc[table.ranking[:SHOWN]].rename(columns={"proposal": "mask"})
        columns = [name for name in ("mask", "total", "v", "p", "n", "prior", "kept") if name in best]
        self.answer = {
            "text": text,
            "mask": index,
            "part": decision.part,
            "kept": table.kept.tolist(),
            "target": None if target is None else self._scene(target)["target"],
            "rectifier": table.trace.sentence if table.trace else "",
            "steps": [[NAMES[s.part], s.best, s.total] for s in decision.steps],
            "weights": asdict(table.weights),
            "rows": best[columns].to_dict("records"),
        }

    def _count(self) -> None:
        """Put this case's votes into the tally, once, however often it is told."""
        if self.number in self._counted:
            return
        self._counted.add(self.number)
        tally = deepcopy(self.tally)
        tally["cases"] += 1
        right = {"mask": str(self._decision.answer.index), "part": self._decision.part}
        for kind, key in right.items():
            tally[kind]["right"] += self.votes[kind].get(key, 0)
            tally[kind]["votes"] += sum(self.votes[kind].values())
        self.tally = tally

    def _scene(self, target: np.ndarray | None) -> dict[str, Any]:
        artifacts = self._decision.answer.artifacts
        seen = None if target is None else artifacts.at_working_size(target)
        return scene_record(image_of(self._sample, artifacts), artifacts, seen, self._models.name)

    def _case(self, number: int) -> dict[str, Any]:
        parts = [[part, NAMES[part], SAYS[part]] for part in PARTS]
        return {"number": number, "of": len(self._samples), "expression": self.expression, "parts": parts}


def predict(
    samples: Sample | Sequence[Sample],
    models: Models,
    *,
    artifacts: ImageArtifacts | Sequence[ImageArtifacts] | None = None,
    store: Store | None = None,
    variant: str | Variant = "paper",
    alpha: float | None = None,
    lam: float | None = None,
) -> Quiz:
    """Teacher mode: the class votes which mask TAS will choose and which part decides, then the answer is shown.

    Parameters
    ----------
    samples : Sample or sequence of Sample
        The cases, in order; one Sample is a quiz of one.
    models : Models
        The models that answer.
    artifacts : ImageArtifacts or sequence of ImageArtifacts, optional
        One for each sample; without them an image is described when its case comes.
    store : Store, optional
        Where described images are recalled from.
    variant : str or Variant
        Whose options.
    alpha, lam : float, optional
        The weights of P and N; default: the preset's or the variant's.

    Returns
    -------
    Quiz
        The widget.

    Raises
    ------
    ValueError
        For no sample, or artifacts that do not fit the samples.

    Notes
    -----
    The part that decides is the one that changed the winner last when P, N and the rectifier are added to V (paper,
    table 4). The answer is not in the browser before it is told.
    """
    cases: Sequence[Sample] = [samples] if isinstance(samples, Sample) else samples
    given = [artifacts] if isinstance(artifacts, ImageArtifacts) else artifacts
    if not len(cases):
        raise UserError("samples: expected at least one case, got none")
    if given is not None and len(given) != len(cases):
        raise UserError(f"artifacts: expected one for each of {len(cases)} samples, got {len(given)}")
    weights = weights_for(variant, models, cases[0].dataset, alpha=alpha, lam=lam)
    return Quiz(cases, given, models, store, find(variant, models), weights)
