"""``divnoise noise-model bootstrap``: a noise model from noisy images alone."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .looking import noise_model_facts
from .options import Axes, Channel, Debug, Device, Images, Json, OutFile, Seed
from .output import Output
from .signals import stop_signals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..noise import NoiseModel
    from ..runs.bootstrap import BootstrapProgress

WORDS = {
    "denoising": "a first denoising",
    "counting": "counting pixels",
    "fitting": "fitting the noise model",
}
EVENT_EVERY_S = 0.2
STOPPED = (
    "stopped before there was a noise model: nothing was written; give it more time"
)


def bootstrap(
    images: Images,
    *,
    out: OutFile,
    kind: Annotated[
        str, typer.Option(help="mixture, histogram or gaussian.")
    ] = "mixture",
    denoised: Annotated[
        Path | None,
        typer.Option(
            help="The same images, denoised by any program: then no first denoising "
            "is made.",
            metavar="FILE",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="A model trained on these images: fit again on what it denoises, and "
            "say whether that is better.",
            metavar="MODEL",
        ),
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(help="How long the first denoising is trained at most.", min=0.01),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A setting of the fit, such as --set n_components=2; may be given "
            "again.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="Write what the noise model was fitted to as well.", metavar="FILE"
        ),
    ] = None,
    stop_file: Annotated[
        Path | None,
        typer.Option(
            help="Stop, and keep the best so far, once this file is there.",
            metavar="FILE",
        ),
    ] = None,
    axes: Axes = None,
    channel: Channel = None,
    seed: Seed = 0,
    device: Device = "auto",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Learn a noise model from noisy images alone.

    A quick Noise2Void makes a first guess of the signal, and the noise model is fitted
    to what differs. Ctrl-C stops and keeps the best so far.

    Example: divnoise noise-model bootstrap cells.tif --out camera.npz
    """
    from ..runs.bootstrap import MINUTES, bootstrapping_noise_model
    from ..runs.config import parse_settings

    output = Output(json=json)
    chosen: dict[str, Any] = dict(parse_settings(settings or []))
    if model is not None:
        _again(
            model,
            images,
            out,
            {"kind": kind, "axes": axes, "channel": channel}
            | {"seed": seed, "device": device}
            | chosen,
            output,
        )
        return
    steps = bootstrapping_noise_model(
        images,
        kind=kind,
        denoised=denoised,
        max_minutes=MINUTES if max_minutes is None else max_minutes,
        axes=axes,
        channel=channel,
        seed=seed,
        device=device,
        **chosen,
    )
    written = _Written(out, pairs)
    with closing(steps):
        _follow(steps, output, written, stop_file)
    if written.noise_model is None:
        raise ValueError(STOPPED)
    facts = noise_model_facts(written.path)
    output.result(f"{facts['description']}\nwritten to {written.path}", **facts)


def _again(
    model: Path, images: list[str], out: Path, choices: dict[str, Any], output: Output
) -> None:
    """Fit the noise model again on what a model denoised: the second round."""
    from ..noise import save_noise_model
    from ..runs import load_model, refit_noise_model

    refit = refit_noise_model(load_model(model), images, **choices)
    path = save_noise_model(refit.noise_model, out)
    facts = noise_model_facts(path) | {"gain": refit.gain, "better": refit.is_better}
    output.result(f"{refit.sentence}\nwritten to {path}", **facts)


class _Written:
    """The files, replaced whole whenever there is a better noise model."""

    def __init__(self, out: Path, pairs: Path | None) -> None:
        self.path = out
        self._pairs_path = pairs
        self._pairs: Any = None
        self.noise_model: NoiseModel | None = None

    def keep(self, step: BootstrapProgress) -> dict[str, str]:
        """Write what is new; return the files that were written, by what they are."""
        from ..noise import save_noise_model, save_pairs

        files = {}
        if step.noise_model is not None and step.noise_model is not self.noise_model:
            pairs = step.pairs
            if pairs is not None and pairs is not self._pairs and self._pairs_path:
                files["pairs"] = str(save_pairs(pairs, self._pairs_path))
            self._pairs = pairs
            self.noise_model = step.noise_model
            self.path = save_noise_model(step.noise_model, self.path)
            files["noise_model"] = str(self.path)
        return files


def _follow(
    steps: Iterator[BootstrapProgress],
    output: Output,
    written: _Written,
    stop_file: Path | None,
) -> None:
    told = 0.0
    with stop_signals() as stopped, output.meter("noise model", 1.0) as meter:
        for step in steps:
            files = written.keep(step)
            if files or time.monotonic() - told > EVENT_EVERY_S:
                told = time.monotonic()
                _tell(step, files, output, meter)
            if stopped.is_set() or (stop_file is not None and stop_file.exists()):
                return


def _tell(
    step: BootstrapProgress, files: dict[str, str], output: Output, meter: Any
) -> None:
    if not output.json:
        meter(step.fraction, note=WORDS[step.stage])
        return
    from ..runs.events import now

    facts = {
        "stage": step.stage,
        "fraction": step.fraction,
        "eta_s": step.eta_s,
        "loss": step.loss,
        "nll": step.nll,
    }
    output.event({"event": "progress", "time": now(), **facts, **files})
