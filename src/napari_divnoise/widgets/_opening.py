"""What is needed before the first sample of a job: images and a posterior."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..images import ImageStack
    from ..runs import Model, Posterior
    from ..runs.engines import OnePass
    from ..session import Source
    from ._denoising import Step


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
    posterior : Posterior or None
        Of the whole job; None where a model knows one picture alone (N2V).
    one_pass : OnePass or None
        What denoises then.
    device, precision : str
        Where and in which type is computed.
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
    finished : deque of Step
        The last step of each plane, until somebody takes it out: of steps that follow
        fast upon one another a window is shown the newest alone.
    """

    posterior: Posterior | None
    one_pass: OnePass | None
    device: str
    precision: str
    observation: Any
    axes: str
    shape: tuple[int, ...]
    warning: str
    facts: dict[str, Any]
    finished: deque[Step] = field(default_factory=deque)


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
        **_engine(job, observation),
        observation=observation,
        axes=axes,
        shape=tuple(sizes[letter] for letter in axes),
        warning=_range_warning(job.model, observation),
        facts=_facts(job),
    )


def _engine(job: Job, observation: Any) -> dict[str, Any]:
    """Return what denoises, and how it computes."""
    if job.model.has_posterior:
        posterior = job.model.posterior(observation, seed=job.seed, device=job.device)
        return {
            "posterior": posterior,
            "one_pass": None,
            "device": posterior.device,
            "precision": posterior.precision,
        }
    engine = job.model.one_pass(observation, device=job.device)
    if engine is None:
        raise ValueError(f"nothing here denoises with a {job.model.method} model")
    return {
        "posterior": None,
        "one_pass": engine,
        "device": str(engine.device),
        "precision": str(engine.dtype).removeprefix("torch."),
    }


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
