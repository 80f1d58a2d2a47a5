"""Draw samples of images and sum them up, plane by plane, in a thread."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ._opening import open_job
from ._work import give_way

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import numpy.typing as npt

    from ._opening import Job, Opened

    Array = npt.NDArray[np.float32]

LOOKED_AT = 1 << 16


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
        Camera units; nobody else writes to them. Without samples there is no std, and
        the mean shows what was observed where it is not denoised yet.
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
    std: Array | None
    quantiles: dict[float, Array]
    std_top: float
    standard_error: float
    n_done: int
    fraction: float
    eta_s: float = 0.0
    samples_per_s: float = 0.0


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
        parts = _sampled if opened.posterior is not None else _at_once
        step = None
        for step in parts(job, opened, plane):
            done = number + step.fraction
            elapsed = max(time.perf_counter() - start, 1e-6)
            step = replace(
                step,
                fraction=done / len(planes),
                eta_s=elapsed * (len(planes) - done) / done,
                samples_per_s=done * job.n_samples / elapsed,
            )
            yield step
        if step is not None:
            opened.finished.append(step)
    return opened


def _sampled(job: Job, opened: Opened, plane: int) -> Iterator[Step]:
    """Sum up more and more samples of one plane; times are for the caller to set."""
    if opened.posterior is None:
        return
    posterior = opened.posterior.plane(plane)
    for summary in posterior.summarising(job.n_samples, quantiles=job.quantiles):
        yield Step(
            opened=opened,
            plane=plane,
            mean=summary.mmse,
            std=summary.std,
            quantiles=summary.quantiles or {},
            std_top=_top(summary.std),
            standard_error=_standard_error(summary.std, summary.n_samples),
            n_done=summary.n_samples,
            fraction=summary.n_samples / job.n_samples,
        )


def _at_once(job: Job, opened: Opened, plane: int) -> Iterator[Step]:
    """Denoise one plane piece by piece, without samples."""
    engine = opened.one_pass
    if engine is None:
        return
    mean = np.array(opened.observation[plane], np.float32)
    pieces = [piece for piece in engine.pieces() if piece.plane == plane]
    for count, piece in enumerate(pieces, 1):
        mean[piece.rows, piece.columns] = engine.exact_mean(piece).cpu().numpy()
        yield Step(
            opened=opened,
            plane=plane,
            mean=mean.copy(),
            std=None,
            quantiles={},
            std_top=1.0,
            standard_error=0.0,
            n_done=job.n_samples,
            fraction=count / len(pieces),
        )


def _some(values: Array) -> Array:
    """Return about so many pixels as a percentile needs."""
    step = max(int((values.size / LOOKED_AT) ** 0.5), 1)
    return values[::step, ::step]


def _top(std: Array) -> float:
    top = float(np.percentile(_some(std), 99.8))
    return top if np.isfinite(top) and top > 0 else 1.0


def _standard_error(std: Array, n_samples: int) -> float:
    return float(np.median(_some(std)) / np.sqrt(n_samples))
