"""What an evaluation is to do, decided before anything is computed: options, source of proposals, parts, identity.

A plan holds plain values only, so that another process, or a restart tomorrow, can do any part of it alone.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np

from tasnb.core.choices import require_known
from tasnb.core.domain import data_note
from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.images import as_rgb
from tasnb.core.masks import make_proposals
from tasnb.core.types import Models, Prediction, Proposals, Sample, Weights
from tasnb.datasets import ResultsFile, results
from tasnb.evaluation import metrics
from tasnb.evaluation.parts import identity_of, key_of
from tasnb.evaluation.runs import ORACLE, SCHEMA
from tasnb.models.catalogue import PARTS
from tasnb.pipeline import baselines
from tasnb.pipeline.baselines import GLOBAL_WEIGHT, GLOBAL_WEIGHT_LONG
from tasnb.pipeline.describe import proposals_key_of
from tasnb.pipeline.tas import tas
from tasnb.pipeline.variant import LONG_EXPRESSIONS, PAPER, Variant, find, weights_for
from tasnb.store import canonical

Answering = Callable[..., Prediction]
Engine = Literal["local", "ray"]
# the names of the command line; a dict of your own goes to ``evaluate`` just as well
METHODS: Mapping[str, Answering] = MappingProxyType(
    {
        "tas": tas,
        "clip-only": baselines.clip_only,
        "text-only": baselines.text_only,
        "score-map": baselines.score_map,
        "grad-cam": baselines.grad_cam,
        "clip-surgery": baselines.clip_surgery,
        "region-token": baselines.region_token,
        "global-local": baselines.global_local,
    }
)
_KNOWN = tuple(METHODS.values())
DEFAULT_PROTOCOL = "tas"
PROTOCOL_OF: Mapping[str, str] = MappingProxyType({"grefcoco": "gres"})  # data set -> its default
USUAL_METHODS = ("tas", "clip-only", "text-only")  # need nothing beyond what TAS needs
SAM = "sam"  # whatever proposer the models have
ANNOTATIONS = "annotations"
IMAGES_A_PART = 10  # what a crash can cost
LOOKED_AT = 5  # pictures, to tell whether the models know such
_MODELS = ("torch", "segment-anything", "open_clip_torch", "transformers", "spacy", "nltk")
_LIBRARIES = ("tasnb", "numpy", "pyarrow", *_MODELS)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What ``evaluate`` may be told beyond samples, models and folder; ``Options.of`` takes names too.

    Parameters
    ----------
    methods : mapping of str to callable
        Name -> function (artifacts, expression, models, **options) -> Prediction; the first one is compared with the
        others. By default "tas", "clip-only" and "text-only".
    variant : Variant
        Of TAS; the paper's by default.
    alpha, lam : float, optional
        Weights of P and N; by default those of ``weights_for``.
    protocol : str, optional
        Of ``metrics.PROTOCOLS``, for the summary; by default that of the run in the folder, else "tas" ("gres" for
        gRefCOCO). Figures under any other follow from the same run.
    proposals : str
        "sam", the models' own; another proposer of the catalogue ("vit_b", "sam2", "fastsam" ...); the path of a COCO
        results file (.json); or "annotations", the data set's own masks, an oracle for the proposal stage.
    shards : int, optional
        Number of parts, at most one an image; by default of 10 images each. It changes no figure.
    engine : {"local", "ray"}
        What computes the parts.
    workers : int
        Processes of this machine, or actors of ray; at least 1.
    stagewise : bool, optional
        Each model alone over all images, then freed; by default on a GPU.
    model_options : mapping
        For ``models.load``: device, points_per_side ...

    Raises
    ------
    ValueError
        For a wrong name, which lists the choices, and for a number below 1.
    FileNotFoundError
        For a file of proposals that is not there.
    """

    methods: Mapping[str, Answering]
    variant: Variant = PAPER
    alpha: float | None = None
    lam: float | None = None
    protocol: str | None = None
    proposals: str = SAM
    shards: int | None = None
    engine: Engine = "local"
    workers: int = 1
    stagewise: bool | None = None
    model_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known("engine", self.engine, get_args(Engine))
        for name in ("workers", "shards"):
            if (number := getattr(self, name)) is not None and number < 1:
                raise UserError(f"{name}: expected at least 1, got {number}")
        if self.protocol is not None:
            metrics.find(self.protocol)
        _check_source(self.proposals)

    @classmethod
    def of(
        cls,
        *,
        methods: Sequence[str] | Mapping[str, Answering] = USUAL_METHODS,
        variant: str | Variant = PAPER,
        proposals: str = SAM,
        answering_above: float | None = None,
        model_options: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> Options:
        """Options as a user says them.

        Parameters
        ----------
        methods : sequence of str, or mapping of str to callable
            Names of ``METHODS``, or functions by name.
        variant : str or Variant
            "paper", "official", or one of your own.
        proposals : str
            A file may be named by any path to it.
        answering_above : float, optional
            Overrides the variant's (``Variant.answering_above``).
        model_options : mapping, optional
            None is none.
        **others : Any
            Every other option as it is.

        Returns
        -------
        Options
            With functions for names, and a file by its whole path, which means the same in another process.

        Raises
        ------
        ValueError
            For an unknown option, listing the choices, and for what ``Options`` refuses.
        """
        require_known("option", others, [each.name for each in fields(cls)])
        source = str(Path(proposals).absolute()) if _is_file(proposals) else proposals
        chosen, options = find(variant), dict(model_options or {})
        if answering_above is not None:
            chosen = replace(chosen, answering_above=answering_above)
        return cls(methods=find_methods(methods), variant=chosen, proposals=source, model_options=options, **others)


def find_methods(names: Sequence[str] | Mapping[str, Answering]) -> dict[str, Answering]:
    """Methods by name, in the order given.

    Parameters
    ----------
    names : sequence of str, or mapping of str to callable
        Names of ``METHODS``, or functions of your own by name.

    Returns
    -------
    dict of str to callable
        Name -> function.

    Raises
    ------
    ValueError
        For an unknown name, which lists the names, for "oracle", and for no method at all.
    """
    if isinstance(names, Mapping):
        found = dict(names)
    else:
        for name in names:
            require_known("method", name, METHODS)
        found = {name: METHODS[name] for name in names}
    if not found:
        raise UserError(f"expected at least one method, got none; choose from {', '.join(METHODS)}")
    if ORACLE in found:
        raise UserError(f"{ORACLE!r} is the row of the best proposal; give your method another name")
    return found


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One evaluation, as plain values.

    Parameters
    ----------
    options : Options
        What the user said.
    about : mapping
        The run.json of this plan: data, models, weights and everything else that tells it from another.
    parts : tuple of tuples of int
        Of each part the samples, by their number in the split; all samples of an image are in one part.
    """

    options: Options
    about: Mapping[str, Any]
    parts: tuple[tuple[int, ...], ...] = field(repr=False)

    @property
    def weights(self) -> Weights:
        """Alpha and lam of TAS."""
        return Weights(**self.about["weights"])

    @cached_property
    def key(self) -> str:
        """What its parts are bound to."""
        return key_of(self.about)

    @classmethod
    def of(cls, samples: Sequence[Sample], models: Models, spec: Mapping[str, Any] | None, options: Options) -> Plan:
        """The plan of these options on these samples.

        Parameters
        ----------
        samples : sequence of Sample
            What to measure on.
        models : Models
            Asked for the fingerprints of their parts only.
        spec : mapping, optional
            What ``models.defer`` makes the same models of; None for models that live in this process only.
        options : Options
            Everything else.

        Returns
        -------
        Plan
            The same for the same arguments.
        """
        image_ids = [image_id_of(samples, index) for index in range(len(samples))]
        parts = split_into_parts(image_ids, options.shards)
        data = data_of(samples)
        name = data["name"]
        roles = ("proposer", "encoder", "captioner", "parser", "wordnet")
        if (source := options.proposals) == ANNOTATIONS or _is_file(source):
            own = {"proposer": source if source == ANNOTATIONS else results.fingerprint_of(source)}
        else:
            own = {}
        names = {role: own.get(role) or _name_of(getattr(models, role)) for role in roles}
        variant = options.variant
        about = {
            "schema": SCHEMA,
            "versions": versions(),
            "dataset": data,
            "models": {"name": str(spec["preset"]) if spec else "given", "spec": spec, "parts": names},
            "domain_note": data_note(models.name, models.domain, _some_pictures(samples, models)),
            "methods": list(options.methods),
            "variant": variant.name,
            "variant_options": _plain(variant),
            "weights": asdict(weights_for(variant, models, name, alpha=options.alpha, lam=options.lam)),
            "proposals": Path(source).name if _is_file(source) else source,
            "protocol": options.protocol or PROTOCOL_OF.get(name, DEFAULT_PROTOCOL),
            "parts": len(parts),
        }
        if own := {name: _source_of(method) for name, method in options.methods.items() if method not in _KNOWN}:
            about["own_methods"] = own
        return cls(options=options, about=about, parts=parts)


def _plain(variant: Variant) -> dict[str, Any]:
    """A variant's options for run.json; an answer threshold that is off is left out, as older runs have none."""
    plain = {**asdict(variant), "weights": None}
    if variant.answering_above is None:
        del plain["answering_above"]
    return dict(json.loads(canonical(plain)))


def _some_pictures(samples: Sequence[Sample], models: Models) -> list[np.ndarray]:
    """A few pictures, spread over the split, to tell whether the models know such; none where they know all."""
    found = []
    if models.domain != "photos":
        for index in range(0, len(samples), -(-len(samples) // LOOKED_AT) or 1):
            with suppress(ValueError, OSError):  # a picture that cannot be read becomes an error row later
                found.append(as_rgb(samples[index].image))
    return found


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """How one run.json differs from another in what makes a run the same run.

    Parameters
    ----------
    old, new : mapping
        The one in the folder, and that of a plan.

    Returns
    -------
    list of str
        In words; empty where it is the same run.
    """
    found, old_of, now_of = [], identity_of(old), identity_of(new)
    for name in dict.fromkeys([*old_of, *now_of]):
        there, now = old_of.get(name), now_of.get(name)
        if isinstance(there, Mapping) and isinstance(now, Mapping):
            there, now = ({k: v for k, v in a.items() if b.get(k) != v} for a, b in ((there, now), (now, there)))
        if there != now:
            found.append(f"{name}: {there!r} there, {now!r} now")
    return found


def default_folder(plan: Plan) -> Path:
    """Where a run lies by default.

    Parameters
    ----------
    plan : Plan
        What it is to do.

    Returns
    -------
    Path
        outputs/runs/<data set>-<split>-<models>-<variant>, with what else sets this run apart.
    """
    about, variant, weights = plan.about, plan.options.variant, plan.weights
    data = about["dataset"]
    parts = [data["name"], data["split"], Path(about["models"]["name"]).name, variant.name]
    if weights != weights_for(variant, data=data["name"]):
        parts.append(f"alpha{weights.alpha:g}-lam{weights.lam:g}")
    if variant.answering_above is not None:
        parts.append(f"above{variant.answering_above:g}")
    if about["proposals"] != SAM:
        parts.append(Path(about["proposals"]).stem)
    if tuple(about["methods"]) != USUAL_METHODS:
        parts.append("+".join(about["methods"]))
    return Path("outputs") / "runs" / "-".join([*parts, str(data["samples"])])


def split_into_parts(image_ids: Sequence[str], shards: int | None = None) -> tuple[tuple[int, ...], ...]:
    """Samples in parts that can be computed alone.

    Parameters
    ----------
    image_ids : sequence of str
        One a sample.
    shards : int, optional
        Number of parts, at most one an image; by default parts of 10 images.

    Returns
    -------
    tuple of tuples of int
        Of each part its samples: all of an image in one part, images in order of first appearance. The same input
        gives the same parts.
    """
    of_image: dict[str, list[int]] = {}
    for index, image_id in enumerate(image_ids):
        of_image.setdefault(image_id, []).append(index)
    images = list(of_image.values())
    count = min(shards or -(-len(images) // IMAGES_A_PART), max(len(images), 1))
    bounds = [len(images) * part // max(count, 1) for part in range(count + 1)]
    return tuple(tuple(index for indices in images[low:high] for index in indices) for low, high in pairwise(bounds))


def global_weight_for(data_name: str) -> float:
    """Global-Local's weight of the masked features on a data set (docs/method.md).

    Parameters
    ----------
    data_name : str
        The data set's.

    Returns
    -------
    float
        0.85 for RefCOCOg, else 0.95.
    """
    return GLOBAL_WEIGHT_LONG if data_name in LONG_EXPRESSIONS else GLOBAL_WEIGHT


def image_id_of(samples: Sequence[Sample], index: int) -> str:
    """The image of a sample, without reading it where the data set can.

    Parameters
    ----------
    samples : sequence of Sample
        A data set, or a list.
    index : int
        Which one.

    Returns
    -------
    str
        Its image id.
    """
    known = getattr(samples, "image_id", None)
    return str(known(index)) if known is not None else samples[index].image_id


def proposer_named(source: str) -> str | None:
    """The proposer of the catalogue that a source of proposals names.

    Parameters
    ----------
    source : str
        As ``Options`` has it.

    Returns
    -------
    str or None
        None where the models keep their own or need none.
    """
    return None if source in (SAM, ANNOTATIONS) or _is_file(source) else source


class GivenProposals:
    """A proposer that has its masks already: those of one image.

    Parameters
    ----------
    found : Proposals
        The masks.
    """

    def __init__(self, found: Proposals) -> None:
        self._found = found
        self.fingerprint = f"given {proposals_key_of(found)}"

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        """The masks.

        Parameters
        ----------
        image_rgb : ndarray of uint8, shape (h, w, 3)
            Whose masks they are.

        Returns
        -------
        Proposals
            Those given, or none of the image's size.

        Raises
        ------
        ValueError
            When they are not of the image's size.
        """
        if not len(self._found):
            return make_proposals(np.zeros((0, *image_rgb.shape[:2]), dtype=bool), source=ANNOTATIONS)
        if self._found.size_hw != image_rgb.shape[:2]:
            raise UserError(f"annotations of size {self._found.size_hw} (h, w) for an image of {image_rgb.shape[:2]}")
        return self._found


class _FileProposals:
    """A proposer that reads the masks of one image from a results file; none where the file does not name it."""

    def __init__(self, found: ResultsFile, image_id: str) -> None:
        self._found, self._image_id = found, image_id
        self.fingerprint = f"{found.fingerprint} {image_id}"

    def propose(self, image_rgb: np.ndarray) -> Proposals:
        return self._found.proposals(self._image_id, (image_rgb.shape[0], image_rgb.shape[1]))


def proposing(source: str, samples: Sequence[Sample]) -> Callable[[Models, str], Models]:
    """How models get the proposals of a source.

    Parameters
    ----------
    source : str
        As ``Options`` has it; a file is read now.
    samples : sequence of Sample
        What will be asked for.

    Returns
    -------
    callable
        (models, image id) -> the models with the source's proposer for that image.

    Raises
    ------
    ValueError
        For annotations of samples that have none, and for a file about other images.
    """
    if source == ANNOTATIONS:
        if not hasattr(samples, "things"):
            raise UserError(
                "proposals='annotations' needs a data set with annotations (datasets.load), got bare samples"
            )
        return lambda models, image_id: replace(
            models, proposer=GivenProposals(make_proposals(samples.things(image_id), source=ANNOTATIONS))
        )
    if _is_file(source):
        found = ResultsFile.read(source)
        found.check(getattr(samples, "image_ids", None) or [sample.image_id for sample in samples])
        return lambda models, image_id: replace(models, proposer=_FileProposals(found, image_id))
    return lambda models, _: models


def _is_file(source: str) -> bool:
    return Path(source).suffix.lower() == ".json"


def _check_source(source: str) -> None:
    names = (SAM, ANNOTATIONS, *(name for name in PARTS["sam"] if name != "toy"))
    if _is_file(source):
        if not Path(source).is_file():
            raise MissingFileError(f"no such file of proposals: {source}")
    elif source not in names:
        raise UserError(
            f"unknown proposals {source!r}; choose from {', '.join(names)}, or give a COCO results file (.json)"
        )


def data_of(samples: Sequence[Sample]) -> dict[str, Any]:
    """What run.json says of the data: name, split, samples, images, fingerprint, and the spec that opens them again."""
    return {
        "name": str(getattr(samples, "name", "") or samples[0].dataset),
        "split": str(getattr(samples, "split", "") or samples[0].split),
        "samples": len(samples),
        "images": len({image_id_of(samples, index) for index in range(len(samples))}),
        "fingerprint": _data_fingerprint(samples),
        "spec": getattr(samples, "spec", None),
    }


def _data_fingerprint(samples: Sequence[Sample]) -> str:
    """The data set's own, or that of ids and expressions where it has none."""
    if found := getattr(samples, "fingerprint", None):
        return str(found)
    lines = [[s.sample_id, s.image_id, s.ref_id, s.expression] for s in samples]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries whose numbers a run rests on."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _name_of(part: Any) -> str:
    return str(getattr(part, "fingerprint", type(part).__name__))


def _source_of(method: Answering) -> str:
    """A digest of a method of the user's own, so that a changed one is another run; its name where it has no source."""
    bound = ""
    while isinstance(method, partial):
        bound += f" {method.args!r} {sorted(method.keywords.items())!r}"
        method = method.func
    try:
        source = inspect.getsource(method)
    except (OSError, TypeError):  # typed at a prompt, or an object that can be called
        source = f"{type(method).__qualname__} {getattr(method, '__qualname__', '')}"
    return hashlib.sha256(f"{source}{bound}".encode()).hexdigest()[:16]
