"""Fit, read and judge a noise model, in a thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.ndimage import gaussian_filter

from ._work import give_way

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import numpy.typing as npt

    from ..images import ImageStack
    from ..noise import FitReport, JointHistogram, NoiseModel

    Array = npt.NDArray[Any]

PICTURE_SIZE = (120, 90)
"""Cells of the picture of the pairs, along signal and residual."""
STDS_SHOWN = 4.0
CURVE_POINTS = 80
PLANES_JUDGED = 4
BLUR = 1.2
WELL_COUNTED = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """What is to be fitted.

    Attributes
    ----------
    observation : array
        Pixels of a layer.
    axes : str
        One letter per dimension of `observation`; "" to guess.
    signal : array or None
        A clean image of the same place; ``None``: the mean of the observation's
        images, which then show a still scene.
    kind : str
        "mixture" or "gaussian".
    n_components, n_coefficients, seed : int
        Of a mixture.
    enough : threading.Event
        Set it to end the fit and keep what is best.
    """

    observation: Any
    axes: str = ""
    signal: Any = None
    kind: Literal["mixture", "gaussian"] = "mixture"
    n_components: int = 3
    n_coefficients: int = 2
    seed: int = 0
    enough: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Calibration pairs, counted for a plot.

    Attributes
    ----------
    counts : array, shape (n_signal, n_residual)
        Relative to the fullest residual of each signal, 0 to 1, so that dark and
        bright signals are seen alike.
    signal_range, residual_range : tuple of float
        Camera units.
    """

    counts: Array
    signal_range: tuple[float, float]
    residual_range: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Mean and standard deviation of the observation against the signal."""

    signal: Array
    mean: Array
    std: Array


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Where a fit stands.

    Attributes
    ----------
    noise_model : NoiseModel
        The best so far, camera units.
    pairs : JointHistogram or None
        What it was fitted to; ``None`` if it was read from a file.
    picture : Picture or None
        The pairs, for a plot.
    curve : Curve
        The model, for the same plot.
    fraction : float
        Share of the fit that is done at least, 0 to 1.
    nll : float or None
        Nats per pixel.
    report : FitReport or None
        Once the fit has ended.
    """

    noise_model: NoiseModel
    pairs: JointHistogram | None
    picture: Picture | None
    curve: Curve
    fraction: float = 1.0
    nll: float | None = None
    report: FitReport | None = None


def fit(recipe: Recipe) -> Generator[Fitted | None, None, Fitted]:
    """Count the pairs, fit, and say how good it is.

    Raises
    ------
    ValueError
        If the pairs are unfit: shapes, NaN, no contrast.
    """
    from ..noise import (
        MixtureSettings,
        fit_to_pairs,
        fitting_mixture_to,
        report_on_pairs,
    )

    give_way()
    yield None
    pairs = _count(recipe)
    picture = picture_of(pairs)
    yield None
    best: Fitted | None = None
    model: NoiseModel
    if recipe.kind == "mixture":
        settings = MixtureSettings(
            n_components=recipe.n_components,
            n_coefficients=recipe.n_coefficients,
            seed=recipe.seed,
        )
        for step in fitting_mixture_to(pairs, settings):
            model = step.noise_model
            curve = curve_of(model, picture.signal_range)
            share = step.step / step.n_steps
            best = Fitted(model, pairs, picture, curve, share, step.nll)
            yield best
            if recipe.enough.is_set():
                break
    if best is None:
        model = fit_to_pairs(pairs, kind="gaussian")
        best = Fitted(model, pairs, picture, curve_of(model, picture.signal_range))
    report = report_on_pairs(best.noise_model, pairs)
    return Fitted(
        best.noise_model, pairs, picture, best.curve, nll=report.nll, report=report
    )


def read(path: Path) -> Generator[None, None, Fitted]:
    """Read a noise model from a file, ours or a published one.

    Raises
    ------
    OSError, ValueError
        If there is no such file, or it holds something else.
    """
    from ..noise import load_noise_model

    yield None
    return shown(load_noise_model(path))


def shown(noise_model: NoiseModel) -> Fitted:
    """Return a noise model that came without its pairs, ready for the plots."""
    curve = curve_of(noise_model, noise_model.signal_range)
    return Fitted(noise_model, None, None, curve)


def share_outside(
    noise_model: NoiseModel, images: ImageStack
) -> Generator[None, None, float]:
    """Return the share of pixels that no signal of the model's range explains."""
    from ..noise import share_out_of_range

    yield None
    numbers = np.linspace(0, images.n_images - 1, PLANES_JUDGED).round().astype(int)
    planes = (images.plane(int(n)) for n in np.unique(numbers))
    return float(np.mean([share_out_of_range(noise_model, p) for p in planes]))


def _count(recipe: Recipe) -> JointHistogram:
    from ..images import open_images
    from ..noise import count_calibration_pairs, joint_histogram

    stack = open_images(recipe.observation, axes=recipe.axes or None)
    frames = stack.channel(0).data[:, 0]
    if recipe.signal is None:
        return count_calibration_pairs(frames)
    signal = np.squeeze(np.asarray(recipe.signal))
    return joint_histogram(frames, signal)


def picture_of(pairs: JointHistogram) -> Picture:
    """Bin counted pairs for a plot.

    The bins of plot and pairs beat against each other; a little blur hides that.
    """
    spread = float(np.sqrt(np.average(pairs.residual**2, weights=pairs.count)))
    top = STDS_SHOWN * spread
    ranges = (pairs.signal_range, (-top, top))
    counts, *_ = np.histogram2d(
        pairs.signal, pairs.residual, PICTURE_SIZE, ranges, weights=pairs.count
    )
    counts = gaussian_filter(counts, BLUR)
    fullest = counts.max(axis=1, keepdims=True)
    # Rare signals fade, so that single pixels do not look like a distribution.
    known = np.minimum(fullest / WELL_COUNTED, 1.0)
    picture = known * counts / np.maximum(fullest, 1e-12)
    return Picture(picture, pairs.signal_range, (-top, top))


def curve_of(noise_model: NoiseModel, signal_range: tuple[float, float]) -> Curve:
    """Return mean and standard deviation over a range of signals."""
    signal = np.linspace(*signal_range, CURVE_POINTS, dtype=np.float32)
    std = np.sqrt(noise_model.variance(signal))
    return Curve(signal, noise_model.mean(signal), std)


def density_at(
    pairs: JointHistogram, signal: float, n_bins: int = 48
) -> tuple[Array, Array]:
    """Return bin edges and the measured density of the observation at a signal.

    Camera units; the signals nearest to `signal` are taken.
    """
    _, centres, variances = pairs.variance_by_signal()
    nearest = int(np.abs(centres - signal).argmin())
    stratum = np.unique(pairs.stratum)[nearest]
    here = pairs.stratum == stratum
    reach = STDS_SHOWN * np.sqrt(max(float(variances[nearest]), 1e-12))
    width = 2 * reach / n_bins
    first = centres[nearest] - reach
    if pairs.step > 0:
        # As many grey values in each bin, and none on an edge.
        width = max(round(width / pairs.step), 1) * pairs.step
        first = (round(first / pairs.step) - 0.5) * pairs.step
    edges = np.arange(first, first + 2 * reach + 2 * width, width)
    values, weights = pairs.observation[here], pairs.count[here]
    density, _ = np.histogram(values, edges, weights=weights, density=True)
    return edges, np.nan_to_num(density)
