"""Draw samples of images and sum them up, plane by plane, in a thread."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._work import give_way

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt

    from ..images import ImageStack
    from ..runs import Model, Posterior
    from ..session import Source

    Array = npt.NDArray[np.float32]

LOOKED_AT = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One image, or one stack of them, to be denoised.

    Attributes
    ----------
    model : Model
        Trained.
    pixels : array or ImageStack
        As a layer has them, or as they were opened.
    axes : str
        One letter per dimension of `pixels`.
    channel : int or None
        Which channel, if `pixels` has several.
    source : Source, ImageStack or None
        Where the results are put.
    region : tuple of slice or None
        Rows and columns; ``None`` for all.
    planes : tuple of int
        Numbers of the images to denoise, in that order; empty for all.
    n_samples, seed : int
        How many samples, and which.
    device : str
        "auto", "cpu", "cuda" or "mps".
    quantiles : tuple of float
        Levels, such as ``(0.05, 0.95)``.
    """

    model: Model
    pixels: Any
    axes: str
    channel: int | None
    source: Source | ImageStack | None
    region: tuple[slice, slice] | None = None
    planes: tuple[int, ...] = ()
    n_samples: int = 100
    seed: int = 0
    device: str = "auto"
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What is needed before there is a first sample.

    Attributes
    ----------
    posterior : Posterior
        Of the whole job.
    observation : array, shape (N, Y, X)
        What is denoised, camera units; may be lazy.
    axes : str
        Letters of the results: those of the job without a picked channel.
    shape : tuple of int
        Of the results.
    warning : str
        What a person should know about these images and this model, or "".
    facts : dict
        Fingerprints of model and noise model, for the layers' records.
    """

    posterior: Posterior
    observation: Any
    axes: str
    shape: tuple[int, ...]
    warning: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """More samples of one plane.

    Attributes
    ----------
    opened : Opened
        Of the whole job.
    plane : int
        Its number.
    mean, std : array, shape (Y, X)
        Camera units; nobody else writes to them.
    quantiles : dict of float to array
        Camera units; approximate while samples come.
    std_top : float
        99.8th percentile of `std`, for its contrast.
    standard_error : float
        Median of std / sqrt(samples): how well the mean is known, camera units.
    n_done : int
        Samples of this plane.
    fraction : float
        Of the whole job.
    eta_s, samples_per_s : float
        Estimated.
    """

    opened: Opened
    plane: int
    mean: Array
    std: Array
    quantiles: dict[float, Array]
    std_top: float
    standard_error: float
    n_done: int
    fraction: float
    eta_s: float
    samples_per_s: float


def denoise(job: Job) -> Generator[Step | None, None, Opened]:
    """Sum up more and more samples of each plane.

    Raises
    ------
    ValueError
        If the images do not suit the model.
    """
    give_way()
    yield None
    opened = open_job(job)
    yield None
    planes = job.planes or tuple(range(len(opened.observation)))
    start = time.perf_counter()
    for number, plane in enumerate(planes):
        posterior = opened.posterior.plane(plane)
        for summary in posterior.summarising(job.n_samples, quantiles=job.quantiles):
            done = number + summary.n_samples / job.n_samples
            elapsed = max(time.perf_counter() - start, 1e-6)
            yield Step(
                opened=opened,
                plane=plane,
                mean=summary.mmse,
                std=summary.std,
                quantiles=summary.quantiles or {},
                std_top=_top(summary.std),
                standard_error=_standard_error(summary.std, summary.n_samples),
                n_done=summary.n_samples,
                fraction=done / len(planes),
                eta_s=elapsed * (len(planes) - done) / done,
                samples_per_s=done * job.n_samples / elapsed,
            )
    return opened


def open_job(job: Job) -> Opened:
    """Open the images and the posterior; nothing is sampled yet."""
    from ..images import ImageStack, open_images

    stack = job.pixels
    if not isinstance(stack, ImageStack):
        stack = open_images(stack, axes=job.axes)
    if job.channel is not None:
        stack = stack.channel(job.channel)
    observation = stack.data[:, 0]
    if job.region is not None:
        observation = observation[:, job.region[0], job.region[1]]
    _check(observation)
    axes = stack.axes.replace("C", "") if job.channel is not None else stack.axes
    sizes = dict(zip(stack.axes, stack.shape, strict=True))
    sizes["Y"], sizes["X"] = observation.shape[1:]
    return Opened(
        posterior=job.model.posterior(observation, seed=job.seed, device=job.device),
        observation=observation,
        axes=axes,
        shape=tuple(sizes[letter] for letter in axes),
        warning=_range_warning(job.model, observation),
        facts=_facts(job),
    )


def _check(observation: Any) -> None:
    if 0 in observation.shape:
        raise ValueError(
            f"the region holds no pixels (shape {tuple(observation.shape)}): choose a "
            "larger one, or the whole image"
        )
    first = np.asarray(observation[0])
    if first.dtype.kind == "f" and not np.isfinite(first).all():
        raise ValueError(
            "the image holds NaN or infinite values: replace them, for example by the "
            "median of their neighbours, and try again"
        )


def _range_warning(model: Model, observation: Any) -> str:
    from ..runs.denoising import range_warning

    text = range_warning(model, observation) or ""
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _facts(job: Job) -> dict[str, Any]:
    """Return what the record of a layer says about the model."""
    record = job.model.record
    return {
        "run_id": record.get("run") or record.get("run_id"),
        "model_hash": job.model.hash,
        "noise_model_hash": record.get("noise_model_hash"),
    }


def _some(values: Array) -> Array:
    """Return about so many pixels as a percentile needs."""
    step = max(int((values.size / LOOKED_AT) ** 0.5), 1)
    return values[::step, ::step]


def _top(std: Array) -> float:
    top = float(np.percentile(_some(std), 99.8))
    return top if np.isfinite(top) and top > 0 else 1.0


def _standard_error(std: Array, n_samples: int) -> float:
    return float(np.median(_some(std)) / np.sqrt(n_samples))
