"""Pairs that are no pairs: swapped images, and frames of two cameras.

Only what whole images show; single pixels are checked where they are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .pairs import as_real_array

if TYPE_CHECKING:
    import numpy.typing as npt

    from .pairs import Array

# Pixels along either side, and frames, that are looked at.
_SIDE = 512
_N_FRAMES = 12
# A signal that is so many times as rough as its observation is the noisy image.
_ROUGHER = 1.15
# Frames of one camera have the same noise at the same signal, within this factor of
# the variance, and offsets that differ by few standard deviations of the noise, as they
# do where a lamp flickers.
_OTHER_VARIANCE = 2.0
_OTHER_OFFSET = 4.0
_N_GROUPS = 4
# A signal in camera units is as steep as its observation, within this factor; told only
# where the image has so many standard deviations of noise between dark and bright.
_OTHER_UNITS = 1.5
_CONTRAST = 3.0
_MIN_PIXELS = 1000
# Outliers do not decide: squares beyond this percentile are left out.
_CALM = 99.0


def check_images(observation: Any, signal: Any) -> None:
    """Refuse images that are no observations and their signal.

    A few large crops are looked at, so that it costs next to nothing. What is less
    than an image passes.

    Raises
    ------
    ValueError
        If signal and observation are swapped or in different units, or frames, or
        parts of one image, are of different cameras.
    """
    x, s = as_real_array(observation), as_real_array(signal)
    if x.ndim < 2 or s.ndim < 2 or min(*x.shape[-2:], *s.shape[-2:]) < 3:
        return
    if x.shape[-2:] != s.shape[-2:] or 0 in x.shape or 0 in s.shape:
        return
    check_not_swapped(x, s)
    if x.ndim == 3 and s.ndim <= 3:
        check_one_camera(x, s)
    elif x.ndim == 2 and s.ndim == 2:
        for swap in (False, True):
            quarters = [_in_quarters(image, swap=swap) for image in (x, s)]
            check_one_camera(*quarters, of_one_scene=False)
    check_units(x, s)


def check_not_swapped(observation: Any, signal: Any) -> None:
    """Refuse a signal that is noisier than its observation.

    Raises
    ------
    ValueError
        If its second differences are clearly larger.
    """
    rough = [_roughness(_crop(image, 0)) for image in (observation, signal)]
    if rough[1] > _ROUGHER * rough[0]:
        raise ValueError(
            f"the signal is rougher than the observation (the variance of its second "
            f"differences is {rough[1]:.4g}, that of the observation {rough[0]:.4g}): "
            f"it seems that the two are swapped; observation is the noisy image, "
            f"signal the mean of many frames or a denoised image"
        )


def check_units(observation: Any, signal: Any) -> None:
    """Refuse a signal in other units, such as one that was scaled to 0 to 1.

    Raises
    ------
    ValueError
        If an observation of twice the signal is not about twice as bright.
    """
    x, s = _crop(observation, 0), _crop(signal, 0)
    order = np.argsort(s, axis=None)
    groups = np.array_split(order, _N_GROUPS)
    seen, true = (
        np.array([np.median(image.ravel()[group]) for group in groups])
        for image in (x, s)
    )
    noise = np.sqrt(_roughness(x) / 36)
    contrast = np.ptp(true)
    if not np.isfinite(seen).all() or max(np.ptp(seen), contrast) < _CONTRAST * noise:
        return
    slope = np.polyfit(true, seen, 1)[0] if contrast > 0 else np.inf
    if not 1 / _OTHER_UNITS < slope < _OTHER_UNITS:
        raise ValueError(
            f"the observation changes {slope:.3g} times as much as the signal, from "
            f"dark to bright: the two are in different units, or not of the same "
            f"place; give the signal in camera units, unscaled"
        )


def check_one_camera(
    observation: Any, signal: Any, *, of_one_scene: bool = True
) -> None:
    """Refuse frames (N, Y, X) whose noise or offset differs at the same signal.

    Parameters
    ----------
    observation, signal : array
        Frames and their signals.
    of_one_scene : bool
        Whether all frames show the same signals, so that their noise can be compared.

    Raises
    ------
    ValueError
        If the frames are of two cameras, or of two settings of one.
    """
    n_frames = observation.shape[0]
    if n_frames < 2:
        return
    chosen = np.unique(np.linspace(0, n_frames - 1, _N_FRAMES).astype(int))
    looks = [_offset_and_variance(observation, signal, int(n)) for n in chosen]
    if any(look is None for look in looks):
        return
    offset, variance = np.array([look for look in looks if look is not None]).swapaxes(
        0, 1
    )
    spread = np.sqrt(np.median(variance, axis=0))
    # Different in the same direction at all signals, as another offset is.
    away = (offset - np.median(offset, axis=0)) / spread
    apart = np.abs(away).min(1) * (np.ptp(np.sign(away), axis=1) == 0)
    factor = np.exp(np.abs(np.median(np.log(variance / np.median(variance, 0)), 1)))
    if apart.max() > _OTHER_OFFSET:
        odd, found = int(chosen[apart.argmax()]), "offset"
        how = f"by {apart.max():.1f} standard deviations of the noise"
    elif of_one_scene and factor.max() > _OTHER_VARIANCE:
        odd, found = int(chosen[factor.argmax()]), "variance"
        how = f"by a factor of {factor.max():.1f}"
    else:
        return
    part = "frame" if of_one_scene else "quarter"
    raise ValueError(
        f"at the same signal, the {found} of {part} {odd + 1} differs from that of "
        f"the other {part}s {how}: a noise model is of one camera at one setting; fit "
        f"frames of different cameras, gains or exposures apart"
    )


def _in_quarters(image: Any, *, swap: bool) -> Array:
    """Return four bands of an image, of rows, or of columns, as four frames."""
    whole = np.asarray(image, dtype=np.float64)
    whole = whole.T if swap else whole
    rows = whole.shape[0] // 4
    if rows < 3:
        return whole[None]
    return whole[: 4 * rows].reshape(4, rows, -1)


def _offset_and_variance(
    observation: Any, signal: Any, n: int
) -> tuple[Array, Array] | None:
    """Return mean and variance of the residual of a frame, from dark to bright."""
    x, s = _crop(observation, n), _crop(signal, n)
    order = np.argsort(s, axis=None)
    if order.size < _MIN_PIXELS:
        return None
    residual = (x - s).ravel()[order]
    groups = np.array_split(residual, _N_GROUPS)
    offset = np.array([np.median(group) for group in groups])
    variance = np.array(
        [
            _calm_mean((group - middle) ** 2)
            for group, middle in zip(groups, offset, strict=True)
        ]
    )
    return None if not (variance > 0).all() else (offset, variance)


def _crop(image: Any, n: int) -> Array:
    """Return the middle of the n-th frame, or of the only one."""
    while image.ndim > 2:
        image = image[min(n, image.shape[0] - 1)]
    inner = tuple(
        slice(max(0, (size - _SIDE) // 2), max(0, (size - _SIDE) // 2) + _SIDE)
        for size in image.shape
    )
    crop: Array = np.asarray(image[inner], dtype=np.float64)
    return crop


def _roughness(image: Array) -> float:
    """Return the mean square of second differences, without outliers."""
    second = image[2:] - 2 * image[1:-1] + image[:-2]
    second = second[:, 2:] - 2 * second[:, 1:-1] + second[:, :-2]
    return _calm_mean(second**2)


def _calm_mean(squares: npt.NDArray[np.float64]) -> float:
    finite = squares[np.isfinite(squares)]
    if not finite.size:
        return 0.0
    return float(finite[finite <= np.percentile(finite, _CALM)].mean())
