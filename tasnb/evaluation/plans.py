"""What an evaluation is to do, decided before anything is computed: the plan, its parts, and its identity.

A plan holds plain values only, so that another process, or a restart tomorrow, can do any part of it alone.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import Any

from tasnb.core.types import Sample, Weights
from tasnb.evaluation import metrics, sources
from tasnb.pipeline import variant as named
from tasnb.pipeline.baselines import GLOBAL_WEIGHT, GLOBAL_WEIGHT_LONG
from tasnb.store import canonical

SCHEMA = 2  # of the run directory; 2: proposals, phrases, gold
IMAGES_A_PART = 10  # what a crash can cost
# paper, section 4.2: lam is 0.7 on RefCOCO and RefCOCO+, 1 on RefCOCOg; the authors' code has 0.7 everywhere
LAM_OF_LONG_EXPRESSIONS = 1.0
LONG_EXPRESSIONS = frozenset({"refcocog", "reftoyg"})
_VERSIONS = (
    "tasnb",
    "numpy",
    "pyarrow",
    "torch",
    "segment-anything",
    "open_clip_torch",
    "transformers",
    "spacy",
    "nltk",
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One evaluation, as plain values.

    dataset: what ``datasets.reopen`` takes, or None for samples that live in this process only. methods: names, in
    order; the first is the one that others are compared with. weights: alpha and lam of TAS. proposals: see
    ``sources``. models: preset and options of ``models.defer``, or None.
    parts: of each part, its images and the samples (indices in the split) about them.
    """

    dataset: Mapping[str, Any] | None
    data_name: str
    data_split: str
    data_fingerprint: str
    samples: int
    images: int
    methods: tuple[str, ...]
    variant: named.Variant
    weights: Weights
    protocol: str
    proposals: str
    models: Mapping[str, Any] | None
    fingerprints: Mapping[str, str]
    parts: tuple[tuple[int, ...], ...] = field(repr=False)

    @property
    def preset(self) -> str:
        """The models' name for people."""
        return str(self.models["preset"]) if self.models else "given"

    def about(self) -> dict[str, Any]:
        """The run.json of this plan."""
        return {
            "schema": SCHEMA,
            "versions": versions(),
            "dataset": {
                "name": self.data_name, "split": self.data_split, "samples": self.samples, "images": self.images,
                "fingerprint": self.data_fingerprint, "spec": self.dataset,
            },
            "models": {"name": self.preset, "spec": self.models, "parts": dict(self.fingerprints)},
            "methods": list(self.methods),
            "variant": self.variant.name,
            "variant_options": json.loads(canonical({**asdict(self.variant), "weights": None})),
            "weights": asdict(self.weights),
            "proposals": sources.for_run(self.proposals),
            "protocol": self.protocol,
            "parts": len(self.parts),
        }  # fmt: skip


# a restart may use other versions, another protocol for the summary, another machine's paths; all else is identity
_IDENTITY = ("schema", "methods", "variant", "variant_options", "weights", "proposals", "parts")


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """How a new plan's run.json differs from the one in the folder, in words; none: it is the same run."""
    found = [f"{key}: {old.get(key)!r} there, {new[key]!r} now" for key in _IDENTITY if old.get(key) != new[key]]
    for group, keys in (("dataset", ("name", "split", "samples", "fingerprint")), ("models", ("parts",))):
        for key in keys:
            there, now = old.get(group, {}).get(key), new[group][key]
            if there != now:
                found.append(f"{group} {key}: {_short(there)} there, {_short(now)} now")
    return found


def split_into_parts(image_ids: Sequence[str], shards: int | None = None) -> tuple[tuple[int, ...], ...]:
    """Sample indices of each part: all samples of an image in one part, images in order of first appearance.

    shards: number of parts, at most one an image; None: parts of 10 images. The same input gives the same parts.
    Raises ValueError for fewer than one.
    """
    if shards is not None and shards < 1:
        raise ValueError(f"shards: expected at least 1, got {shards}")
    of_image: dict[str, list[int]] = {}
    for index, image_id in enumerate(image_ids):
        of_image.setdefault(image_id, []).append(index)
    images = list(of_image.values())
    count = min(shards or -(-len(images) // IMAGES_A_PART), max(len(images), 1))
    bounds = [len(images) * part // max(count, 1) for part in range(count + 1)]
    return tuple(tuple(index for indices in images[low:high] for index in indices) for low, high in pairwise(bounds))


def weights_for(data_name: str, variant: named.Variant, alpha: float | None, lam: float | None) -> Weights:
    """alpha and lam of a run: what the user says, else what the method says for this data set."""
    usual = variant.weights
    if variant.name == "paper" and data_name in LONG_EXPRESSIONS:
        usual = Weights(alpha=usual.alpha, lam=LAM_OF_LONG_EXPRESSIONS)
    return Weights(alpha=usual.alpha if alpha is None else alpha, lam=usual.lam if lam is None else lam)


def global_weight_for(data_name: str) -> float:
    """Global-Local's weight of the masked features: 0.85 for RefCOCOg, else 0.95 (METHOD section 5)."""
    return GLOBAL_WEIGHT_LONG if data_name in LONG_EXPRESSIONS else GLOBAL_WEIGHT


def data_fingerprint(samples: Sequence[Sample]) -> str:
    """The data set's own, or that of ids and expressions where it has none."""
    if found := getattr(samples, "fingerprint", None):
        return str(found)
    lines = [[s.sample_id, s.image_id, s.ref_id, s.expression] for s in samples]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def check_names(protocol: str, proposals: str) -> None:
    """Raise ValueError, listing the choices, for an unknown protocol or source of proposals."""
    metrics.find(protocol)
    sources.check(proposals)


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries whose numbers a run rests on."""
    found = {"python": platform.python_version()}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
