"""One proposal -> the picture that a model sees: everything else black (``crop``) or blurred (``blur``).

Paper, table 5: CLIP does best with ``crop``, the captioner with ``blur``.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.ndimage import gaussian_filter

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.masks import boxes_xyxy
from tasnb.core.types import CropStyle, Proposals

RADIUS_SIGMAS = 3.2  # suoych/TAS: a kernel of 75 px for sigma 11.6, so 37 px each side


@dataclass(frozen=True, kw_only=True)
class CropConfig:
    """How a proposal is cut out.

    Parameters
    ----------
    style : str
        "crop", background black; or "blur", background blurred and the foreground sharp.
    sigma : float
        Of the Gaussian, in pixels of the image; 11.6 by default (suoych/TAS: OpenCV's sigma for a 75 px kernel).
    bleed : bool
        False blurs the background only (paper, section 4.5); True blurs the whole image and pastes the foreground on
        it, so the foreground's colours bleed into the background (suoych/TAS).
    square : bool
        Pad the box with black to a square, centred; the odd row or column goes to the bottom or right.
    even : bool
        The odd row or column is left out instead, so that the picture may be a pixel from square (suoych/TAS).

    Raises
    ------
    ValueError
        For another style, or a sigma that is no positive number.
    """

    style: CropStyle
    sigma: float = 11.6
    bleed: bool = False
    square: bool = True
    even: bool = False

    def __post_init__(self) -> None:
        require_known("crop style", self.style, get_args(CropStyle))
        if not (np.isfinite(self.sigma) and self.sigma > 0):
            raise UserError(f"sigma: expected a positive number of pixels, got {self.sigma}")


def cut(
    image_rgb: UInt8[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"], config: CropConfig
) -> UInt8[np.ndarray, "s t 3"]:
    """The picture of one mask.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The image.
    mask : ndarray of bool, shape (h, w)
        In its pixels.
    config : CropConfig
        How it is cut out.

    Returns
    -------
    ndarray of uint8, shape (s, s, 3)
        With ``config.even`` one row or column less where the pad is odd; of the box's own shape when ``config.square``
        is False.

    Raises
    ------
    ValueError
        For an image that is not uint8 (h, w, 3) or a mask of another size.

    Notes
    -----
    An empty mask gives one black pixel, so that every proposal has a picture; a whole-image mask has no background and
    gives the image. The box keeps its last row and column, which suoych/TAS loses by a slip.

    Examples
    --------
    >>> gray = np.full((2, 3, 3), 99, dtype=np.uint8)
    >>> cut(gray, np.array([[False, True, True], [False, False, False]]), CropConfig(style="crop"))[..., 0].tolist()
    [[99, 99], [0, 0]]
    """
    return cut_all(image_rgb, mask[None], config)[0]


def cut_all(
    image_rgb: UInt8[np.ndarray, "h w 3"], proposals: Proposals | Bool[np.ndarray, "n h w"], config: CropConfig
) -> list[np.ndarray]:
    """``cut`` for every proposal; the image is blurred once, whatever the number of masks.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The image.
    proposals : Proposals or ndarray of bool, shape (n, h, w)
        The masks.
    config : CropConfig
        How they are cut out.

    Returns
    -------
    list of ndarray of uint8
        n pictures, as ``cut`` gives them.

    Raises
    ------
    ValueError
        As ``cut`` does.
    """
    return list(Crops(image_rgb, proposals, config))


class Crops(Sequence[np.ndarray]):
    """The pictures of ``cut_all``, each cut when it is asked for: a photo's in full size would fill the memory.

    A slice, or a list of indices, gives the pictures of some proposals, which share the blurred image.

    Parameters
    ----------
    image_rgb : ndarray of uint8, shape (h, w, 3)
        The image.
    proposals : Proposals or ndarray of bool, shape (n, h, w)
        The masks.
    config : CropConfig
        How they are cut out.

    Raises
    ------
    ValueError
        As ``cut`` does.
    """

    def __init__(
        self,
        image_rgb: UInt8[np.ndarray, "h w 3"],
        proposals: Proposals | Bool[np.ndarray, "n h w"],
        config: CropConfig,
    ) -> None:
        self._masks = proposals.masks if isinstance(proposals, Proposals) else proposals
        _check(image_rgb, self._masks)
        boxes = proposals.boxes_xyxy if isinstance(proposals, Proposals) else boxes_xyxy(self._masks)
        self._image, self._boxes, self._config = image_rgb, boxes, config
        self._rows: Sequence[int] = range(len(self._masks))
        self._blurred: list[np.ndarray] = []  # the one blurred image, once it was needed

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, int | np.integer):
            return self._cut(self._rows[int(which)])
        some = copy.copy(self)
        some._rows = self._rows[which] if isinstance(which, slice) else [self._rows[int(row)] for row in which]
        return some

    def _cut(self, row: int) -> np.ndarray:
        config, inside = self._config, _inside(self._boxes[row])
        image, mask = self._image[inside], self._masks[row][inside]
        if config.style == "crop" or mask.size == 0:
            picture = image * mask[..., None]
        elif config.bleed:
            picture = np.where(mask[..., None], image, self._whole[inside])
        else:
            picture = _blur_background(image, mask, self._whole[:, *inside], config.sigma)
        return _square(picture, even=config.even) if config.square else _solid(picture)

    @property
    def _whole(self) -> np.ndarray:
        if not self._blurred:
            blur = _blur_whole if self._config.bleed else _blur_planes
            self._blurred.append(blur(self._image, self._config.sigma))
        return self._blurred[0]


def _blur_background(image: np.ndarray, mask: np.ndarray, whole: np.ndarray, sigma: float) -> np.ndarray:
    """Normalised convolution of the background b = 1 - m: G(image b) / G(b), and the image itself on the mask.

    G is linear, so G(image b) = G(image) - G(image m): the first term serves every mask, and the second is zero
    outside the mask's box, so it costs the box alone, which is all that comes here. G(b) is at least the kernel's peak
    at a background pixel.
    """
    if mask.all():  # a rectangle has no background in its box
        return image.copy()

    def background(plane: np.ndarray, of_image: np.ndarray) -> np.ndarray:
        return of_image - _gaussian(plane * mask, sigma, border="constant")

    weight = np.where(mask, 1.0, background(np.ones(mask.shape, np.float32), whole[3]))
    picture = image.copy()
    for channel in range(3):
        colours = background(image[..., channel].astype(np.float32), whole[channel]) / weight
        np.copyto(picture[..., channel], np.clip(np.rint(colours), 0, 255).astype(np.uint8), where=~mask)
    return picture


def _blur_planes(image_rgb: np.ndarray, sigma: float) -> Float[np.ndarray, "4 h w"]:
    """Red, green, blue and a plane of ones, whose blur is the weight of the pixels that exist, each blurred."""
    planes = np.ones((4, *image_rgb.shape[:2]), dtype=np.float32)
    planes[:3] = image_rgb.transpose(2, 0, 1)
    for plane in planes:
        plane[:] = _gaussian(plane, sigma, border="constant")  # zero outside: a missing pixel has no weight
    return planes


def _blur_whole(image_rgb: np.ndarray, sigma: float) -> UInt8[np.ndarray, "h w 3"]:
    """The whole image blurred, mirrored at its borders as OpenCV does (BORDER_REFLECT_101)."""
    smooth = np.empty_like(image_rgb)
    for channel in range(3):
        blurred = _gaussian(image_rgb[..., channel].astype(np.float32), sigma, border="mirror")
        smooth[..., channel] = np.clip(np.rint(blurred), 0, 255)
    return smooth


def _gaussian(plane: Float[np.ndarray, "h w"], sigma: float, *, border: str) -> Float[np.ndarray, "h w"]:
    return gaussian_filter(plane, sigma, radius=max(1, int(RADIUS_SIGMAS * sigma)), mode=border)


def _square(picture: np.ndarray, *, even: bool) -> np.ndarray:
    h, w = picture.shape[:2]
    side = max(h, w, 1)  # an empty mask still gives one black pixel
    top, left = (side - h) // 2, (side - w) // 2
    pads = (2 * top, 2 * left) if even and picture.size else (side - h, side - w)
    square = np.zeros((h + pads[0], w + pads[1], 3), dtype=np.uint8)
    square[top : top + h, left : left + w] = picture
    return square


def _solid(picture: np.ndarray) -> np.ndarray:
    return picture if picture.size else np.zeros((1, 1, 3), dtype=np.uint8)


def _inside(box: np.ndarray) -> tuple[slice, slice]:
    x0, y0, x1, y1 = (int(edge) for edge in box)
    return slice(y0, y1), slice(x0, x1)


def _check(image_rgb: np.ndarray, masks: np.ndarray) -> None:
    if image_rgb.dtype != np.uint8 or image_rgb.ndim != 3 or image_rgb.shape[2] != 3:
        raise UserError(
            f"image_rgb: expected uint8 (h, w, 3), got {image_rgb.dtype} {image_rgb.shape}; open it with tasnb.as_rgb"
        )
    if masks.dtype != bool or masks.shape[1:] != image_rgb.shape[:2]:
        raise UserError(
            f"mask: expected bool {image_rgb.shape[:2]} as the image, got {masks.dtype} {masks.shape[1:]}; "
            "proposals belong to the picture they were made from"
        )
