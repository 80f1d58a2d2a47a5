"""``divnoise denoise``: images through a model, to TIFF files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    Axes,
    Channel,
    Debug,
    Device,
    Images,
    Json,
    Model,
    OutFolder,
    Seed,
)
from .output import Output
from .signals import stop_signals

if TYPE_CHECKING:
    from ..runs.denoising import Step


def denoise(
    images: Images,
    *,
    model: Model,
    out: OutFolder,
    samples: Annotated[
        int, typer.Option(help="Samples behind mean, std and quantiles.", min=1)
    ] = 100,
    save: Annotated[
        str | None,
        typer.Option(
            help="What to write: mmse, std, quantiles such as q05 and q95, and "
            "samples:16 for a stack of sixteen. N2V gives the mmse alone.",
            metavar="LIST",
            show_default="mmse,std",
        ),
    ] = None,
    axes: Axes = None,
    channel: Channel = None,
    seed: Seed = 0,
    device: Device = "auto",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Denoise images: their mean, standard deviation, quantiles and samples.

    Results are float32 TIFF in camera units, with the scale and units of the source.

    Example: divnoise denoise data/*.tif --model runs/a --out denoised --save mmse,std
    """
    from ..runs import load_model
    from ..runs.denoising import Denoising
    from ..runs.wanted import Wanted, image_files

    output = Output(json=json)
    job = Denoising(
        model=load_model(model),
        out=out,
        wanted=Wanted.usual() if save is None else Wanted.parse(save),
        n_samples=samples,
        seed=seed,
        device=device,
        axes=axes,
        channel=channel,
    )
    n_failed = 0
    with (
        stop_signals() as stopped,
        output.meter("denoising", len(image_files(images))) as meter,
    ):
        for step in job.run(images):
            meter(step.done, note=step.path)
            n_failed += _tell(step, output)
            if stopped.is_set():
                raise KeyboardInterrupt
    if n_failed:
        raise typer.Exit(1)


def _tell(step: Step, output: Output) -> bool:
    """Say what happened to a file; True if it was left out."""
    if step.message:
        output.say(f"{step.path}: {step.message}")
    if step.written:
        names = [str(path) for path in step.written]
        output.result(f"{step.path} -> {', '.join(names)}", written=names)
    if step.failed:
        output.problem(f"{step.path} was left out: {step.failed}")
    return step.failed is not None
