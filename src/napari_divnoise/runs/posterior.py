"""The signals that could be behind one observation: drawn, stacked, summed up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from ..posterior import SampleStack
from ..summaries import QuantileTile, RunningMoments, StreamingQuantiles, Summary

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from numpy.typing import NDArray

    from ..posterior import Piece, Sampler

FIRST_BATCH = 4
"""A streaming summary is first shown after so many samples, then after twice that."""

BATCH = 16
BATCH_PIXELS = 1 << 24
"""Samples of large images are summed up in smaller batches, of so many pixels."""

TILE_BYTES = 1 << 26
"""Exact quantiles hold all samples of one tile: 64 MiB of them."""

LARGEST_TILE = 768
SMALLEST_TILE = 64
"""Edges, in pixels."""


class Posterior:
    """Many signals that could have been, of one image or of a stack.

    Made by `Model.posterior`. Nothing is computed before it is asked for.

    Parameters
    ----------
    sampler : Sampler
        Draws the samples.
    plane : int, optional
        Only this image of the sampler's stack.

    Attributes
    ----------
    shape : tuple of int
        Of one sample: ``(Y, X)``, or ``(N, Y, X)`` for a stack.
    seed : int
        Sample number k is the same picture for the same model, image and seed.
    device, precision : str
        What computes, ``"cpu"``, and in which type, ``"bfloat16"``: on another kind of
        device, or in another type, the same sample differs in its last digits.
    """

    def __init__(self, sampler: Sampler, *, plane: int | None = None) -> None:
        self._sampler = sampler
        self._plane = plane
        self.seed = sampler.seed
        self.device = str(sampler.device)
        self.precision = str(sampler.dtype).removeprefix("torch.")
        self.shape = sampler.shape if plane is None else sampler.size

    def plane(self, number: int) -> Posterior:
        """Return the posterior of one image of a stack.

        Its sample k is image `number` of the stack's sample k.

        Raises
        ------
        ValueError
            If there is no such image.
        """
        n_planes = self._sampler.n_planes
        if not 0 <= number < n_planes or self._plane is not None:
            raise ValueError(
                f"there is no image {number}: count from 0 to {n_planes - 1}"
            )
        return Posterior(self._sampler, plane=number)

    def sample(self, number: int) -> NDArray[np.float32]:
        """Return sample `number`, in camera units: always the same picture."""
        sample: NDArray[np.float32] = self.samples([number])[0]
        return sample

    def samples(
        self,
        which: int | Sequence[int],
        *,
        planes: Sequence[int] | None = None,
        region: tuple[slice, slice] | None = None,
    ) -> NDArray[np.float32]:
        """Return several samples.

        Parameters
        ----------
        which : int or sequence of int
            How many, from number 0; or their numbers.
        planes : sequence of int, optional
            Which images of a stack; all by default.
        region : tuple of slice, optional
            Rows and columns, in pixels.

        Returns
        -------
        ndarray of float32
            ``(S, *shape)``, camera units.

        Raises
        ------
        ValueError
            If a number is negative, or a count is not positive.
        """
        numbers = _numbers(which)
        if self._plane is None:
            return self._sampler.samples(numbers, planes=planes, region=region)
        single = self._sampler.samples(numbers, planes=[self._plane], region=region)
        return single.reshape(len(numbers), *single.shape[-2:])

    def stack(self, n_samples: int) -> SampleStack:
        """Return a lazy ``(n_samples, *shape)`` array, computed where it is indexed.

        Raises
        ------
        ValueError
            If `n_samples` is not positive.
        """
        return SampleStack(self, _counted(n_samples))

    def summarise(
        self, n_samples: int = 100, *, quantiles: Sequence[float] = ()
    ) -> Summary:
        """Return mean, standard deviation and exact quantiles of the samples.

        Parameters
        ----------
        n_samples : int
            How many samples, from number 0.
        quantiles : sequence of float
            Levels between 0 and 1, such as ``(0.05, 0.95)``.

        Notes
        -----
        Tiles outside, samples inside: memory does not grow with the samples. The mean
        of PN2V is known without samples: it is the exact one, however many are drawn.

        Raises
        ------
        ValueError
            If `n_samples` is not positive, or a level is not between 0 and 1.
        """
        steps = self.summing_up(n_samples, quantiles=quantiles)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                summary: Summary = end.value
                return summary

    def summing_up(
        self, n_samples: int = 100, *, quantiles: Sequence[float] = ()
    ) -> Generator[float, None, Summary]:
        """Do the work of `summarise`, and yield the share that is done, 0 to 1.

        For whoever shows a progress bar, or wants to be able to stop.
        """
        _counted(n_samples)
        summary = _blank(self.shape, n_samples, quantiles)
        pieces = list(self._pieces(_tile_edge(n_samples) if quantiles else None))
        for done, piece in enumerate(pieces):
            tally = _Tally.exact(piece, n_samples, quantiles)
            for batch in self._sampler.draw(range(n_samples), piece):
                tally.update(batch)
                yield (done + tally.moments.count / n_samples) / len(pieces)
            tally.write(summary, self._place(piece))
            self._write_exact_mean(summary, piece)
            del tally  # before the next tile's samples take as much memory again
        return summary

    def summarising(
        self,
        n_samples: int = 100,
        *,
        quantiles: Sequence[float] = (),
        batch: int | None = None,
    ) -> Iterator[Summary]:
        """Yield the summary of more and more samples, up to `n_samples`.

        Parameters
        ----------
        n_samples : int
            How many samples, from number 0.
        quantiles : sequence of float
            Levels between 0 and 1; approximate after a few dozen samples, and marked
            so: `summarise` gives exact ones.
        batch : int, optional
            Samples between two summaries. By default 4, twice as many, and then
            every 16, or fewer for large images.

        Yields
        ------
        Summary
            With arrays of its own, which later ones do not change.

        Raises
        ------
        ValueError
            If `n_samples` is not positive, or a level is not between 0 and 1.
        """
        _counted(n_samples)
        pieces = list(self._pieces(None))
        tallies = [_Tally.streaming(piece, quantiles) for piece in pieces]
        for numbers in _batches(n_samples, prod(self.shape), batch):
            summary = _blank(self.shape, numbers[-1] + 1, quantiles)
            for piece, tally in zip(pieces, tallies, strict=True):
                for samples in self._sampler.draw(numbers, piece):
                    tally.update(samples)
                tally.write(summary, self._place(piece))
                self._write_exact_mean(summary, piece)
            are_exact = all(tally.is_exact for tally in tallies)
            yield replace(summary, exact_quantiles=are_exact)

    def _write_exact_mean(self, summary: Summary, piece: Piece) -> None:
        """Put the mean of endlessly many samples where it is known (PN2V)."""
        mean = self._sampler.exact_mean(piece)
        if mean is not None:
            summary.mmse[self._place(piece)] = mean.cpu().numpy()

    def _pieces(self, edge: int | None) -> Iterator[Piece]:
        for piece in self._sampler.pieces(edge):
            if self._plane is None or piece.plane == self._plane:
                yield piece

    def _place(self, piece: Piece) -> tuple[int | slice, ...]:
        """Where a piece lies in an array of this posterior's shape."""
        if len(self.shape) == 3:
            return piece.plane, piece.rows, piece.columns
        return piece.rows, piece.columns


@dataclass(frozen=True, slots=True)
class _Tally:
    """What is known so far about the samples of one piece."""

    moments: RunningMoments
    quantiles: QuantileTile | StreamingQuantiles | None

    @classmethod
    def exact(cls, piece: Piece, n_samples: int, levels: Sequence[float]) -> _Tally:
        tile = QuantileTile(n_samples, piece.shape, levels) if levels else None
        return cls(RunningMoments(piece.shape), tile)

    @classmethod
    def streaming(cls, piece: Piece, levels: Sequence[float]) -> _Tally:
        stream = StreamingQuantiles(piece.shape, levels) if levels else None
        return cls(RunningMoments(piece.shape), stream)

    @property
    def is_exact(self) -> bool:
        streaming = isinstance(self.quantiles, StreamingQuantiles)
        return not streaming or self.quantiles.exact  # type: ignore[union-attr]

    def update(self, samples: object) -> None:
        self.moments.update(samples)  # type: ignore[arg-type]
        if self.quantiles is not None:
            self.quantiles.update(samples)  # type: ignore[arg-type]

    def write(self, summary: Summary, place: tuple[int | slice, ...]) -> None:
        summary.mmse[place] = self.moments.mean
        summary.std[place] = self.moments.std
        if self.quantiles is not None and summary.quantiles is not None:
            for level, values in self.quantiles.quantiles().items():
                summary.quantiles[level][place] = values


def _blank(shape: tuple[int, ...], n_samples: int, levels: Sequence[float]) -> Summary:
    def empty() -> NDArray[np.float32]:
        return np.empty(shape, dtype=np.float32)

    quantiles = {float(level): empty() for level in levels} or None
    return Summary(empty(), empty(), quantiles, n_samples, exact_quantiles=True)


def _counted(n_samples: int) -> int:
    if n_samples < 1:
        raise ValueError(f"the number of samples must be at least 1, got {n_samples}")
    return n_samples


def _numbers(which: Any) -> list[int]:
    """Return numbers of samples, or the first so many, of any integer type."""
    if np.ndim(which) == 0:
        return list(range(_counted(index(which))))
    return [index(number) for number in which]


def _tile_edge(n_samples: int) -> int:
    """Edge of a tile of which all samples fit into `TILE_BYTES`."""
    pixels = TILE_BYTES // (4 * n_samples)
    edge = int(pixels**0.5) // 32 * 32
    return min(max(edge, SMALLEST_TILE), LARGEST_TILE)


def _batches(n_samples: int, n_pixels: int, batch: int | None) -> Iterator[range]:
    """Cut the numbers of the samples into growing batches."""
    most = batch or min(BATCH, max(1, BATCH_PIXELS // n_pixels))
    size = batch or min(FIRST_BATCH, most)
    start = 0
    while start < n_samples:
        stop = min(start + size, n_samples)
        yield range(start, stop)
        if start > 0:
            size = min(2 * size, most)
        start = stop
