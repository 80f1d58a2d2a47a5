"""``divnoise noise-model fit|calibrate|bootstrap|show``: how a camera makes noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .bootstrapping import bootstrap
from .library import library
from .looking import noise_model_facts
from .options import Axes, Channel, Debug, Json, OutFile, Seed
from .output import Output, help_and_exit

if TYPE_CHECKING:
    from ..noise import NoiseModel

noise_model = typer.Typer(rich_markup_mode=None)

Kind = Annotated[str, typer.Option(help="mixture, histogram or gaussian.")]
Bins = Annotated[int, typer.Option(help="Bins of a histogram.", min=2)]
Components = Annotated[int, typer.Option(help="Gaussians of a mixture.", min=1)]
Coefficients = Annotated[
    int, typer.Option(help="Coefficients of a mixture's polynomials.", min=1)
]


@noise_model.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Fit, measure and show noise models."""
    if context.invoked_subcommand is None:
        help_and_exit(context)


@noise_model.command()
def fit(
    observation: Annotated[str, typer.Argument(help="Noisy images.")],
    signal: Annotated[
        str, typer.Argument(help="Their signal: as many images, or one for all.")
    ],
    *,
    out: OutFile,
    kind: Kind = "mixture",
    n_components: Components = 3,
    n_coefficients: Coefficients = 2,
    n_bins: Bins = 256,
    axes: Axes = None,
    channel: Channel = None,
    seed: Seed = 0,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit a noise model to noisy images and their signal.

    Example: divnoise noise-model fit noisy.tif clean.tif --out camera.npz
    """
    from ..noise import fit_noise_model

    noisy = _pixels(observation, axes, channel)
    clean = _pixels(signal, None if axes is None else axes[-2:], channel)
    settings = _settings(kind, n_components, n_coefficients, n_bins, seed)
    _save(fit_noise_model(noisy, clean, kind=kind, **settings), out, json)


@noise_model.command()
def calibrate(
    frames: Annotated[
        str, typer.Argument(help="Images of one still scene, taken one after another.")
    ],
    *,
    out: OutFile,
    kind: Kind = "mixture",
    n_components: Components = 3,
    n_coefficients: Coefficients = 2,
    n_bins: Bins = 256,
    axes: Axes = None,
    channel: Channel = None,
    seed: Seed = 0,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a noise model on a still scene, whose mean is taken as the signal.

    Example: divnoise noise-model calibrate still.tif --out camera.npz
    """
    from ..noise import calibrate_noise_model

    pixels = _pixels(frames, axes, channel)
    settings = _settings(kind, n_components, n_coefficients, n_bins, seed)
    _save(calibrate_noise_model(pixels, kind=kind, **settings), out, json)


noise_model.command()(bootstrap)
noise_model.add_typer(library, name="library")


@noise_model.command()
def show(
    path: Annotated[Path, typer.Argument(help="A noise model (.npz, .npy).")],
    *,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a noise model is, and the noise it states along its signals.

    Example: divnoise noise-model show camera.npz
    """
    import numpy as np

    from ..noise import load_noise_model

    facts = noise_model_facts(path)
    model = load_noise_model(path)
    signal = np.linspace(*model.signal_range, 9, dtype=np.float32)
    std = np.sqrt(model.variance(signal))
    pairs = zip(signal.tolist(), std.tolist(), strict=True)
    table = [{"signal": s, "std": d} for s, d in pairs]
    lines = [str(facts["description"]), "  signal      std of the noise"]
    lines += [f"{row['signal']:8.1f}  {row['std']:10.2f}" for row in table]
    Output(json=json).result("\n".join(lines), **facts, noise=table)


def _pixels(source: str, axes: str | None, channel: int | None) -> Any:
    """Open images as ``(N, Y, X)``."""
    from ..runs.model import one_channel, open_image

    return one_channel(open_image(source, axes=axes, channel=channel))


def _settings(
    kind: str, n_components: int, n_coefficients: int, n_bins: int, seed: int
) -> dict[str, Any]:
    if kind == "histogram":
        return {"n_bins": n_bins}
    if kind != "mixture":
        return {}
    return {
        "n_components": n_components,
        "n_coefficients": n_coefficients,
        "seed": seed,
    }


def _save(model: NoiseModel, out: Path, json: bool) -> None:
    from ..noise import save_noise_model

    save_noise_model(model, out)
    facts = noise_model_facts(out)
    Output(json=json).result(f"{facts['description']}\nwritten to {out}", **facts)
