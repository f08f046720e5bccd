"""What the pipeline hands from stage to stage. Axes: ``n`` proposals, ``d`` dimensions, ``k`` noun phrases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import numpy as np
from jaxtyping import Bool, Float

from tasnb.core.brief import brief
from tasnb.core.errors import UserError
from tasnb.core.images import brought_to
from tasnb.core.types.arrays import Features, Proposals, freeze, freeze_fields
from tasnb.core.types.language import Direction, Negatives, NounPhrase, Parse

if TYPE_CHECKING:
    import pandas as pd

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")
CropStyle = Literal["crop", "blur"]
_Scores = Float[np.ndarray, "*s"]  # V, P and N have one shape
NOT_NEEDED = "(not needed)"  # instead of a caption whose P could not change an answer


@dataclass(frozen=True, kw_only=True, eq=False)
class RectifierTrace:
    """What the spatial rectifier did.

    Parameters
    ----------
    rule : str
        The rule's name.
    directions : tuple of str
        What the expression says.
    applied : bool
        False when every proposal stays as it was (no direction, empty half, one proposal).
    sentence : str
        What was done, for all proposals.
    verdicts : tuple of str
        "stays" or "out" and why, one a proposal; of a soft rule the prior and why.
    prior : ndarray of float, shape (n,), or None
        What a soft rule adds to S; None for a rule that takes proposals out.
    """

    rule: str
    directions: tuple[Direction, ...]
    applied: bool
    sentence: str
    verdicts: tuple[str, ...]
    prior: Float[np.ndarray, " n"] | None = None

    __repr__ = brief


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights in S = V + alpha P + lam N.

    Parameters
    ----------
    alpha : float
        Of P; 0.1 by default (paper, section 4.2).
    lam : float
        Of N; 0.7 by default (RefCOCO; the paper's RefCOCOg uses 1).
    source : str
        Who chose them: "given", "preset toy", "variant paper"; it does not count when weights are compared.

    Raises
    ------
    ValueError
        For a weight that is not finite.
    """

    alpha: float = 0.1
    lam: float = 0.7
    source: str = field(default="given", compare=False)

    def __post_init__(self) -> None:
        for name, value in (("alpha", self.alpha), ("lam", self.lam)):
            if not np.isfinite(value):
                raise UserError(f"{name}: expected a finite number, got {value}")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unusual about them, a sentence each."""
        found = []
        if self.alpha < 0:
            found.append(
                f"alpha is negative ({self.alpha:g}): the better a caption fits the expression, the lower is S"
            )
        if self.lam < 0:
            found.append(f"lambda is negative ({self.lam:g}): S rises with likeness to the things that are not meant")
        return tuple(found)

    def __str__(self) -> str:
        return f"alpha {self.alpha:g}, lambda {self.lam:g} ({self.source})"


def combine(
    v: _Scores, p: _Scores, n: _Scores, weights: Weights | Sequence[Weights], prior: _Scores | None = None
) -> Float[np.ndarray, ...]:
    """S = V + alpha P + lam N (paper, equation 5), and a soft rectifier's prior: the one sum behind every ranking.

    Parameters
    ----------
    v, p, n : ndarray of float
        The three scores, of one shape: usually (n,), one a proposal.
    weights : Weights or sequence of Weights
        alpha and lam; m of them to try them all at once.
    prior : ndarray of float, optional
        What a soft rectifier adds, of the same shape.

    Returns
    -------
    ndarray of float
        S, of the same shape; for m weights with m before it. The answer is its argmax; a tie keeps the earlier one.

    Examples
    --------
    >>> weights = Weights(alpha=0.1, lam=0.7)
    >>> combine(np.array([0.3, 0.3]), np.array([0.5, 0.9]), np.array([-0.1, -0.1]), weights).round(2).tolist()
    [0.28, 0.32]
    >>> points = [weights, Weights(alpha=0, lam=0)]
    >>> combine(np.array([0.3]), np.array([0.5]), np.array([-0.1]), points).round(2).tolist()
    [[0.28], [0.3]]
    """
    if isinstance(weights, Weights):
        alpha, lam = weights.alpha, weights.lam
    else:
        alpha, lam = np.array([(each.alpha, each.lam) for each in weights]).T.reshape(2, -1, *[1] * v.ndim)
    total = v + alpha * p + lam * n
    return total if prior is None else total + prior


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreTable:
    """The three scores of every proposal, kept apart until ``total``; which proposals the rectifier left in.

    Parameters
    ----------
    v, p, n : ndarray of float, shape (n,)
        V, P and N of each proposal, -1..1. A P is NaN where it was not needed to know which is best.
    kept : ndarray of bool, shape (n,)
        What the rectifier left in.
    weights : Weights
        With which ``total`` adds them.
    trace : RectifierTrace or None
        Why; None before the rectifier.
    prior : ndarray of float, shape (n,), or None
        What a soft rectifier adds to S; None where there is none.

    Raises
    ------
    ValueError
        When the lengths differ.
    """

    v: Float[np.ndarray, " n"]
    p: Float[np.ndarray, " n"]
    n: Float[np.ndarray, " n"]
    kept: Bool[np.ndarray, " n"]
    weights: Weights
    trace: RectifierTrace | None = None
    prior: Float[np.ndarray, " n"] | None = None

    __repr__ = brief

    def __post_init__(self) -> None:
        shape = (len(np.asarray(self.v)),)
        freeze_fields(self, np.float64, v=shape, p=shape, n=shape, prior=shape)
        freeze_fields(self, bool, kept=shape)

    def __len__(self) -> int:
        return len(self.v)

    @property
    def total(self) -> np.ndarray:
        """S, derived and never stored: float (n,); NaN where P was not needed."""
        return combine(self.v, self.p, self.n, self.weights, self.prior)

    @property
    def prior_decides(self) -> bool:
        """Whether a soft rectifier's prior tells proposals apart."""
        return self.prior is not None and len(self) > 0 and bool(np.ptp(self.prior) > 0)

    @property
    def not_needed(self) -> int:
        """Of how many proposals P was not asked for, as it could not change which is best."""
        return int(np.isnan(self.p).sum())

    @property
    def best(self) -> int | None:
        """The kept proposal with the largest S; a tie keeps the earlier one; None without proposals."""
        if not self.kept.any():
            return None
        total = self.total
        return int(np.argmax(np.where(self.kept & ~np.isnan(total), total, -np.inf)))

    @property
    def ranking(self) -> np.ndarray:
        """Proposal numbers, best first: the kept ones by S, then the others by S; ties in order. int (n,).

        Where P was not needed there is no S: such a proposal comes last of the kept ones, or of the others.
        """
        return np.lexsort((np.arange(len(self)), -self.total, ~self.kept))

    def to_frame(self) -> pd.DataFrame:
        """The table as a tidy frame.

        Returns
        -------
        DataFrame
            A row a proposal: proposal, v, p, n, prior (only where a soft rectifier adds one), kept, total, verdict.
        """
        import pandas as pd

        names = ("v", "p", "n", *(() if self.prior is None else ("prior",)), "kept", "total")
        columns = {name: getattr(self, name) for name in names}
        verdicts = list(self.trace.verdicts) if self.trace else [""] * len(self)
        return pd.DataFrame({"proposal": np.arange(len(self)), **columns, "verdict": verdicts})


class CaptionsOnDemand(Sequence[str]):
    """C_m, a caption a proposal, each asked of the models when it is first read; else as a tuple of all of them.

    Parameters
    ----------
    count : int
        Proposals.
    caption : callable
        Numbers of proposals -> their captions.
    embed : callable
        Texts -> unit rows, float32 (k, d).

    Notes
    -----
    A model that answers in batches may change its last bits with what else is in the batch. A text is embedded once, so
    equal captions have equal rows, and a tie is one.
    """

    def __init__(
        self,
        count: int,
        caption: Callable[[Sequence[int]], Sequence[str]],
        embed: Callable[[Sequence[str]], np.ndarray],
    ) -> None:
        self._count, self._caption, self._embed = count, caption, embed
        self._texts: dict[int, str] = {}
        self._rows: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, which: Any) -> Any:
        rows = range(self._count)[which]
        return self.read(rows) if isinstance(rows, range) else self.read([rows])[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.read(range(self._count)))  # together, in the model's batches

    @property
    def asked(self) -> int:
        """How many were asked for so far."""
        return len(self._texts)

    def read(self, rows: Sequence[int]) -> tuple[str, ...]:
        """The captions of some proposals.

        Parameters
        ----------
        rows : sequence of int
            Their numbers.

        Returns
        -------
        tuple of str
            One each.
        """
        if missing := [int(row) for row in rows if int(row) not in self._texts]:
            self._texts |= zip(missing, self._caption(missing), strict=True)
        return tuple(self._texts[int(row)] for row in rows)

    def embeddings(self, rows: Sequence[int]) -> Float[np.ndarray, "k d"]:
        """E_t(C_m) of some proposals.

        Parameters
        ----------
        rows : sequence of int
            Their numbers.

        Returns
        -------
        ndarray of float32, shape (k, d)
            Unit rows.
        """
        texts = self.read(rows)
        if missing := [text for text in dict.fromkeys(texts) if text not in self._rows]:
            self._rows |= zip(missing, self._embed(missing), strict=True)
        return np.stack([self._rows[text] for text in texts]) if texts else self._embed([])


class _EmbeddedOnDemand(Mapping[str, np.ndarray]):
    """The rows of captions that are asked for on demand: reading a style asks for all of it."""

    def __init__(self, captions: Mapping[str, CaptionsOnDemand]) -> None:
        self._captions = captions

    def __getitem__(self, style: str) -> np.ndarray:
        captions = self._captions[style]
        rows = captions.embeddings(range(len(captions)))
        return freeze(rows, np.float32, f"caption_embeddings[{style!r}]", (len(captions), None))

    def __iter__(self) -> Iterator[str]:
        return iter(self._captions)

    def __len__(self) -> int:
        return len(self._captions)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ImageArtifacts:
    """All that depends on the image alone, computed once and used for every expression about it.

    Parameters
    ----------
    image_id : str
        The image's name.
    size_hw : tuple of int
        Height and width at which the image was worked on. Masks, boxes, areas and the blur's sigma are in these
        pixels.
    proposals : Proposals
        The n masks.
    crop_embeddings : mapping of str to ndarray of float32, shape (n, d)
        Crop style -> unit rows. A matcher that sees q features in a picture (BLIP-2 ITC) has shape (n, q, d).
    captions : mapping of str to tuple of str, or to CaptionsOnDemand
        Crop style -> n texts.
    caption_embeddings : mapping of str to ndarray of float32, shape (n, d)
        Crop style -> unit rows. With captions on demand it is theirs, whatever is given.
    overall_caption : str
        Of the whole image.
    phrases : tuple of NounPhrase
        The k noun phrases of the overall caption.
    phrase_embeddings : ndarray of float32, shape (k, d)
        Unit rows, row for row.
    features : Features
        What baselines read beyond that (``describe(..., features=...)``); none by default.
    made : mapping of str to value
        How: the variant's name, its options that matter here (proposal_filter, v_crop, p_crop, noun_phrases,
        negative_prompt), and those of the models. Empty where it is not known.
    scaled_from : tuple of int or None
        Height and width of the image itself, where it was scaled down first (``describe(max_side=...)``).
    domain_note : str
        Why these models cannot be trusted on this image; empty where they can.

    Raises
    ------
    ValueError
        When a row count differs from the proposals'.
    """

    image_id: str
    size_hw: tuple[int, int]
    proposals: Proposals
    crop_embeddings: Mapping[str, Float[np.ndarray, "n *q d"]]
    captions: Mapping[str, Sequence[str]]
    caption_embeddings: Mapping[str, Float[np.ndarray, "n d"]]
    overall_caption: str
    phrases: tuple[NounPhrase, ...] = ()
    phrase_embeddings: Float[np.ndarray, "k d"] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    features: Features = field(default_factory=Features)
    made: Mapping[str, Any] = field(default_factory=dict)
    scaled_from: tuple[int, int] | None = None
    domain_note: str = ""

    def __post_init__(self) -> None:
        n = len(self.proposals)
        if self.features.proposals not in (None, n):
            raise UserError(f"features of {self.features.proposals} proposals for {n}; run describe() again")
        on_demand = {k: texts for k, texts in self.captions.items() if isinstance(texts, CaptionsOnDemand)}
        if on_demand:
            object.__setattr__(self, "caption_embeddings", _EmbeddedOnDemand(on_demand))
        for name, unit in (("crop_embeddings", "rows"), ("captions", "texts"), ("caption_embeddings", "rows")):
            if on_demand and name == "caption_embeddings":
                continue  # reading them asks for them
            frozen = {}
            for style, values in getattr(self, name).items():
                label = f"{name}[{style!r}]"
                if len(values) != n:
                    raise UserError(f"{label} has {len(values)} {unit} for {n} proposals; run describe() again")
                beyond = (None, None) if name == "crop_embeddings" and np.ndim(values) == 3 else (None,)
                is_text = name == "captions"
                if style in on_demand and is_text:
                    frozen[style] = values
                    continue
                frozen[style] = tuple(values) if is_text else freeze(values, np.float32, label, (n, *beyond))
            object.__setattr__(self, name, MappingProxyType(frozen))
        freeze_fields(self, np.float32, phrase_embeddings=(len(self.phrases), None))
        object.__setattr__(self, "made", MappingProxyType(dict(self.made)))

    @property
    def image_hw(self) -> tuple[int, int]:
        """Height and width of the image itself, and so of a prediction's mask."""
        return self.scaled_from or self.size_hw

    def at_working_size(self, picture: np.ndarray, *, name: str = "artifacts") -> np.ndarray:
        """The image, or a mask of it, in the pixels of the proposals.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w, 3), or of bool, shape (h, w)
            At the image's own size, or at the working size already.
        name : str
            Of the argument that is to blame, for the message.

        Returns
        -------
        ndarray
            Of the same dtype, its height and width ``size_hw``.

        Raises
        ------
        ValueError
            For a picture of any other size.
        """
        if picture.shape[:2] not in (self.size_hw, self.image_hw):
            own, given = self.image_hw, picture.shape[:2]
            wanted, got = (given, own) if name == "artifacts" else (own, given)
            raise UserError(
                f"{name}: expected the image's size {wanted} (h, w), got {got}; give the image that was described"
            )
        return brought_to(picture, self.size_hw)

    def at_full_size(self, mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
        """A mask in the pixels of the image itself.

        Parameters
        ----------
        mask : ndarray of bool, shape (h, w)
            At the working size.

        Returns
        -------
        ndarray of bool, shape (h', w')
            Its height and width ``image_hw``.
        """
        return brought_to(mask, self.image_hw)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to mind of any answer about this image, a sentence each: its domain, its size, that it has no mask."""
        found = [self.domain_note] if self.domain_note else []
        if self.image_hw != self.size_hw:
            (full_h, full_w), (h, w) = self.image_hw, self.size_hw
            found.append(
                f"worked on at {w} x {h} pixels of {full_w} x {full_h} (max_side {max(h, w)}): boxes and areas are in "
                "these, the answer's mask in the picture's own"
            )
        if not len(self.proposals):
            found.append(
                "no proposal was found, so there is no answer; try another proposer, or ask this one for more "
                "(points_per_side, lower pred_iou_thresh)"
            )
        return tuple(found)

    def __repr__(self) -> str:
        """A few lines: image, proposals, crop styles, the whole image's caption, features, variant, what to mind."""
        h, w = self.size_hw
        of = "" if self.image_hw == self.size_hw else ", scaled from {} x {}".format(*self.image_hw)
        crops = ", ".join(f"{style} {rows.shape}" for style, rows in self.crop_embeddings.items())
        captions = ", ".join(
            f"{style} ({len(texts)}{f', {texts.asked} asked for' if isinstance(texts, CaptionsOnDemand) else ''})"
            for style, texts in self.captions.items()
        )
        return (
            f"ImageArtifacts of {self.image_id!r}, {h} x {w} pixels{of} (h, w)\n"
            f"  proposals: {len(self.proposals)} from {self.proposals.source!r}\n"
            f"  crop embeddings: {crops or 'none'}; captions: {captions or 'none'}\n"
            f"  overall caption: {self.overall_caption!r}, {len(self.phrases)} noun phrases\n"
            f"  features of baselines: {', '.join(self.features.names) or 'none'}\n"
            f"  made for variant: {self.made.get('variant', 'unknown')}"
            + (f"\n  {self.domain_note}" if self.domain_note else "")
        )


def require_described(value: Any, call: str) -> None:
    """Refuse what is not yet described, which is everybody's first guess.

    Parameters
    ----------
    value : Any
        What came as artifacts.
    call : str
        The function that got it, for the line that is right.

    Raises
    ------
    UserError
        For anything but ImageArtifacts, with that line.
    """
    if not isinstance(value, ImageArtifacts):
        raise UserError(
            f"{call} takes what tn.describe made of a picture, got {type(value).__name__}: first "
            f"artifacts = tn.describe(image, models), once a picture, then {call}(artifacts, expression, models)"
        )


def on_artifacts(method: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """A method that says so when its first argument is not described yet, or its second is no text.

    Parameters
    ----------
    method : callable
        ``(artifacts, expression, models, **options) -> answer``.

    Returns
    -------
    callable
        The same, with UserError for such arguments.
    """

    @wraps(method)
    def checked(*given: _Given.args, **options: _Given.kwargs) -> _Answer:
        named = dict(zip(("artifacts", "expression"), given, strict=False)) | options
        if "artifacts" in named:
            require_described(named["artifacts"], f"tn.{method.__name__}")
        if not isinstance(named.get("expression", ""), str):
            got = type(named["expression"]).__name__
            raise UserError(
                f'expression: expected a text such as "the left cat", got {got}; '
                "the order is artifacts, expression, models"
            )
        return method(*given, **options)

    return checked


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """A verdict that carries its evidence.

    Parameters
    ----------
    expression : str
        What was asked.
    method : str
        Who answered, for people ("TAS (paper)").
    mask : ndarray of bool, shape (h, w)
        The answer, at the image's own size; all False when there was no proposal.
    index : int or None
        The chosen proposal; None without one.
    table : ScoreTable
        The scores.
    parse : Parse
        The expression taken apart.
    negatives : Negatives
        The phrases mined against it.
    artifacts : ImageArtifacts
        What was known of the image.
    """

    expression: str
    method: str
    mask: Bool[np.ndarray, "h w"]
    index: int | None
    table: ScoreTable
    parse: Parse
    negatives: Negatives
    artifacts: ImageArtifacts

    __repr__ = brief

    def __post_init__(self) -> None:
        freeze_fields(self, bool, mask=(None, None))

    @property
    def notes(self) -> tuple[str, ...]:
        """What to mind before the answer is believed, a sentence each: of the image, the expression, the weights."""
        return (*self.artifacts.notes, *self.parse.notes, *self.table.weights.notes)

    def to_frame(self) -> pd.DataFrame:
        """The receipt: the score table with the captions and the choice.

        Returns
        -------
        DataFrame
            A row a proposal: the columns of ``ScoreTable.to_frame``, then caption and chosen. Where P was not needed, p
            and total are NaN and the caption is "(not needed)".
        """
        captions: Sequence[str] = next(iter(self.artifacts.captions.values()), ("",) * len(self.table))
        if not (unasked := np.isnan(self.table.p)).any():
            said = list(captions)
        else:
            said = [NOT_NEEDED if without else captions[row] for row, without in enumerate(unasked)]
        frame = self.table.to_frame().assign(caption=said)
        return frame.assign(chosen=frame["proposal"] == (-1 if self.index is None else self.index))
