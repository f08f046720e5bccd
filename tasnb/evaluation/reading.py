"""The expressions of an import, read by the parser that ships: few in this process, many in one of their own.

spaCy loads torch where it is installed, 0.5 GB that nothing here needs; in a process of its own it goes without.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

from tasnb.core.errors import UserError
from tasnb.core.types import Models, Parse, parse_from_json, parse_to_json
from tasnb.models.deferred import defer
from tasnb.pipeline.variant import PAPER
from tasnb.stages import expressions

PRESET = "toy"  # whose parser and WordNet: they ship
MANY = 2000  # expressions: a process of its own takes 3 s to begin
# in which ``import torch`` fails, as where it is not installed; spaCy takes numpy then
_ALONE = "import sys; sys.modules['torch'] = None; from tasnb.evaluation import reading; reading.tell()"


def read_expressions(texts: Sequence[str]) -> dict[str, Parse | Exception]:
    """The parse of every expression, or why there is none."""
    texts = list(dict.fromkeys(texts))
    if len(texts) < MANY or "torch" in sys.modules:
        return _read(texts)
    try:
        # no multiprocessing: that would run a user's script again, which may be what imports
        done = subprocess.run([sys.executable, "-c", _ALONE], input=json.dumps(texts).encode(), capture_output=True)
        told = json.loads(done.stdout)
    except (OSError, ValueError):  # no process, or one that died
        return _read(texts)
    return {text: parse_from_json(parse) if parse else UserError(why) for text, (parse, why) in told.items()}


def tell() -> None:
    """Read the expressions of a JSON list on standard input; write [parse, why there is none] by expression."""
    found = _read(json.load(sys.stdin))
    told = {
        t: ["", str(each)] if isinstance(each, Exception) else [parse_to_json(each), ""] for t, each in found.items()
    }
    json.dump(told, sys.stdout)


def _read(texts: Sequence[str]) -> dict[str, Parse | Exception]:
    try:
        return dict(zip(texts, _parse(texts), strict=True))
    except ValueError:  # one of them is bad: each alone, so that the others are not lost
        return {text: _parse_one(text) for text in texts}


def _parse(texts: Sequence[str]) -> list[Parse]:
    models = _language()
    return expressions.parse_all(texts, models.parser, rule=PAPER.parse, wordnet=models.wordnet)


def _parse_one(text: str) -> Parse | Exception:
    try:
        return _parse([text])[0]
    except ValueError as problem:
        return problem


@cache
def _language() -> Models:
    """Loaded once a process, as that takes seconds."""
    return defer(preset=PRESET)
