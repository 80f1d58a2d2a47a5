"""The options that commands share: one wording for one thing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Images = Annotated[
    list[str],
    typer.Argument(
        help="TIFF, PNG or OME-Zarr files, folders, or patterns such as 'data/*.tif'.",
        metavar="IMAGES...",
        show_default=False,
    ),
]
OptionalImages = Annotated[
    list[str] | None,
    typer.Argument(
        help="Noisy images: TIFF, PNG or OME-Zarr files, folders, or patterns such as "
        "'data/*.tif'. Left away with --config or --resume.",
        metavar="IMAGES...",
        show_default=False,
    ),
]
Axes = Annotated[
    str | None,
    typer.Option(
        help="Letters of the images' axes, such as TYX or CZYX; guessed if left away.",
        metavar="LETTERS",
    ),
]
Channel = Annotated[
    int | None,
    typer.Option(
        help="Which channel, counted from 0; needed if there are several.", min=0
    ),
]
Device = Annotated[
    str, typer.Option(help="Where to compute: auto, cpu, cuda or mps.", metavar="NAME")
]
OptionalDevice = Annotated[
    str | None,
    typer.Option(
        help="Where to compute: auto, cpu, cuda or mps.  [default: auto]",
        metavar="NAME",
    ),
]
Seed = Annotated[int, typer.Option(help="Start of all random numbers.", min=0)]
OptionalSeed = Annotated[
    int | None,
    typer.Option(help="Start of all random numbers.  [default: 0]", min=0),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object per line, for machines.")
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the whole traceback of an error.")
]
Model = Annotated[
    Path,
    typer.Option(
        help="A .divnoise file, a run folder, or a checkpoint (.ckpt) of the published "
        "DivNoising code.",
        metavar="MODEL",
        show_default=False,
    ),
]
OutFolder = Annotated[
    Path,
    typer.Option(help="Folder for the results.", metavar="DIR", show_default=False),
]
OutFile = Annotated[
    Path,
    typer.Option(help="File for the result.", metavar="FILE", show_default=False),
]
