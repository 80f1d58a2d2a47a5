"""The posterior of Probabilistic Noise2Void: a distribution for each pixel on its own.

The network names K signals that are equally likely given what is around a pixel; the
noise model weighs each by how well it explains the pixel itself. Mean and samples
follow from signals and weights. Neighbouring pixels of a sample know nothing of one
another: each is drawn on its own.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..networks import resolve_device, resolve_dtype, valid_pixels
from .direct import WindowedUNet
from .epsilon import pixel_noise, worker_threads
from .observations import Observations, Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from ..images import Normalization
    from ..networks import Likelihood, UNet

CANDIDATES_PER_BLOCK = {"cpu": 10_000, "cuda": 1 << 26}
"""Signals times pixels that are weighed at once: what suits a cache, or a GPU.

On a processor so few that torch works on a block in one thread, also on the three
parts of a mixture together, and many blocks go on side by side: threads that wait for
one another a hundred times in a block would be slowed down many times over where one
has to share its core.
"""
TILE_SIZE = {"cpu": 384}
"""So small that whoever watches hears of progress every second or two."""
PIXELS_PER_BATCH = 1 << 24
"""Samples times pixels that are handed over at once: 64 MiB."""
CACHED_BYTES = 1 << 28
"""Features of the pieces that were looked at last are kept."""


@dataclass(slots=True)
class Look:
    """What is known of a piece.

    Attributes
    ----------
    observation : torch.Tensor
        ``(pixels,)``, network units.
    features : torch.Tensor
        ``(pixels, n_filters)``.
    mean : torch.Tensor or None
        Of the posterior, ``(pixels,)``, network units, once somebody has needed it.
    """

    observation: torch.Tensor
    features: torch.Tensor
    mean: torch.Tensor | None = None


class PixelwiseSampler:
    """Draws, pixel by pixel, signals that could have been.

    Parameters
    ----------
    network : UNet
        Trained, with K outputs for each pixel.
    likelihood : Likelihood
        The noise model in network units, on the device that is asked for. Where it has
        a `valid_range`, observations outside are left to what is around them.
    normalization : Normalization
        Of the network's training.
    image : array
        ``(Y, X)`` or ``(N, Y, X)``, camera units; may be lazy.
    seed : int
        Of the draws, 0 or more.
    device, precision : str
        As for `PosteriorSampler`.

    Raises
    ------
    ValueError
        If the image has not two or three axes, or is empty.
    """

    def __init__(
        self,
        network: UNet,
        likelihood: Likelihood,
        normalization: Normalization,
        image: Any,
        *,
        seed: int = 0,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        self.seed = seed
        self.device = resolve_device(device)
        self.dtype = resolve_dtype(precision, self.device)
        self._observations = Observations(image, normalization, self.device)
        self.shape = self._observations.shape
        self._windows = WindowedUNet(
            network, self._observations, self.device, self.dtype
        )
        self._network = network
        self._likelihood = likelihood
        self._normalization = normalization
        self._seen: OrderedDict[tuple[int, ...], Look] = OrderedDict()
        self._lock = Lock()

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of an image."""
        return self._observations.size

    @property
    def n_planes(self) -> int:
        """Images of the stack; 1 for a single image."""
        return self._observations.n_planes

    def pieces(self, tile_size: int | None = None) -> Iterator[Piece]:
        """Yield rectangles that cover every image once, see `Observations.pieces`."""
        return self._observations.pieces(tile_size or TILE_SIZE.get(self.device.type))

    def samples(
        self,
        numbers: Sequence[int],
        *,
        planes: Sequence[int] | None = None,
        region: tuple[slice, slice] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Return samples by their numbers, see `PosteriorSampler.samples`."""
        return self._observations.collect(
            self.draw, numbers, planes=planes, region=region
        )

    def sample(self, number: int) -> npt.NDArray[np.float32]:
        """Return sample `number`: always the same picture."""
        image: npt.NDArray[np.float32] = self.samples([number])[0]
        return image

    def draw(self, samples: Sequence[int], piece: Piece) -> Iterator[torch.Tensor]:
        """Yield samples of a piece in batches ``(S, Y, X)``, camera units, in order."""
        size = max(PIXELS_PER_BATCH // (piece.shape[0] * piece.shape[1]), 1)
        for start in range(0, len(samples), size):
            yield self._drawn(samples[start : start + size], piece)

    @torch.inference_mode()
    def _drawn(self, numbers: Sequence[int], piece: Piece) -> torch.Tensor:
        noise = pixel_noise(
            numbers, piece.rows, piece.columns, seed=self.seed, image=piece.plane
        )
        levels = noise.flatten(1).T.contiguous().to(self.device)  # (pixels, S)
        drawn = torch.empty_like(levels)
        mean = torch.empty(len(levels), device=self.device)

        def fill(block: slice, signals: torch.Tensor, weights: torch.Tensor) -> None:
            drawn[block] = quantiles(signals, weights, levels[block])
            mean[block] = (weights * signals).sum(1)

        self._over_blocks(piece, fill)
        self._look(piece).mean = mean
        return self._in_camera_units(drawn.T).reshape(len(numbers), *piece.shape)

    @torch.inference_mode()
    def exact_mean(self, piece: Piece) -> torch.Tensor:
        """Return the mean of the posterior, ``(Y, X)``, camera units: no sampling."""
        look = self._look(piece)
        if look.mean is None:
            mean = torch.empty(piece.shape[0] * piece.shape[1], device=self.device)

            def fill(
                block: slice, signals: torch.Tensor, weights: torch.Tensor
            ) -> None:
                mean[block] = (weights * signals).sum(1)

            self._over_blocks(piece, fill)
            look.mean = mean
        return self._in_camera_units(look.mean).reshape(piece.shape)

    def _over_blocks(
        self,
        piece: Piece,
        work: Callable[[slice, torch.Tensor, torch.Tensor], None],
    ) -> None:
        """Call `work(block, signals, weights)` for blocks of a piece's pixels.

        Signals and weights are ``(pixels, K)``; those of all pixels never exist at
        once.
        """
        look = self._look(piece)
        n_pixels, n_signals = len(look.observation), self._network.out_channels
        most = CANDIDATES_PER_BLOCK.get(self.device.type, 1 << 22)
        size = max(most // n_signals, 1)

        def one(start: int) -> None:
            block = slice(start, min(start + size, n_pixels))
            with torch.inference_mode():
                signals = self._network.head(look.features[block])
                weights = self._weights(look.observation[block], signals)
                work(block, signals, weights)

        starts = range(0, n_pixels, size)
        if self.device.type == "cpu":
            list(worker_threads().map(one, starts))
        else:
            for start in starts:
                one(start)

    def _weights(self, x: torch.Tensor, signals: torch.Tensor) -> torch.Tensor:
        """Return the share of each signal, ``(pixels, K)``, rows adding up to 1."""
        observation = x[:, None].expand_as(signals)
        log_p = self._likelihood.log_prob(observation=observation, signal=signals)
        valid = valid_pixels(self._likelihood, x)
        if valid is not None:
            log_p = torch.where(valid[:, None], log_p, 0.0)
        return log_p.softmax(dim=1)

    def _look(self, piece: Piece) -> Look:
        """Return what the network sees in a piece, from the cache if possible."""
        rows, columns = piece.rows, piece.columns
        key = (piece.plane, rows.start, rows.stop, columns.start, columns.stop)
        with self._lock:
            if key not in self._seen:
                observation, features = self._windows.look(piece)
                features = features.reshape(-1, features.shape[-1])
                self._seen[key] = Look(observation.flatten(), features.contiguous())
            self._seen.move_to_end(key)
            held = sum(look.features.nbytes for look in self._seen.values())
            while held > CACHED_BYTES and len(self._seen) > 1:
                held -= self._seen.popitem(last=False)[1].features.nbytes
            return self._seen[key]

    def _in_camera_units(self, x: torch.Tensor) -> torch.Tensor:
        return self._normalization.denormalize(x)


def quantiles(
    signals: torch.Tensor, weights: torch.Tensor, levels: torch.Tensor
) -> torch.Tensor:
    """Return the signals below which the weights add up to `levels`, ``(pixels, S)``.

    Parameters
    ----------
    signals, weights : torch.Tensor
        ``(pixels, K)``, in any order; weights of a pixel add up to 1.
    levels : torch.Tensor
        ``(pixels, S)``, between 0 and 1.

    Notes
    -----
    Sorted, so that rounding can only exchange a signal for its neighbour.
    """
    if signals.device.type == "cpu":
        # Sorts rows of a few hundred six times as fast as torch.
        arrays = (signals.numpy(), weights.numpy(), levels.numpy())
        return torch.from_numpy(_quantiles_of_arrays(*arrays))
    ordered, order = signals.sort(dim=1)
    shares = weights.gather(1, order).cumsum(1)
    places = torch.searchsorted(shares, (levels * shares[:, -1:]).contiguous())
    return ordered.gather(1, places.clamp(max=signals.shape[1] - 1))


def _quantiles_of_arrays(
    signals: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    levels: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    order = np.argsort(signals, axis=1)
    shares = np.take_along_axis(weights, order, axis=1).cumsum(1, dtype=np.float64)
    # Row i of the shares is moved to i to i + 1: one rising list for all pixels.
    row = np.arange(len(signals))[:, None]
    rising = (shares / shares[:, -1:] + row).ravel()
    places = np.searchsorted(rising, (levels + row).ravel()).reshape(levels.shape)
    chosen = (places - row * signals.shape[1]).clip(0, signals.shape[1] - 1)
    ordered = np.take_along_axis(signals, order, axis=1)
    drawn: npt.NDArray[np.float32] = np.take_along_axis(ordered, chosen, axis=1)
    return drawn
