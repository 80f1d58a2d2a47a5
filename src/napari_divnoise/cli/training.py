"""``divnoise train``: from images, or from one run file, to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import (
    Axes,
    Channel,
    Debug,
    Json,
    OptionalDevice,
    OptionalImages,
    OptionalSeed,
)
from .output import Output
from .signals import stop_signals

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..runs import Model, RunConfig, RunFolder
    from ..training import Progress


def train(
    images: OptionalImages = None,
    *,
    method: Annotated[
        str | None,
        typer.Option(
            help="divnoising, vae, n2v (the mean alone, no noise model) or pn2v (a "
            "distribution for each pixel).  [default: divnoising]"
        ),
    ] = None,
    noise_model: Annotated[
        str | None,
        typer.Option(
            help="A noise model (.npz, .npy); bootstrap: make one from the images "
            "first; learn: co-learn a variance that is linear in the signal.  "
            "[default: learn]",
            metavar="FILE|bootstrap|learn",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="quick, standard, best or paper.  [default: standard]"),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder for the run.", metavar="DIR")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="A run.yaml: everything from one file. Its folder is the run folder "
            "unless --run says otherwise; other options replace what it says.",
            metavar="FILE",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in the folder.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the run in the folder.")
    ] = False,
    axes: Axes = None,
    channel: Channel = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(help="End within so many minutes, and keep the best so far."),
    ] = None,
    previews: Annotated[
        bool | None,
        typer.Option(help="Write previews of a region to the run folder."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A setting that differs from the preset's, such as "
            "--set n_steps=500; may be given again.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    seed: OptionalSeed = None,
    device: OptionalDevice = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train a network on noisy images.

    Ctrl-C stops and keeps what is best; so does a file named stop in the run folder,
    and a file named pause makes the training wait while it is there.

    Example: divnoise train cells.tif --noise-model learn --preset quick --run runs/a
    """
    from ..runs import RunFolder, train_run

    output = Output(json=json)
    changes = {
        "images": images or None,
        "method": method,
        "noise_model": noise_model,
        "preset": preset,
        "axes": axes,
        "channel": channel,
        "max_minutes": max_minutes,
        "previews": previews,
        "seed": seed,
        "device": device,
    }
    path = _run_path(run, config)
    asked = _asked_for(config, path if resume else None, changes, settings or [])
    folder = RunFolder(path, echo=output.repeat)
    job = train_run(asked, folder, resume=resume, overwrite=overwrite)
    model = follow_training(job, output)
    _say_what_is_there(output, folder, model)


def _run_path(run: Path | None, config: Path | None) -> Path:
    if run is not None:
        return run
    if config is not None:
        return config.absolute().parent
    raise typer.BadParameter(
        "no folder for the run: add --run DIR, such as --run runs/a",
    )


def _asked_for(
    config: Path | None,
    resumed: Path | None,
    changes: dict[str, Any],
    settings: list[str],
) -> RunConfig:
    """Put together what the file says and what the options change.

    Options stand in relation to the working directory, the file to its own folder.
    """
    from ..runs import RunConfig
    from ..runs.config import parse_settings

    if config is None and resumed is not None:
        config = resumed / "run.yaml"
    base = RunConfig() if config is None else RunConfig.from_yaml(config)
    given = {key: value for key, value in changes.items() if value is not None}
    given["settings"] = {**base.settings, **parse_settings(settings)}
    asked = RunConfig.from_dict({**base.model_dump(), **given}, source="train")
    if not asked.images:
        raise typer.BadParameter(
            "no images: name files or a folder, or give a --config that names them"
        )
    return asked.anchored(Path.cwd())


def follow_training(
    job: Generator[Progress, None, Model], output: Output
) -> Model | None:
    """Run a training to its end, showing how far it is.

    SIGINT and SIGTERM stop it; what is best is kept.

    Returns
    -------
    Model or None
        None if a signal stopped it: then the model is in the run folder.
    """
    with stop_signals() as stopped, output.meter("training", 1.0) as meter:
        while True:
            if stopped.is_set():
                job.close()
                return None
            try:
                progress = next(job)
            except StopIteration as end:
                model: Model = end.value
                return model
            if not output.json:
                meter(progress.fraction, note=_note(progress))


def _note(progress: Progress) -> str:
    note = (
        f"step {progress.step}, loss {progress.loss:.3f}, "
        f"{_duration(progress.eta_s)} to go"
    )
    return f"{note}; {progress.message}" if progress.message else note


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _say_what_is_there(output: Output, folder: RunFolder, model: Model | None) -> None:
    if output.json:
        return
    if model is None:
        output.say(f"stopped; go on with: divnoise train --run {folder.path} --resume")
    output.say(f"model: {folder.model_path}")
    output.say(
        f"next: divnoise denoise IMAGES --model {folder.model_path} --out denoised"
    )
