"""Calibration pairs become a noise model, by maximum likelihood."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from .gaussian import GaussianNoiseModel, fit_gaussian_to
from .histogram import HistogramNoiseModel
from .histogram_fitting import HistogramSettings, fit_histogram_to
from .joint import JointHistogram, joint_histogram
from .mixture import MixtureNoiseModel
from .mixture_fitting import FitProgress, MixtureSettings, fitting_mixture_to
from .pair_checks import check_images
from .pairs import check_trim
from .report import mean_nll

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

FittedNoiseModel = MixtureNoiseModel | GaussianNoiseModel | HistogramNoiseModel

_FEWEST_PAIRS = 64

# What a kind of noise model may be told about its fit.
_SETTINGS = {
    "mixture": {field.name for field in fields(MixtureSettings)},
    "gaussian": {"min_variance"},
    "histogram": {field.name for field in fields(HistogramSettings)},
}


def fit_noise_model(
    observation: npt.ArrayLike,
    signal: npt.ArrayLike,
    *,
    kind: str = "mixture",
    trim: tuple[float, float] = (0.0, 100.0),
    **settings: Any,
) -> FittedNoiseModel:
    """Fit p(observation | signal) to calibration pairs.

    Parameters
    ----------
    observation, signal : array
        Pairs in camera units, of shapes that broadcast: ``(N, Y, X)`` with
        ``(Y, X)``, for one. Any real dtype; lazy arrays are read block by block.
    kind : str
        ``"mixture"``, ``"gaussian"`` or ``"histogram"``.
    trim : tuple of float
        Percentiles of the signal between which pairs are used. ``(0.5, 99.5)`` suits
        signals that are no more than a first denoising.
    **settings
        For a mixture: fields of `MixtureSettings`. For a Gaussian: ``min_variance``.
        For a histogram: fields of `HistogramSettings`.

    Raises
    ------
    TypeError
        If the kind has no such setting.
    ValueError
        If `kind` is unknown or a setting out of range, the shapes do not broadcast, a
        value is not finite, an image is constant, observation and signal are swapped,
        or the frames are of different cameras.

    Notes
    -----
    Observations that the camera clipped, piled up at an end of its scale, are left out
    of the fit, and the noise model's `valid_range` tells them.
    """
    _check(kind, settings)
    check_images(observation, signal)
    return fit_to_pairs(
        joint_histogram(observation, signal, trim=trim), kind=kind, **settings
    )


def fit_to_pairs(
    pairs: JointHistogram, *, kind: str = "mixture", **settings: Any
) -> FittedNoiseModel:
    """Fit a noise model of a `kind` to pairs that were counted already.

    Raises
    ------
    TypeError
        If the kind has no such setting.
    ValueError
        If there is no such kind, or a setting is out of range.
    """
    *_, last = fitting_noise_model(pairs, kind=kind, **settings)
    return last.noise_model  # type: ignore[return-value]


def fitting_noise_model(
    pairs: JointHistogram, *, kind: str = "mixture", **settings: Any
) -> Iterator[FitProgress]:
    """Fit a noise model of a `kind` to counted pairs, yielding the best one so far.

    A mixture is told of every few iterations; a Gaussian and a histogram once, when
    they are done. The generator may be left at any time.

    Raises
    ------
    TypeError
        If the kind has no such setting.
    ValueError
        If there is no such kind, or a setting is out of range.
    """
    _check(kind, settings)
    _check_enough(pairs)
    if kind == "mixture":
        return fitting_mixture_to(pairs, MixtureSettings(**settings))
    if kind == "histogram":
        return _at_once(pairs, HistogramSettings(**settings))
    return _at_once(pairs, settings)


def _at_once(
    pairs: JointHistogram, settings: HistogramSettings | dict[str, Any]
) -> Iterator[FitProgress]:
    """Fit what needs no iterations that are worth watching."""
    model: HistogramNoiseModel | GaussianNoiseModel
    if isinstance(settings, HistogramSettings):
        model = fit_histogram_to(pairs, settings)
    else:
        model = fit_gaussian_to(pairs, **settings)
    yield FitProgress(step=1, n_steps=1, nll=mean_nll(model, pairs), noise_model=model)


def check_fit(
    kind: str, settings: dict[str, Any], trim: tuple[float, float] = (0.0, 100.0)
) -> None:
    """Check what a fit is told, without any pixels.

    Raises
    ------
    TypeError
        If the kind has no such setting.
    ValueError
        If there is no such kind, or a setting or `trim` is out of range.
    """
    _check(kind, settings)
    if kind == "mixture":
        MixtureSettings(**settings)
    elif kind == "histogram":
        HistogramSettings(**settings)
    check_trim(trim)


def _check_enough(pairs: JointHistogram) -> None:
    n_pairs = round(float(pairs.count.sum()))
    if n_pairs < _FEWEST_PAIRS:
        raise ValueError(
            f"{n_pairs} pixels are too few to know the noise of a camera: give "
            f"{_FEWEST_PAIRS} at least, better whole images"
        )


def _check(kind: str, settings: dict[str, Any]) -> None:
    if kind not in _SETTINGS:
        raise ValueError(
            f"there is no noise model of kind {kind!r}: choose "
            f"{' or '.join(repr(name) for name in _SETTINGS)}"
        )
    if unknown := settings.keys() - _SETTINGS[kind]:
        raise TypeError(
            f"the fit of a {kind} has no setting {', '.join(sorted(unknown))}: it has "
            f"{', '.join(sorted(_SETTINGS[kind]))}"
        )


def fit_mixture(
    observation: npt.ArrayLike,
    signal: npt.ArrayLike,
    *,
    trim: tuple[float, float] = (0.0, 100.0),
    **settings: Any,
) -> MixtureNoiseModel:
    """Fit a mixture to calibration pairs, as `fit_noise_model` does."""
    *_, last = fitting_mixture(observation, signal, trim=trim, **settings)
    return last.noise_model  # type: ignore[return-value]


def fitting_mixture(
    observation: npt.ArrayLike,
    signal: npt.ArrayLike,
    *,
    trim: tuple[float, float] = (0.0, 100.0),
    **settings: Any,
) -> Iterator[FitProgress]:
    """Fit a mixture, and yield the best one every few iterations.

    Parameters are those of `fit_noise_model`. The generator may be left at any time.
    """
    checked = MixtureSettings(**settings)
    check_images(observation, signal)
    pairs = joint_histogram(observation, signal, trim=trim)
    yield from fitting_mixture_to(pairs, checked)
