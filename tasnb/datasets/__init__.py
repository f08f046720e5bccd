"""Data sets as sequences of samples, ``load("reftoy", split="val")[12]``; a picture is read when it is asked for."""

from __future__ import annotations

from tasnb.datasets import folder, phrasecut, refer, reftoy, results
from tasnb.datasets.checks import Report, check
from tasnb.datasets.opening import is_there, load, names, overview, reopen
from tasnb.datasets.photos import photo, photos
from tasnb.datasets.pickles import UnsafePickleError
from tasnb.datasets.published import CARDS, CountWarning, published
from tasnb.datasets.results import ResultsFile
from tasnb.datasets.samples import RefSamples, Samples
from tasnb.datasets.writing import write

__all__ = [
    "CARDS", "CountWarning", "RefSamples", "Report", "ResultsFile", "Samples", "UnsafePickleError", "check", "folder",
    "is_there", "load", "names", "overview", "photo", "photos", "phrasecut",
    "published", "refer", "reftoy", "reopen", "results", "write",
]  # fmt: skip
