"""How near an image is to the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

if TYPE_CHECKING:
    from collections.abc import Callable

Array: TypeAlias = npt.NDArray[Any]

# A Gaussian of sigma 1.5, cut at 3.5 sigma.
SSIM_WINDOW = 11


def psnr(truth: Array, image: Array, data_range: float | None = None) -> float:
    """Return the peak signal-to-noise ratio of `image`, in dB.

    Parameters
    ----------
    truth : ndarray, shape (Y, X) or (N, Y, X)
        The reference, in camera units.
    image : ndarray, shape (Y, X) or (N, Y, X)
        What to judge, in camera units. One truth may stand for N images of a still
        scene.
    data_range : float, optional
        The peak, in camera units, greater than 0. By default the maximum minus the
        minimum of each truth, as in the papers of PN2V, DivNoising and HDN; 255 is
        the usual choice for FMD.

    Returns
    -------
    float
        ``20 log10(data_range) - 10 log10(MSE)``; the mean over the images of a stack;
        infinite if an image equals its truth.

    Raises
    ------
    ValueError
        If shapes differ, a number is NaN or infinite, `data_range` is not positive,
        or a truth is constant and there is no `data_range`.
    """
    return _mean_over_images(_psnr, truth, image, data_range)


def ssim(truth: Array, image: Array, data_range: float | None = None) -> float:
    """Return the structural similarity of `image` to `truth`, at most 1.

    Parameters and errors are those of `psnr`; images must measure at least 11 pixels
    along both axes.

    Notes
    -----
    As in Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", IEEE Trans.
    Image Process. 13, 2004: a Gaussian window of sigma 1.5 pixels (scikit-image's
    default is a square one), K1 = 0.01, K2 = 0.03, and the divisor N for variances.
    """
    return _mean_over_images(_ssim, truth, image, data_range)


def _mean_over_images(
    measure: Callable[[Array, Array, float], float],
    truth: Array,
    image: Array,
    data_range: float | None,
) -> float:
    """Check the input once, then measure image by image."""
    truth, image = np.asarray(truth), np.asarray(image)
    _check(truth, image)
    images = image if image.ndim == 3 else image[None]
    truths = np.broadcast_to(truth, images.shape)
    scores = [
        measure(
            one.astype(np.float64), other.astype(np.float64), _peak(one, data_range)
        )
        for one, other in zip(truths, images, strict=True)
    ]
    return float(np.mean(scores))


def _check(truth: Array, image: Array) -> None:
    """Raise ValueError for images that cannot be compared."""
    if image.ndim not in (2, 3) or truth.shape not in (image.shape, image.shape[-2:]):
        raise ValueError(
            f"truth of shape {truth.shape} and image of shape {image.shape} do not "
            "match: give (Y, X) or (N, Y, X) twice, or one truth (Y, X) for N images"
        )
    if image.size == 0:
        raise ValueError(
            f"an image of shape {image.shape} is empty: nothing to compare"
        )
    for name, values in (("truth", truth), ("image", image)):
        if not np.isfinite(values).all():
            bad = int(values.size - np.isfinite(values).sum())
            raise ValueError(
                f"{bad} pixels of the {name} are NaN or infinite: replace them or crop "
                "them away first"
            )


def _peak(truth: Array, data_range: float | None) -> float:
    """Return the range that both measures are relative to."""
    if data_range is None:
        data_range = float(truth.max()) - float(truth.min())
        if data_range == 0:
            raise ValueError(
                f"the truth is {truth.flat[0]} everywhere and has no range of its own: "
                "give data_range"
            )
    if not 0 < data_range < np.inf:
        raise ValueError(f"data_range is {data_range}: it must be greater than 0")
    return float(data_range)


def _psnr(truth: Array, image: Array, data_range: float) -> float:
    error = float(np.mean((truth - image) ** 2))
    if error == 0:
        return float("inf")
    return float(20 * np.log10(data_range) - 10 * np.log10(error))


def _ssim(truth: Array, image: Array, data_range: float) -> float:
    if min(truth.shape) < SSIM_WINDOW:
        raise ValueError(
            f"an image of {truth.shape[0]}x{truth.shape[1]} pixels is smaller than the "
            f"window of SSIM: it needs at least {SSIM_WINDOW}x{SSIM_WINDOW}"
        )
    score = structural_similarity(
        truth,
        image,
        data_range=data_range,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return float(score)
