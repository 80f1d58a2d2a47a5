"""Calibration pairs become a noise model, by maximum likelihood."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from .gaussian import GaussianNoiseModel, fit_gaussian_to
from .joint import JointHistogram, joint_histogram
from .mixture_fitting import FitProgress, MixtureSettings, fitting_mixture_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from .mixture import MixtureNoiseModel

# What a kind of noise model may be told about its fit.
_SETTINGS = {
    "mixture": {field.name for field in fields(MixtureSettings)},
    "gaussian": {"min_variance"},
}


def fit_noise_model(
    observation: npt.ArrayLike,
    signal: npt.ArrayLike,
    *,
    kind: str = "mixture",
    trim: tuple[float, float] = (0.0, 100.0),
    **settings: Any,
) -> MixtureNoiseModel | GaussianNoiseModel:
    """Fit p(observation | signal) to calibration pairs.

    Parameters
    ----------
    observation, signal : array
        Pairs in camera units, of shapes that broadcast: ``(N, Y, X)`` with
        ``(Y, X)``, for one. Any real dtype; lazy arrays are read block by block.
    kind : str
        ``"mixture"`` or ``"gaussian"``.
    trim : tuple of float
        Percentiles of the signal between which pairs are used. ``(0.5, 99.5)`` suits
        signals that are no more than a first denoising.
    **settings
        For a mixture: fields of `MixtureSettings`. For a Gaussian: ``min_variance``.

    Raises
    ------
    ValueError
        If `kind` or a setting is unknown or out of range, the shapes do not
        broadcast, a value is not finite, or an image is constant.
    """
    return fit_to_pairs(
        joint_histogram(observation, signal, trim=trim), kind=kind, **settings
    )


def fit_to_pairs(
    pairs: JointHistogram, *, kind: str = "mixture", **settings: Any
) -> MixtureNoiseModel | GaussianNoiseModel:
    """Fit a noise model of a `kind` to pairs that were counted already.

    Raises
    ------
    TypeError
        If the kind has no such setting.
    ValueError
        If there is no such kind, or a setting is out of range.
    """
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
    if kind == "gaussian":
        return fit_gaussian_to(pairs, **settings)
    *_, last = fitting_mixture_to(pairs, MixtureSettings(**settings))
    return last.noise_model


def fit_mixture(
    observation: npt.ArrayLike,
    signal: npt.ArrayLike,
    *,
    trim: tuple[float, float] = (0.0, 100.0),
    **settings: Any,
) -> MixtureNoiseModel:
    """Fit a mixture to calibration pairs, as `fit_noise_model` does."""
    *_, last = fitting_mixture(observation, signal, trim=trim, **settings)
    return last.noise_model


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
    pairs = joint_histogram(observation, signal, trim=trim)
    yield from fitting_mixture_to(pairs, checked)
