"""Data sets as sequences of samples, ``load("reftoy", split="val")[12]``; a picture is read when it is asked for.

One convention in all of them: polygons, run-length codes, boxes and mask pictures are in the coordinates of the upright
picture, as its EXIF orientation turns it and as ``as_rgb`` and every viewer show it.
"""

from __future__ import annotations

from tasnb.datasets.cards import CARDS, CountWarning, published
from tasnb.datasets.checks import Report, check
from tasnb.datasets.contents import Instance
from tasnb.datasets.folder import photo, photos
from tasnb.datasets.opening import is_there, load, names, overview, reopen
from tasnb.datasets.pickles import UnsafePickleError
from tasnb.datasets.results import ResultsFile
from tasnb.datasets.samples import Samples
from tasnb.datasets.writing import write

__all__ = ["CARDS", "CountWarning", "Instance", "Report", "ResultsFile", "Samples", "UnsafePickleError", "check"]
__all__ += ["is_there", "load", "names", "overview", "photo", "photos", "published", "reopen", "write"]
