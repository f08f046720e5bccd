"""What is published about each data set: splits, counts, licence and source; and the warning for a set that differs.

Sentences and refs of the evaluation splits: docs/method.md and the sets' papers. Images and train refs agree with
what TensorFlow Datasets lists for ``ref_coco`` where it lists them; a number that no source could be named for is left
out or was noted from memory, so a difference is a note, never an error. PhraseCut: README of
ChenyunWu/PhraseCutDataset. The sentences of the unc, google and umd splits add up to the 142,210, 141,564 and 95,010
of the whole sets.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class CountWarning(UserWarning):
    """A split holds other numbers of refs or sentences than the published one."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much a split holds; None: not published."""

    images: int | None = None
    refs: int | None = None
    sentences: int | None = None

    def differences(self, found: Counts) -> tuple[str, ...]:
        """What differs from ``found``, in words; a number that is not known differs from nothing."""
        pairs = ((field, getattr(self, field), getattr(found, field)) for field in ("images", "refs", "sentences"))
        return tuple(
            f"{want:,} {field} published, {got:,} found"
            for field, want, got in pairs
            if want is not None and got is not None and want != got
        )


@dataclass(frozen=True, kw_only=True)
class Card:
    """A data set as its authors describe it. counts: split_by, the default first -> split -> numbers."""

    title: str
    counts: Mapping[str, Mapping[str, Counts]]
    licence: str
    source: str
    layout: str

    @property
    def split_bys(self) -> tuple[str, ...]:
        """Who split it, the default first."""
        return tuple(self.counts)


def _counts(**splits: tuple[int | None, int | None, int | None]) -> Mapping[str, Counts]:
    return MappingProxyType({name: Counts(images=i, refs=r, sentences=s) for name, (i, r, s) in splits.items()})


def _refer(title: str, folder: str, **counts: Mapping[str, Counts]) -> Card:
    return Card(
        title=title,
        counts=counts,
        licence="REFER Apache-2.0, COCO's annotations CC-BY 4.0; photos keep their Flickr licences",
        source="github.com/lichengunc/refer; photos: COCO train2014, cocodataset.org",
        layout=f"{folder}/instances.json, {folder}/refs({next(iter(counts))}).p, images/mscoco/images/train2014/",
    )


def _toy(style: str) -> Card:
    return Card(
        title=f"RefToy, {style}",
        counts={"toy": _counts(val=_NOTHING, testA=_NOTHING, testB=_NOTHING)},
        licence="MIT",
        source="shipped with tasnb, drawn by data/toyworld",
        layout=f"images/, {style}/instances.json, {style}/refs(toy).json",
    )


_NOTHING = (None, None, None)

# split: images, refs, sentences
_REFCOCO_UNC = _counts(
    train=(16994, 42404, 120624),
    val=(1500, 3811, 10834),
    testA=(750, 1975, 5657),
    testB=(750, 1810, 5095),
)
_REFCOCO_GOOGLE = _counts(train=(19213, 40000, None), val=(4559, 5000, None), test=(4527, 5000, None))
_REFCOCO_PLUS_UNC = _counts(
    train=(16992, 42278, 120191),
    val=(1500, 3805, 10758),
    testA=(750, 1975, 5726),
    testB=(750, 1798, 4889),
)
_REFCOCOG_UMD = _counts(train=(21899, 42226, 80512), val=(1300, 2573, 4896), test=(2600, 5023, 9602))
# docs/method.md: the paper's "Test(G)" is this val, because google's test was never released
_REFCOCOG_GOOGLE = _counts(train=(24698, 44822, 85474), val=(4650, 5000, 9536))
# a phrase is a ref of one sentence
_PHRASECUT = _counts(
    train=(71746, 310816, 310816),
    val=(2971, 20316, 20316),
    test=(2545, 14354, 14354),
    miniv=(100, 821, 821),
)

CARDS: Mapping[str, Card] = MappingProxyType(
    {
        "refcoco": _refer("RefCOCO", "refcoco", unc=_REFCOCO_UNC, google=_REFCOCO_GOOGLE),
        "refcoco+": _refer("RefCOCO+", "refcoco+", unc=_REFCOCO_PLUS_UNC),
        "refcocog": _refer("RefCOCOg", "refcocog", umd=_REFCOCOG_UMD, google=_REFCOCOG_GOOGLE),
        "phrasecut": Card(
            title="PhraseCut",
            counts={"official": _PHRASECUT},
            licence="made on Visual Genome, CC-BY 4.0; photos keep their Flickr licences",
            source="github.com/ChenyunWu/PhraseCutDataset; photos: Visual Genome 1.2",
            layout="VGPhraseCut_v0/refer_test.json, VGPhraseCut_v0/image_data_split.json, VGPhraseCut_v0/images/",
        ),
        "folder": Card(
            title="your own images",
            counts={"own": _counts(val=_NOTHING)},
            licence="yours",
            source="yours",
            layout="samples.csv or samples.json: image, expression, mask (optional), split (optional)",
        ),
        "reftoy": _toy("reftoy"),
        "reftoy+": _toy("reftoy+"),
        "reftoyg": _toy("reftoyg"),
    }
)


def published(name: str, split_by: str, split: str) -> Counts:
    """The published numbers of a split.

    Parameters
    ----------
    name : str
        The data set.
    split_by : str
        Who split it.
    split : str
        The split.

    Returns
    -------
    Counts
        All None where nothing is published.
    """
    return CARDS[name].counts.get(split_by, {}).get(split, Counts())


def warn_of_differences(name: str, split_by: str, split: str, found: Counts) -> None:
    """One CountWarning that names what was published and what was found; silent where nothing differs."""
    differences = published(name, split_by, split).differences(found)
    if differences:
        warnings.warn(
            f"{name} {split} (split by {split_by}) is not the published one: {'; '.join(differences)}. "
            "Figures on it do not compare with published ones",
            CountWarning,
            stacklevel=4,  # the caller of datasets.load
        )
