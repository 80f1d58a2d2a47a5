"""The stages in order: open, check, normalise, train; keep all of it in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import RunConfig
from .folder import RunFolder
from .preparing import with_noise_model
from .sitting import Job, prepared

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..noise import NoiseModel
    from ..training import Progress
    from .model import Model


def train(
    images: Any,
    *,
    method: str = "divnoising",
    noise_model: NoiseModel | str | Path | None = None,
    preset: str = "standard",
    seed: int = 0,
    run: str | Path | RunFolder | None = None,
    resume: bool = False,
    overwrite: bool = False,
    device: str = "auto",
    axes: str | None = None,
    channel: int | str | None = None,
    max_minutes: float | None = None,
    previews: bool = False,
    preview_region: tuple[int, int, int, int, int] | None = None,
    **settings: Any,
) -> Generator[Progress, None, Model]:
    """Train a network on noisy images, step by step.

    Nothing happens before the first ``next``. Closing the generator, or leaving its
    loop, stops the training; what is best is then in the run folder.

    Parameters
    ----------
    images : array, path, list of either, or ImageStack
        Whatever `open_images` opens; camera units. At least 32x32 pixels.
    method : str
        ``"divnoising"``; ``"vae"``: the same network with a free mean and variance
        per pixel, which needs no noise model; ``"n2v"``: a U-Net that is asked for
        hidden pixels, needs no noise model and gives the mean alone; ``"pn2v"``: the
        same with a noise model, and a distribution for each pixel on its own.
    noise_model : NoiseModel, path, "learn", "bootstrap" or None
        p(observation | signal) in camera units; ``"bootstrap"`` makes one first, see
        `bootstrap_noise_model`; ``"learn"`` co-learns a variance that
        is linear in the signal, and so does None where the method needs one.
    preset : str
        ``"quick"``, ``"standard"``, ``"best"`` or ``"paper"``.
    seed : int
        Start of every random number.
    run : str, Path or RunFolder, optional
        Keep events, checkpoints and model in this folder.
    resume : bool
        Go on with the run in the folder: the result is that of an uninterrupted run.
    overwrite : bool
        Replace the run in the folder.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    axes : str, optional
        Letters of the images' axes, such as ``"TYX"``; guessed if not given.
    channel : int or str, optional
        Which channel, if the images have several.
    max_minutes : float, optional
        End within so many minutes.
    previews : bool
        Write previews of a region to the run folder.
    preview_region : tuple of 5 int, optional
        Image number, first row, first column, rows, columns.
    **settings
        Any setting of `TrainingConfig`.

    Yields
    ------
    Progress
        Several times a second.

    Returns
    -------
    Model
        The best model, as the value of the generator (``StopIteration.value``).

    Warns
    -----
    UserWarning
        If the images are poor: few grey levels, many saturated pixels.

    Raises
    ------
    ValueError
        If images, noise model or settings are unfit.
    FileNotFoundError
        If a file is not there, or nothing is there to resume.
    FileExistsError
        If the folder holds a run, and neither `resume` nor `overwrite` is set.
    OSError
        If the disk is full: the last checkpoint is intact.
    """
    config = RunConfig.from_dict(
        {
            "images": _paths_of(images),
            "axes": axes,
            "channel": channel,
            "method": method,
            "noise_model": _words_of(noise_model),
            "preset": preset,
            "seed": seed,
            "device": device,
            "max_minutes": max_minutes,
            "previews": previews,
            "preview_region": preview_region,
            "settings": settings,
        },
        source="train",
    )
    folder = run if run is None or isinstance(run, RunFolder) else RunFolder(run)
    job = Job(config.anchored(Path.cwd()), images, noise_model)
    return _train(job, folder, resume=resume, overwrite=overwrite)


def fit(images: Any, **arguments: Any) -> Model:
    """Train to the end and return the model: `train` for those who can wait.

    Parameters and errors are those of `train`.
    """
    training = train(images, **arguments)
    while True:
        try:
            next(training)
        except StopIteration as end:
            model: Model = end.value
            return model


def train_run(
    config: RunConfig,
    folder: RunFolder,
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> Generator[Progress, None, Model]:
    """Train what a run file asks for: what ``divnoise train`` and the docks call.

    Parameters
    ----------
    config : RunConfig
        With absolute paths, see `RunConfig.anchored`.
    folder : RunFolder
        Where to keep the run.
    resume, overwrite : bool
        As in `train`.

    Yields, returns and raises as `train`.
    """
    job = Job(config, list(config.images), config.noise_model)
    return _train(job, folder, resume=resume, overwrite=overwrite)


def _train(
    job: Job, folder: RunFolder | None, *, resume: bool, overwrite: bool
) -> Generator[Progress, None, Model]:
    """Train with or without a folder; a failure is written down before it is raised."""
    if folder is None:
        if resume:
            raise ValueError("nothing to resume: give the run folder with run=...")
        job = yield from with_noise_model(job, None)
        return (yield from prepared(job, None).run())
    with folder.locked():
        _begin(job, folder, resume=resume, overwrite=overwrite)
        try:
            job = yield from with_noise_model(job, folder)
            return (yield from prepared(job, folder).run())
        except Exception as error:
            folder.announce_failure(error)
            raise


def _begin(job: Job, folder: RunFolder, *, resume: bool, overwrite: bool) -> None:
    if not resume:
        folder.create(job.config, overwrite=overwrite)
    elif not folder.config_path.exists():
        raise FileNotFoundError(
            f"no run in {folder.path} to resume: leave --resume (resume=True) away to "
            "start one"
        )
    else:
        folder.clear_requests()


def _paths_of(images: Any) -> tuple[str, ...]:
    """Return the paths among what was given as images; arrays have none."""
    if isinstance(images, str | Path):
        return (str(Path(images).expanduser()),)
    if isinstance(images, list | tuple):
        return tuple(path for item in images for path in _paths_of(item))
    return ()


def _words_of(noise_model: NoiseModel | str | Path | None) -> str | None:
    if noise_model is None or isinstance(noise_model, str | Path):
        return None if noise_model is None else str(noise_model)
    return "noise_model.npz"
