"""``divnoise noise-model library``: the cameras that were measured before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Axes, Channel, Debug, Json
from .output import Output, help_and_exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..runs import LibraryEntry

library = typer.Typer(rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Name of the noise model.")]


@library.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """List, add, find and remove noise models that are kept for next time."""
    if context.invoked_subcommand is None:
        help_and_exit(context)


@library.command("list")
def list_(*, json: Json = False, debug: Debug = False) -> None:
    """List the noise models that are kept, the newest first.

    Example: divnoise noise-model library list
    """
    from ..runs import NoiseLibrary

    output, kept = Output(json=json), NoiseLibrary()
    entries = kept.entries()
    _tell(entries, output, f"no noise models in {kept.folder} yet")
    for problem in kept.problems:
        output.note(problem)


@library.command()
def add(
    path: Annotated[Path, typer.Argument(help="A noise model (.npz, .npy).")],
    *,
    name: Annotated[str, typer.Option(help="What to call it.")],
    camera: Annotated[str, typer.Option(help="Which camera.")] = "",
    gain: Annotated[str, typer.Option(help="Its gain, in your words.")] = "",
    note: Annotated[str, typer.Option(help="Whatever else helps to know it.")] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the one of this name.")
    ] = False,
    images: Annotated[
        Path | None,
        typer.Option(
            help="Images of this camera, so that others like them are recognised.",
            metavar="FILE",
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Keep a noise model for next time.

    Example: divnoise noise-model library add camera.npz --name "SpinningDisk 2x2"
    """
    from ..images import inspect_noise
    from ..noise import load_noise_model
    from ..runs import NoiseLibrary

    report = None if images is None else inspect_noise(images)
    entry = NoiseLibrary().add(
        load_noise_model(path),
        name=name,
        camera=camera,
        gain=gain,
        note=note,
        report=report,
        overwrite=overwrite,
    )
    facts = {"name": entry.name, "path": str(entry.path)}
    Output(json=json).result(f"kept {entry.name} in {entry.path}", **facts)


@library.command()
def remove(name: Name, *, json: Json = False, debug: Debug = False) -> None:
    """Remove a noise model from the library.

    Example: divnoise noise-model library remove "SpinningDisk 2x2"
    """
    from ..runs import NoiseLibrary

    NoiseLibrary().remove(name)
    Output(json=json).result(f"removed {name}", removed=name)


@library.command()
def match(
    images: Annotated[Path, typer.Argument(help="Noisy images.")],
    *,
    axes: Axes = None,
    channel: Channel = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find the noise models that fit images, the best first.

    Example: divnoise noise-model library match cells.tif
    """
    from ..images import inspect_noise
    from ..runs import NoiseLibrary

    report = inspect_noise(images, axes=axes, channel=channel)
    found = NoiseLibrary().matching(report)
    _tell(found, Output(json=json), "no noise model in the library fits")


def _tell(entries: Sequence[LibraryEntry], output: Output, nothing: str) -> None:
    for entry in entries:
        about = ", ".join(filter(None, (entry.camera, entry.gain, entry.note)))
        facts = {
            "name": entry.name,
            "path": str(entry.path),
            "kind": entry.kind,
            "description": entry.description,
            "camera": entry.camera,
            "gain": entry.gain,
            "note": entry.note,
            "date": entry.date.isoformat(),
        }
        lines = [f"{entry.name}  ({entry.date:%Y-%m-%d})", f"  {entry.description}"]
        lines += [f"  {about}"] if about else []
        output.result("\n".join([*lines, f"  {entry.path}"]), **facts)
    if not entries and not output.json:
        output.say(nothing)
