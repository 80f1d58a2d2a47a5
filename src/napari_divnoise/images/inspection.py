"""What kind of noise an image has, and which method fits it: a look of a second.

One image is enough, of a living specimen: structure is kept out by looking at calm
places and at high frequencies, where the optics leave nothing but noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from .calm import NoiseLevels, noise_levels
from .checks import check_trainable
from .greys import Greys, look_at_greys
from .jpeg import JpegTrace, jpeg_trace
from .noise_verdicts import Evidence, Verdict, judge
from .reading import open_images
from .residuals import Residuals, look_at_residuals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .stack import ImageStack

MAX_PIXELS = 1 << 20
"""Pixels that are looked at, whatever the size of the images."""

_LARGEST_EDGE = 1024
_MOST_PARTS = 4
_READ_WHOLE = 1 << 23
_LARGEST_SPAN = 1e12


class MeanVariance(NamedTuple):
    """How noisy a pixel of a given signal is: a line, in camera units.

    Attributes
    ----------
    slope : float
        Increase of the variance with the signal: the gain, for photons.
    intercept : float
        Variance at a signal of 0.
    """

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True, eq=False)
class NoiseReport:
    """What `inspect_noise` found; all in camera units.

    Attributes
    ----------
    mean_variance : MeanVariance
        The line ``variance = slope * signal + intercept``.
    levels, variances : ndarray, shape (M,)
        Brightness and noise variance of the calm places that the line goes through,
        from dark to bright.
    autocorrelation : ndarray, shape (7, 7)
        How alike the noise of neighbouring pixels is, -1 to 1;
        ``[3 + dy, 3 + dx]``, with 1 in the middle.
    row_ratio, column_ratio : float
        Variance of the means of rows (columns) of the noise, relative to noise that is
        independent from pixel to pixel: 1.
    saturated : float
        Share of the pixels, 0 to 1, at `saturation`.
    saturation : float or None
        The value at which pixels are saturated, if any reaches it.
    zeros : float
        Share of the pixels that are cut off at the lowest value.
    step : float
        Distance of neighbouring grey values; 0 if values are continuous.
    offset : float
        What the camera gives without light, as far as it shows.
    hot_pixels : float
        Share of single pixels that stick out by far.
    snr : float
        Standard deviation of the structure, relative to that of the noise.
    verdict : str
        "pixelwise", "rows", "columns", "structured", "blurred" or "jpeg".
    recommended_method : str or None
        The method that fits; ``None`` if none does.
    direction : str or None
        "x" for noise that is correlated along rows, "y" along columns.
    reason : str
        Why, in one sentence.
    notes : tuple of str
        What else a person should know.
    """

    mean_variance: MeanVariance
    levels: NDArray[np.float64]
    variances: NDArray[np.float64]
    autocorrelation: NDArray[np.float64]
    row_ratio: float
    column_ratio: float
    saturated: float
    saturation: float | None
    zeros: float
    step: float
    offset: float
    hot_pixels: float
    snr: float
    verdict: Verdict
    recommended_method: str | None
    direction: Literal["x", "y"] | None
    reason: str
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain numbers, lists and words, for JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["mean_variance"] = self.mean_variance._asdict()
        for name in ("levels", "variances", "autocorrelation"):
            plain[name] = plain[name].tolist()
        plain["notes"] = list(self.notes)
        return plain


def inspect_noise(
    images: Any, *, axes: str | None = None, channel: int | str | None = None
) -> NoiseReport:
    """Say what kind of noise images have and which method fits it.

    About a million pixels are looked at, however many there are: always the same.

    Parameters
    ----------
    images : array, path, list of either, or ImageStack
        Whatever `open_images` opens: noisy images from one camera with one setting.
    axes : str, optional
        Letters of the axes, as for `open_images`.
    channel : int or str, optional
        Which channel, if there are several.

    Raises
    ------
    ValueError
        If the images are smaller than 32x32 pixels, constant, saturated throughout,
        hold NaN or span 1e12 or more, are in colour, or have several channels and none
        was chosen.
    """
    stack = open_images(images, axes=axes, channel=channel)
    if stack.n_channels > 1:
        raise ValueError(
            f"the images have {stack.n_channels} channels, whose noise differs: pick "
            f"one with channel=0 ... channel={stack.n_channels - 1}"
        )
    cut = _parts(stack)
    if prod(stack.data.shape) > _READ_WHOLE:
        # Reading all of it would take long: the parts have to stand for the rest.
        stack = replace(stack, data=np.stack(cut)[:, None])
    check_trainable(stack)
    greys = look_at_greys(stack)
    span = max(float(np.ptp(part.astype(np.float64))) for part in cut)
    if not span < _LARGEST_SPAN:
        raise ValueError(
            f"the pixels span {span:.3g}, whose square single precision cannot hold: "
            f"divide the images by a constant"
        )
    parts = [(part - greys.low).astype(np.float32) for part in cut]
    levels = noise_levels(parts, greys)
    residuals = look_at_residuals(parts, levels)
    levels = levels.corrected(residuals.autocorrelation)
    trace = jpeg_trace(parts)
    return _report(greys, levels, residuals, trace)


def _report(
    greys: Greys, levels: NoiseLevels, residuals: Residuals, trace: JpegTrace
) -> NoiseReport:
    slope, intercept = levels.line(greys.low)
    judgement = judge(Evidence(greys, levels, residuals, trace))
    return NoiseReport(
        mean_variance=MeanVariance(slope, intercept),
        levels=levels.signal + greys.low,
        variances=levels.variance,
        autocorrelation=residuals.autocorrelation,
        row_ratio=residuals.row_ratio,
        column_ratio=residuals.column_ratio,
        saturated=greys.saturated,
        saturation=greys.saturation,
        zeros=greys.zeros,
        step=greys.step,
        offset=levels.offset(greys.low),
        hot_pixels=residuals.hot_pixels,
        snr=levels.snr,
        verdict=judgement.verdict,
        recommended_method=judgement.method,
        direction=judgement.direction,
        reason=judgement.reason,
        notes=judgement.notes,
    )


def _parts(stack: ImageStack) -> list[NDArray[Any]]:
    """Return a few parts of the images, evenly spread, of a bounded size."""
    rows, columns = stack.size
    if rows * columns <= 2 * MAX_PIXELS and max(rows, columns) <= 2 * _LARGEST_EDGE:
        most = min(stack.n_images, _MOST_PARTS, max(MAX_PIXELS // (rows * columns), 1))
        planes = np.linspace(0, stack.n_images - 1, most).astype(int).tolist()
        return [stack.plane(number) for number in planes]
    edge = _LARGEST_EDGE // 2
    planes = np.linspace(0, stack.n_images - 1, _MOST_PARTS).astype(int).tolist()
    return [
        np.asarray(stack.data[plane, 0, _span(rows, i, edge), _span(columns, j, edge)])
        for plane, (i, j) in zip(planes, ((1, 1), (2, 2), (1, 2), (2, 1)), strict=True)
    ]


def _span(length: int, third: int, edge: int) -> slice:
    """Return `edge` pixels around the first or second third of an axis, if it has."""
    # At multiples of 8, where the blocks of a JPEG begin.
    start = max(0, min(third * length // 3 - edge // 2, length - edge)) // 8 * 8
    return slice(start, min(start + edge, length))
