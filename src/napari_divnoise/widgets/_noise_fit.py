"""Fit or read a noise model in a thread, and say how it stands: no Qt."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ._noise_pictures import Curve, MeasuredDensity, Picture, curve_of, picture_of
from ._work import give_way

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from ..noise import FitReport, JointHistogram, NoiseModel

    Array = npt.NDArray[Any]

NO_TRIM = (0.0, 100.0)
TRIM_DENOISED = (0.5, 99.5)
"""Percentiles of a signal that is no more than a denoising: its ends are unsure."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Which noise model is fitted, and how.

    Attributes
    ----------
    name : str
        "mixture", "histogram" or "gaussian".
    settings : tuple of (str, value)
        What the fit of that kind is told: ``("n_components", 3)``.
    """

    name: str = "mixture"
    settings: tuple[tuple[str, Any], ...] = ()


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
        The same place without noise; ``None``: the observation is a still scene, or
        one smooth frame, and gives its signal itself.
    kind : Kind
        The noise model.
    trim : tuple of float
        Percentiles of the signal between which pairs are used.
    names : tuple of str
        Names of the layers, for what goes wrong.
    enough : threading.Event
        Set it to end the fit and keep what is best.
    """

    observation: Any
    axes: str = ""
    signal: Any = None
    kind: Kind = field(default_factory=Kind)
    trim: tuple[float, float] = NO_TRIM
    names: tuple[str, ...] = ()
    enough: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A noise model, and all that is shown of it.

    Attributes
    ----------
    noise_model : NoiseModel
        The best so far, camera units.
    curve : Curve
        Its mean and standard deviation.
    pairs : JointHistogram or None
        What it was fitted to; ``None`` if it was read from a file.
    picture : Picture or None
        The pairs, for a plot.
    measured : MeasuredDensity or None
        The pairs, for another.
    report : FitReport or None
        Once the fit has ended.
    notes : tuple of str
        Sentences that the person should read.
    """

    noise_model: NoiseModel
    curve: Curve
    pairs: JointHistogram | None = None
    picture: Picture | None = None
    measured: MeasuredDensity | None = None
    report: FitReport | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """How far the work on a noise model has come.

    Attributes
    ----------
    words : str
        What is being done, as in "Making a first denoising: 40 %".
    fraction : float or None
        Share of the work that is done, 0 to 1; ``None`` if nobody knows.
    losses, nlls : array, shape (M, 2)
        Curves: share of the work in percent, and the loss of the denoising or the
        nats per pixel of the noise model.
    fitted : Fitted or None
        The best noise model so far.
    """

    words: str
    fraction: float | None = None
    losses: Array = field(default_factory=lambda: np.empty((0, 2)))
    nlls: Array = field(default_factory=lambda: np.empty((0, 2)))
    fitted: Fitted | None = None


def fit(recipe: Recipe) -> Generator[Stand | None, None, Fitted]:
    """Count the pairs, fit, and say how good it is.

    Raises
    ------
    ValueError
        If the pairs are unfit: shapes, NaN, no contrast.
    """
    give_way()
    yield Stand("Counting the pairs")
    notes: list[str] = []
    with _noting(notes):
        pairs = _count(recipe, notes)
    yield None
    best = yield from _improving(recipe, pairs, notes)
    if best is None:
        raise ValueError(
            f"the fit of a {recipe.kind.name} gave no noise model: choose another kind"
        )
    return finished(best, notes)


def _improving(
    recipe: Recipe, pairs: JointHistogram, notes: list[str]
) -> Generator[Stand | None, None, Fitted | None]:
    """Fit to counted pairs, and return the best."""
    from ..noise import fitting_noise_model

    picture, measured = picture_of(pairs), MeasuredDensity(pairs)
    yield None
    nlls: list[tuple[float, float]] = []
    kind, best = recipe.kind, None
    steps = fitting_noise_model(pairs, kind=kind.name, **dict(kind.settings))
    while best is None or not recipe.enough.is_set():
        with _noting(notes):
            step = next(steps, None)
        if step is None:
            break
        model, share = step.noise_model, step.step / max(step.n_steps, 1)
        curve = curve_of(model, picture.signal_range)
        best = Fitted(model, curve, pairs, picture, measured)
        nlls.append((100 * share, step.nll))
        words = f"Fitting: {step.nll:.4f} nats per pixel"
        yield Stand(words, share, nlls=np.array(nlls), fitted=best)
    return best


def finished(best: Fitted, notes: list[str]) -> Fitted:
    """Return the best noise model with a report on how good it is."""
    from ..noise import report_on_pairs

    report = None
    if best.pairs is not None:
        report = report_on_pairs(best.noise_model, best.pairs)
    return Fitted(
        best.noise_model,
        best.curve,
        best.pairs,
        best.picture,
        best.measured,
        report,
        tuple(dict.fromkeys(notes)),
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
    return Fitted(noise_model, curve_of(noise_model, noise_model.signal_range))


def _count(recipe: Recipe, notes: list[str]) -> JointHistogram:
    from ..images import open_images
    from ..noise import count_calibration_pairs, joint_histogram

    stack = open_images(recipe.observation, axes=recipe.axes or None)
    frames = stack.channel(0).data[:, 0]
    if recipe.signal is None:
        notes += _scene(frames)
        return count_calibration_pairs(frames, trim=recipe.trim)
    try:
        return joint_histogram(frames, _signal_of(recipe), trim=recipe.trim)
    except ValueError as error:
        noisy, clean = recipe.names or ("the noisy layer", "the signal")
        raise ValueError(f"{noisy} and {clean}: {error}") from error


def _signal_of(recipe: Recipe) -> Any:
    """Return the signal as ``(N, Y, X)``, or ``(Y, X)`` for one; lazy if it was."""
    from ..images import open_images

    if recipe.axes and np.ndim(recipe.signal) == len(recipe.axes):
        stack = open_images(recipe.signal, axes=recipe.axes)
        images = stack.channel(0).data[:, 0]
    else:
        images = np.squeeze(np.asarray(recipe.signal))
    return images[0] if len(images.shape) == 3 and len(images) == 1 else images


def _scene(frames: Any) -> tuple[str, ...]:
    """Return what is to be said of frames of a still scene."""
    from ..noise import look_at_scene

    return look_at_scene(frames).sentences if len(frames.shape) == 3 else ()


@contextmanager
def _noting(notes: list[str]) -> Iterator[None]:
    """Turn the warnings of the fit into sentences of the form."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            text = str(warning.message)
            notes.append(f"{text[:1].upper()}{text[1:]}.")
