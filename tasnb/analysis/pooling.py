"""Several finished runs as one: the splits of a data set, or its styles, analysed together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_SAME = ("variant", "weights", "proposals", "protocol")


class Pool:
    """Runs of one method with the same weights, in the shape of a ``Run``: its samples are numbered on.

    Images of different data sets that share an id are told apart by the data set's name.
    """

    def __init__(self, runs: Sequence[Any]) -> None:
        """Raises ValueError for no run, or for runs whose figures must not be mixed."""
        if not runs:
            raise ValueError("expected at least one run, got none; see tasnb evaluate")
        first = runs[0].about
        for run in runs[1:]:
            for key in _SAME:
                if run.about[key] != first[key]:
                    raise ValueError(
                        f"runs with different {key} cannot be pooled: {first[key]} and {run.about[key]}; analyse them "
                        "one by one, or use tasnb compare"
                    )
            if run.about["models"]["parts"] != first["models"]["parts"]:
                raise ValueError("runs of different models cannot be pooled; analyse them one by one")
        names = [(run.about["dataset"]["name"], run.about["dataset"]["split"]) for run in runs]
        if len(set(names)) < len(names):
            raise ValueError(f"the same data comes twice: {', '.join(' '.join(name) for name in names)}")
        self.runs = tuple(runs)
        self._several_sets = len({name for name, _ in names}) > 1
        self.methods = tuple(m for m in runs[0].methods if all(m in run.methods for run in runs))
        sets = list(dict.fromkeys(name for name, _ in names))
        self.about = {
            **first,
            "methods": list(self.methods),
            "dataset": {
                "name": " + ".join(sets), "split": " + ".join(dict.fromkeys(split for _, split in names)),
                "samples": sum(int(run.about["dataset"]["samples"]) for run in runs),
                "images": sum(int(run.about["dataset"]["images"]) for run in runs),
            },
        }  # fmt: skip

    def predictions(self) -> pd.DataFrame:
        """A row a sample and method."""
        return self._joined("predictions")

    def scores(self) -> pd.DataFrame:
        """A row a sample and proposal."""
        return self._joined("scores")

    def proposals(self) -> pd.DataFrame:
        """A row an image and proposal."""
        return self._joined("proposals").drop_duplicates(["image_id", "proposal"], ignore_index=True)

    def errors(self) -> pd.DataFrame:
        """A row a sample that failed to be measured."""
        return self._joined("errors")

    def offsets(self) -> list[int]:
        """What is added to the sample numbers of each run."""
        found, at = [], 0
        for run in self.runs:
            found.append(at)
            at += int(run.about["dataset"]["samples"])
        return found

    def _joined(self, table: str) -> pd.DataFrame:
        import pandas as pd

        frames = []
        for run, offset in zip(self.runs, self.offsets(), strict=True):
            frame = getattr(run, table)()
            if "sample" in frame:
                frame["sample"] += offset
            if self._several_sets and len(frame):
                frame["image_id"] = run.about["dataset"]["name"] + " " + frame["image_id"]
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


def pool(runs: Sequence[Any]) -> Any:
    """One run as it is, several as a ``Pool``. Raises what ``Pool`` raises."""
    return runs[0] if len(runs) == 1 else Pool(runs)
