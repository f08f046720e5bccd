"""Intervals for many figures of one run: its images are drawn once, and every figure is a ratio of sums over them.

The same image-cluster bootstrap as ``metrics``, with the same draws; only there every figure draws for itself. A group
of samples is measured on resamples of all images, so its size varies with the draw, as it would with other pictures.
"""

from __future__ import annotations

import numpy as np

from tasnb.evaluation import metrics

RESAMPLES = 1000
SEED = 0  # that of metrics


class Resamples:
    """How often each image comes in each resample; row 0 is the data as they are."""

    def __init__(self, image_ids: np.ndarray, resamples: int = RESAMPLES) -> None:
        """image_ids: one a sample. Raises ValueError for fewer than one resample."""
        if resamples < 1:
            raise ValueError(f"resamples: expected at least 1, got {resamples}")
        names, self._image_of = np.unique(np.asarray(image_ids, object).astype(str), return_inverse=True)
        self._images = len(names)
        draws = np.random.default_rng(SEED).multinomial(
            self._images, np.full(self._images, 1 / self._images), size=resamples
        )
        self._weights = np.concatenate([np.ones((1, self._images)), draws])

    def sums(self, *columns: np.ndarray) -> np.ndarray:
        """Sums of each column (samples,) in every resample: (1 + resamples, columns)."""
        per_image = [np.bincount(self._image_of, c.astype(np.float64), minlength=self._images) for c in columns]
        totals: np.ndarray = self._weights @ np.stack(per_image, axis=1)
        return totals

    def ratio(self, part: np.ndarray, whole: np.ndarray) -> metrics.Estimate:
        """100 x sum of ``part`` / sum of ``whole``, with its interval; NaN where there is no whole."""
        return _estimate(_ratios(self.sums(part, whole)))

    def gain(
        self, after: np.ndarray, before: np.ndarray, which: np.ndarray, metric: str, protocol: str
    ) -> metrics.Estimate:
        """Points of mIoU or oIoU that ``after`` has over ``before``, (samples, 2) pixels each, among ``which``."""
        if metric == "miou":
            ious = [metrics.iou(counts[:, 0], counts[:, 1], protocol=protocol) for counts in (after, before)]
            return self.ratio((ious[0] - ious[1]) * which, which)
        sums = self.sums(*(counts[:, column] * which for counts in (after, before) for column in (0, 1)))
        return _estimate(_ratios(sums[:, :2]) - _ratios(sums[:, 2:]))


def _ratios(sums: np.ndarray) -> np.ndarray:
    return np.divide(sums[:, 0], sums[:, 1], out=np.full(len(sums), np.nan), where=sums[:, 1] > 0)


def _estimate(values: np.ndarray) -> metrics.Estimate:
    drawn = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or not len(drawn):
        return metrics.Estimate(value=np.nan, low=np.nan, high=np.nan)
    low, high = np.percentile(100 * drawn, [2.5, 97.5])
    return metrics.Estimate(value=float(100 * values[0]), low=float(low), high=float(high))
