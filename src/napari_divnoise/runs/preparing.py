"""What a training waits for: a noise model that is bootstrapped before it starts."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ..noise import load_noise_model
from ..training import Progress, needs_noise_model
from .bootstrap import MINUTES, bootstrapping_noise_model

if TYPE_CHECKING:
    from collections.abc import Generator

    from .bootstrap import BootstrapProgress
    from .folder import RunFolder
    from .sitting import Job

BOOTSTRAP = "bootstrap"
MOST_OF_THE_TIME = 0.25
"""Share of the time a run is given that learning its noise may take."""

_TELL_EVERY = 0.1
"""Share of the bootstrap between two sentences about it."""


class StoppedEarlyError(RuntimeError):
    """A run was stopped before there was anything to keep."""


def with_noise_model(
    job: Job, folder: RunFolder | None
) -> Generator[Progress, None, Job]:
    """Return the job with its noise model; make that first where it is wanted so.

    A run that is resumed has its noise model already.

    Yields
    ------
    Progress
        Of step 0, with a message now and then.

    Raises
    ------
    StoppedEarlyError
        If the run is stopped before there is a noise model.
    """
    if job.noise_model != BOOTSTRAP or not needs_noise_model(job.config.method):
        return job
    if folder is not None and folder.noise_model_path.exists():
        return replace(job, noise_model=load_noise_model(folder.noise_model_path))
    config = job.config
    limit = MINUTES
    if config.max_minutes is not None:
        limit = min(limit, MOST_OF_THE_TIME * config.max_minutes)
    steps = bootstrapping_noise_model(
        job.images,
        seed=config.seed,
        max_minutes=limit,
        device=config.device,
        axes=config.axes,
        channel=config.channel,
    )
    return (yield from _followed(job, steps, folder))


def _followed(
    job: Job,
    steps: Generator[BootstrapProgress, None, object],
    folder: RunFolder | None,
) -> Generator[Progress, None, Job]:
    told = -1.0
    newest = None
    with closing(steps):
        for newest in steps:
            message = None
            if newest.fraction - told > _TELL_EVERY:
                told = newest.fraction
                message = f"learning the noise first: {told:.0%} done"
                if folder is not None:
                    folder.announce("message", text=message)
            yield _progress(newest, message)
            if folder is not None and folder.stop_requested:
                break
    if newest is None or newest.noise_model is None:
        raise StoppedEarlyError(
            "stopped while the noise was being learnt: nothing was trained yet; start "
            "again, or give a noise model that is there"
        )
    return replace(job, noise_model=newest.noise_model)


def _progress(step: BootstrapProgress, message: str | None) -> Progress:
    """Tell of the bootstrap in the words of a training that has not begun."""
    loss = float("nan") if step.loss is None else step.loss
    return Progress(
        step=0,
        n_steps=1,
        loss=loss,
        distortion=loss,
        rate=0.0,
        validation_loss=None,
        eta_s=step.eta_s,
        elapsed_s=0.0,
        fraction=0.0,
        learning_rate=0.0,
        kl_weight=0.0,
        batch_size=0,
        n_skipped=0,
        steps_per_s=0.0,
        message=message,
    )
