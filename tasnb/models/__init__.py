"""Adapters: one module for each kind of model, the sole importer of its vendor, and presets that put them together.

Importing this package is cheap; a vendor is imported when one of its models is loaded.
"""

from __future__ import annotations

from tasnb.models import doctor
from tasnb.models.presets import PRESETS, MissingFileError, import_vendors, load, plan

__all__ = ["PRESETS", "MissingFileError", "doctor", "import_vendors", "load", "plan"]
