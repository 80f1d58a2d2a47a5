"""A trained network with all that using it needs: in memory, and as one file."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..images import from_ncyx, open_images
from ..networks import resolve_device
from ..posterior import PosteriorSampler
from .bundle import Bundle, save_bundle
from .files import arrays_hash
from .posterior import Posterior

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from ..images import ImageStack, Normalization
    from ..networks import DivNoising
    from ..noise import NoiseModel
    from ..training import TrainingConfig

N_SAMPLES = 100
"""Samples behind one denoised picture: 0.04 dB below a thousand (algorithms.md 5)."""


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model: from a noisy image to the clean ones that could be behind it.

    Attributes
    ----------
    network : DivNoising
        Averaged weights, in evaluation mode.
    normalization : Normalization
        Camera units to network units, as in training.
    noise_model : NoiseModel or None
        p(observation | signal), in camera units; None for ``method="vae"``.
    config : TrainingConfig
        What it was trained with.
    record : dict
        Where it comes from: versions, seed, date, hash of the data, losses.
    """

    network: DivNoising
    normalization: Normalization
    noise_model: NoiseModel | None
    config: TrainingConfig
    record: dict[str, Any]

    def posterior(
        self,
        image: Any,
        *,
        seed: int = 0,
        device: str = "auto",
        axes: str | None = None,
        channel: int | str | None = None,
        precision: str = "auto",
    ) -> Posterior:
        """Return the distribution over the signals behind `image`.

        Parameters
        ----------
        image : array, path or ImageStack
            One image ``(Y, X)``, a stack ``(N, Y, X)``, any axes with `axes`, or what
            `open_images` opens; camera units.
        seed : int
            Sample number k is the same picture for the same model, image and seed.
        device : str
            ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        axes : str, optional
            Letters of the axes, such as ``"TYX"``.
        channel : int or str, optional
            Which channel, if the image has several.
        precision : str
            ``"auto"``, ``"float32"`` or ``"bfloat16"``.

        Raises
        ------
        ValueError
            If the axes do not fit, or there are several channels and none is chosen.
        """
        stack = open_image(image, axes=axes, channel=channel)
        pixels = one_channel(stack)
        is_single = not set(stack.axes) - set("CYX")
        sampler = PosteriorSampler(
            self._network_for(resolve_device(device)),
            self.normalization,
            pixels[0] if is_single else pixels,
            seed=seed,
            device=device,
            precision=precision,
        )
        return Posterior(sampler)

    def denoise(
        self,
        image: Any,
        *,
        n_samples: int = N_SAMPLES,
        seed: int = 0,
        device: str = "auto",
        axes: str | None = None,
        channel: int | str | None = None,
        precision: str = "auto",
    ) -> NDArray[np.float32]:
        """Return the mean of `n_samples` posterior samples, the MMSE estimate.

        Parameters and errors are those of `posterior`.

        Returns
        -------
        ndarray of float32
            Camera units, in the axes of `image`, without the channel axis if one
            channel was chosen.
        """
        stack = open_image(image, axes=axes, channel=channel)
        posterior = self.posterior(stack, seed=seed, device=device, precision=precision)
        mmse = posterior.summarise(n_samples).mmse
        mmse = mmse.reshape(stack.n_images, 1, *stack.size)
        restored: NDArray[np.float32] = from_ncyx(mmse, stack.axes, stack.shape)
        return restored

    def save(self, path: str | Path, *, cover: bytes | None = None) -> Path:
        """Write the model to one ``*.divnoise`` file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            The file; the ending is added if it is missing.
        cover : bytes, optional
            A small PNG picture of what the model made.

        Returns
        -------
        Path
            The file.
        """
        arrays = None if self.noise_model is None else self.noise_model.as_arrays()
        info = {
            "package_version": self.record.get("package_version"),
            "network": {"kind": "divnoising", **self.network.configuration()},
            "normalization": self.normalization.as_dict(),
            "training": self.config.model_dump(mode="json"),
            "record": self.record,
        }
        return save_bundle(Bundle(info, self._weights(), arrays, cover), path)

    @property
    def hash(self) -> str:
        """Fingerprint of the weights: the same model, the same samples."""
        return arrays_hash(self._weights())

    def _network_for(self, device: torch.device) -> DivNoising:
        """Return the network, or a copy for another device than its own.

        A sampler moves its network: one that is in use elsewhere must not follow.
        """
        at_home = next(self.network.parameters()).device.type == device.type
        return self.network if at_home else deepcopy(self.network)

    def _weights(self) -> dict[str, NDArray[Any]]:
        state = self.network.state_dict()
        return {k: v.detach().cpu().contiguous().numpy() for k, v in state.items()}


def open_image(
    image: Any, *, axes: str | None, channel: int | str | None
) -> ImageStack:
    """Open anything that holds images; ``.npy`` files, too, as memory maps."""
    if isinstance(image, str | Path) and Path(image).suffix == ".npy":
        image = np.load(Path(image).expanduser(), mmap_mode="r", allow_pickle=False)
    elif isinstance(image, list | tuple) and len(image) == 1:
        return open_image(image[0], axes=axes, channel=channel)
    return open_images(image, axes=axes, channel=channel)


def one_channel(stack: ImageStack) -> Any:
    """Return the images of a stack with one channel as ``(N, Y, X)``, lazily.

    Raises
    ------
    ValueError
        If there are several channels.
    """
    if stack.n_channels > 1:
        names = ", ".join(stack.channel_names) or f"0 to {stack.n_channels - 1}"
        raise ValueError(
            f"the images have {stack.n_channels} channels ({names}): noise differs "
            "from detector to detector, choose one with channel=0 (--channel 0)"
        )
    return stack.data[:, 0]
