"""What the lessons in ``notebooks/`` share: exercises that say what is wrong, strips of pictures, own photos.

    from tasnb.lessons import v_score as lesson

A module a lesson holds its ``check_...`` functions. A check computes the right answer from what it is given, accepts
every way to it, returns ``Right`` with the reason, and raises ``NotYet`` otherwise. Nothing in the package imports
these modules.
"""

from __future__ import annotations

from tasnb.lessons.answers import NotYet, Right
from tasnb.lessons.figures import Strip, strip
from tasnb.lessons.photos import photo, photos

__all__ = ["NotYet", "Right", "Strip", "photo", "photos", "strip"]
