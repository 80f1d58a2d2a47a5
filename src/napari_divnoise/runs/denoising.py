"""Many images through one model, to files: one after the other, plane by plane."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..images import ImageStack, from_ncyx, intensity_range, write_tiff
from .events import now, to_json
from .files import StorageError, explain, reserve, write_whole
from .model import N_SAMPLES, Model, one_channel, open_image
from .painting import MeanPainter, Painter, SamplePainter
from .versions import package_version
from .wanted import Wanted, check_names, image_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


IN_MEMORY_BYTES = 1 << 28
"""Results beyond 256 MiB grow in a file instead of in memory."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far the denoising of files is.

    Attributes
    ----------
    path : str
        The file in work.
    done : float
        Files done, the one in work as a share of one.
    n_files : int
        Files in all.
    message : str or None
        What a person should know about this file.
    written : tuple of Path
        What was written, once the file is done.
    failed : str or None
        Why this file was left out.
    """

    path: str
    done: float
    n_files: int
    message: str | None = None
    written: tuple[Path, ...] = ()
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Denoising:
    """How images are denoised to files.

    Attributes
    ----------
    model : Model
        What denoises.
    out : Path
        Folder of the results: ``NAME_mmse.tif`` and so on, and ``NAME.json``.
    wanted : Wanted
        Which pictures. A model without a posterior writes the mean alone.
    n_samples : int
        Behind mean, standard deviation and quantiles.
    seed : int
        Start of the random numbers.
    device, precision : str
        As for `Model.posterior`.
    axes : str, optional
        Letters of the axes.
    channel : int or str, optional
        Which channel.
    """

    model: Model
    out: Path
    wanted: Wanted
    n_samples: int = N_SAMPLES
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    axes: str | None = None
    channel: int | str | None = None

    def run(self, sources: Sequence[str | Path]) -> Iterator[Step]:
        """Denoise files, folders and patterns, file by file.

        A file that cannot be denoised is reported and left out; the others follow.

        Yields
        ------
        Step
            Several times a second, and once for each file that is done.

        Raises
        ------
        FileNotFoundError
            If nothing is at one of the sources.
        SettingsError
            If two files would give results of the same name.
        StorageError
            If the folder of the results cannot be written.
        """
        files = image_files(sources)
        check_names(files)
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, self.out) from error
        for number, file in enumerate(files):
            try:
                yield from self._denoise(file, number, len(files))
            except StorageError:
                raise
            except (ValueError, TypeError, OSError) as error:
                reason = " ".join(str(error).split())
                yield Step(str(file), number + 1, len(files), failed=reason)

    def _denoise(self, file: Path, number: int, n_files: int) -> Iterator[Step]:
        stack = open_image(file, axes=self.axes, channel=self.channel)
        pixels = one_channel(stack)
        warning = range_warning(self.model, pixels)
        if warning:
            yield Step(str(file), number, n_files, message=warning)
        wanted, refusal = self._possible()
        if refusal and number == 0:
            yield Step(str(file), number, n_files, message=refusal)
        painter = self._painter(stack, wanted)
        with _canvases(wanted, pixels.shape, self.out) as canvases:
            for n in range(stack.n_images):
                for share in painter.paint(n, canvases):
                    done = number + (n + share) / stack.n_images
                    yield Step(str(file), done, n_files)
            written = tuple(self._write(file, stack, canvases, painter))
        yield Step(str(file), number + 1, n_files, written=written)

    def _possible(self) -> tuple[Wanted, str | None]:
        """Return what the model can give, and why not the rest if it was asked for."""
        if self.model.has_posterior or self.wanted.is_mean_alone:
            return self.wanted, None
        mean = Wanted(("mmse",))
        if self.wanted.is_usual:
            return mean, None
        return mean, (
            f"{self.model.method} knows no posterior: only the mean (mmse) is written; "
            "for standard deviation, quantiles and samples train with divnoising or "
            "pn2v"
        )

    def _painter(self, stack: ImageStack, wanted: Wanted) -> Painter:
        how: dict[str, Any] = {"device": self.device, "precision": self.precision}
        if wanted.is_mean_alone:
            engine = self.model.one_pass(one_channel(stack), **how)
            if engine is not None:
                return MeanPainter(engine)
        posterior = self.model.posterior(stack, seed=self.seed, **how)
        return SamplePainter(posterior, wanted, self.n_samples)

    def _write(
        self,
        file: Path,
        stack: ImageStack,
        canvases: dict[str, Any],
        painter: Painter,
    ) -> Iterator[Path]:
        """Write the results in the axes, scale and units of their source."""
        letters, scale, units = _layout(stack)
        for name, canvas in canvases.items():
            path = self.out / f"{file.stem}_{name}.tif"
            if name == "samples":
                extra = next(letter for letter in "SNP" if letter not in letters)
                array = _restored(canvas, extra + stack.axes, stack)
                layout = (extra + letters, (1.0, *scale), ("pixel", *units))
            else:
                array = _restored(canvas[np.newaxis], "", stack)
                layout = (letters, scale, units)
            try:
                write_tiff(
                    path, array, axes=layout[0], scale=layout[1], units=layout[2]
                )
            except OSError as error:
                raise explain(error, path) from error
            yield path
        yield self._write_record(file, stack, painter)

    def _write_record(self, file: Path, stack: ImageStack, painter: Painter) -> Path:
        """Write how the results were made, so that they can be made again."""
        path = self.out / f"{file.stem}.json"
        record = {
            "source": str(file.absolute()),
            "axes": stack.axes,
            "shape": list(stack.shape),
            "date": now(),
            "package_version": package_version(),
            "model_hash": self.model.hash,
            "model": self.model.record,
            **painter.facts(),
        }
        write_whole(path, (to_json(record, indent=2) + "\n").encode())
        return path


def range_warning(model: Model, pixels: Any) -> str | None:
    """Say so if an image is much brighter or darker than what the model has seen."""
    known = model.record.get("images", {}).get("range")
    if not known:
        return None
    low, high = intensity_range(pixels)
    margin = 0.2 * (known[1] - known[0])
    if known[0] - margin <= low and high <= known[1] + margin:
        return None
    return (
        f"intensities from {low:.6g} to {high:.6g} reach beyond those of the training, "
        f"{known[0]:.6g} to {known[1]:.6g}: do not trust what is brighter or darker, "
        "or train on images like these"
    )


@contextmanager
def _canvases(
    wanted: Wanted, shape: tuple[int, ...], out: Path
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Give an empty array for each result, on disk where memory would be short."""
    shapes = dict.fromkeys(wanted.names, tuple(shape))
    if wanted.n_kept:
        shapes["samples"] = (wanted.n_kept, *shape)
    partials: list[Path] = []

    def canvas(name: str) -> NDArray[np.float32]:
        n_bytes = 4 * int(np.prod(shapes[name], dtype=np.int64))
        if n_bytes <= IN_MEMORY_BYTES:
            return np.empty(shapes[name], dtype=np.float32)
        partials.append(out / f".{name}.partial")
        reserve(partials[-1], n_bytes)
        return np.memmap(partials[-1], np.float32, "r+", shape=shapes[name])

    canvases: dict[str, NDArray[np.float32]] = {}
    try:
        canvases |= {name: canvas(name) for name in shapes}
        yield canvases
    finally:
        canvases.clear()
        for partial in partials:
            partial.unlink(missing_ok=True)


def _layout(
    stack: ImageStack,
) -> tuple[str, tuple[float, ...], tuple[str, ...]]:
    """Return axes, scale and units of a result: a chosen channel has no axis left."""
    kept = [
        i for i, letter in enumerate(stack.axes) if letter != "C" or stack.shape[i] == 1
    ]
    return (
        "".join(stack.axes[i] for i in kept),
        tuple(stack.scale[i] for i in kept),
        tuple(stack.units[i] for i in kept),
    )


def _restored(canvas: NDArray[np.float32], axes: str, stack: ImageStack) -> Any:
    """Bring ``(S, N, Y, X)`` into the axes of the source, S in front if it has one."""
    flat = canvas.reshape(-1, 1, *stack.size)
    if axes:
        return from_ncyx(flat, axes, (len(canvas), *stack.shape))
    return from_ncyx(flat, stack.axes, stack.shape)
