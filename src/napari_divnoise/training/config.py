"""Settings of a training, checked field by field, and the presets."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Method = Literal["divnoising", "vae", "n2v", "pn2v"]
Preset = Literal["quick", "standard", "best", "paper"]

PRESETS: tuple[str, ...] = ("quick", "standard", "best", "paper")
SMALLEST_IMAGE = 32
SMALLEST_VALIDATED_IMAGE = 128

# Steps for each preset: one step of 8 patches of 64 x 64 takes 32 ms on two cores
# with bfloat16, so that a megapixel takes about 1.6, 8.5 and 53 minutes. A step of N2V
# takes 42 ms, one of PN2V 53 ms.
_STEPS = {"quick": 3_000, "standard": 16_000, "best": 100_000}
_STEPS_OF = {
    "n2v": {"quick": 2_500, "standard": 12_000, "best": 75_000},
    "pn2v": {"quick": 2_000, "standard": 10_000, "best": 60_000},
}
_MINUTES = {"quick": 2.0, "standard": 10.0, "best": 60.0}

# As published: 22 million patches for DivNoising, 200 epochs of 10 and 5 steps of 20
# patches for N2V and PN2V.
_PAPER: dict[str, dict[str, Any]] = {
    "divnoising": {
        "n_steps": 687_500,
        "batch_size": 32,
        "patch_size": 128,
        "learning_rate": 1e-3,
        "kl_warmup_steps": 1_000,
        "validate_every": 2_000,
        "validation_fraction": 0.15,
    },
    "n2v": {
        "n_steps": 2_000,
        "batch_size": 20,
        "patch_size": 100,
        "learning_rate": 1e-3,
        "n_filters": 64,
        "mask_share": 0.028,
        "validate_every": 10,
    },
    "pn2v": {
        "n_steps": 1_000,
        "batch_size": 20,
        "patch_size": 100,
        "learning_rate": 1e-3,
        "n_filters": 64,
        "n_pixel_samples": 800,
        "mask_share": 0.028,
        "validate_every": 5,
    },
}


class TrainingConfig(BaseModel):
    """How a network is built and trained.

    Attributes
    ----------
    method : str
        "divnoising", or "vae": the same network with a free mean and variance for
        every pixel, the paper's baseline, which needs no noise model. "n2v": a U-Net
        that is asked for hidden pixels and gives the mean alone, without a noise
        model. "pn2v": the same with a noise model, and a distribution for each pixel
        on its own.
    preset : str
        Name of the preset that the settings started from.
    depth, z_channels, n_filters : int
        Shape of the network, see `DivNoising` and `UNet` of `napari_divnoise.networks`;
        a U-Net has no latents.
    mask_share : float
        N2V and PN2V: about so many of the pixels are hidden in each step, one in
        every square of a grid. Published: one in 6 x 6.
    n_pixel_samples : int
        PN2V: outputs for each pixel, signals that are equally likely given what is
        around it.
    kl_weight : float
        Weight of the rate at the end of its warm-up (the paper's beta). More than
        1: smoother, more varied samples; less: closer to the observation.
    kl_warmup_steps : int
        Steps over which the weight rises from 0, so that the latents are in use
        before they cost anything and never collapse. The presets but "paper" let it
        rise over the whole training.
    n_steps : int
        Updates of the weights.
    batch_size : int
        Patches in a step.
    patch_size : int
        Edge of a patch, in pixels; shrinks to fit small images.
    learning_rate : float
        Highest learning rate; it rises over 50 steps and falls to 0 at the end.
    ema_decay : float
        Decay of the running average of the weights, which is what is kept.
    clip_norm : float
        The gradient is scaled down to this norm.
    augment : bool
        Turn and mirror the patches (the eight symmetries of the square).
    validation_fraction : float
        Share of the field of view that is kept out of the training, one block at
        the same place in every image. Below 128 x 128 pixels there is none.
    validate_every : int
        Steps between two validations.
    min_noise_std : float, optional
        With a co-learned noise model: the smallest standard deviation that it may
        reach, in camera units. None: estimated from the images.
    seed : int
        Of everything random. Same seed and machine, same model.
    device : str
        "auto", "cpu", "cuda", "cuda:N" or "mps".
    precision : str
        Of the convolutions: "auto" (measured), "float32" or "bfloat16".
    max_minutes : float, optional
        Stop there. The learning rate still falls to its end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method = "divnoising"
    preset: Preset = "standard"
    depth: int = Field(2, ge=1, le=5)
    z_channels: int = Field(64, ge=1, le=1024)
    n_filters: int = Field(32, ge=1, le=512)
    mask_share: float = Field(0.028, gt=0, le=0.25)
    n_pixel_samples: int = Field(200, ge=2, le=4096)
    kl_weight: float = Field(1.0, ge=0)
    kl_warmup_steps: int = Field(200, ge=0)
    n_steps: int = Field(_STEPS["standard"], ge=1)
    batch_size: int = Field(8, ge=1, le=4096)
    patch_size: int = Field(64, ge=SMALLEST_IMAGE, le=4096)
    learning_rate: float = Field(4e-3, gt=0, le=1)
    ema_decay: float = Field(0.999, ge=0, lt=1)
    clip_norm: float = Field(5.0, gt=0)
    augment: bool = True
    validation_fraction: float = Field(0.1, ge=0, le=0.5)
    validate_every: int = Field(200, ge=1)
    min_noise_std: float | None = Field(None, gt=0)
    seed: int = Field(42, ge=0, lt=2**63)
    device: str = Field("auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    max_minutes: float | None = Field(None, gt=0)

    @classmethod
    def from_preset(
        cls,
        preset: Preset = "standard",
        *,
        shape: tuple[int, int, int] | None = None,
        **overrides: Any,
    ) -> Self:
        """Return the settings of a preset, some of them replaced.

        Parameters
        ----------
        preset : str
            "quick", "standard" and "best" take at most about 2, 10 and 60 minutes
            for a megapixel on two cores, less on a GPU, and longer for more images,
            at most four times. "paper": the published schedule, in float32; for
            DivNoising 22 million patches of 128 x 128 in batches of 32.
        shape : tuple of int, optional
            ``(N, Y, X)`` of the images, in pixels.
        **overrides
            Any attribute of this class.

        Raises
        ------
        pydantic.ValidationError
            A `ValueError` that names every setting that is off, and its rule.
        """
        if preset not in PRESETS:
            raise ValueError(
                f"preset must be one of {', '.join(PRESETS)}, got {preset!r}"
            )
        method = overrides.get("method", "divnoising")
        usual = _preset_settings(preset, method, shape)
        settings = {**usual, "preset": preset, **overrides}
        if "max_minutes" in overrides and "n_steps" not in overrides:
            settings["n_steps"] = _steps_within(
                overrides["max_minutes"], settings["n_steps"]
            )
        settings.setdefault("kl_warmup_steps", settings["n_steps"])
        return cls(**settings)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        factor = 2**self.depth
        if self.patch_size % factor:
            raise ValueError(
                f"patch_size must be a multiple of 2 ** depth = {factor}, got "
                f"{self.patch_size}: take {-(-self.patch_size // factor) * factor}"
            )
        return self


def _preset_settings(
    preset: str, method: str, shape: tuple[int, int, int] | None
) -> dict[str, Any]:
    if preset == "paper":
        return {"precision": "float32", **_PAPER.get(method, _PAPER["divnoising"])}
    scale = min(max(_megapixels(shape), 1.0), 4.0)
    n_steps = int(_STEPS_OF.get(method, _STEPS)[preset] * scale)
    return {
        "n_steps": n_steps,
        "max_minutes": _MINUTES[preset] * scale,
        "validate_every": max(n_steps // 50, 20),
    }


def _steps_within(max_minutes: float | None, n_steps: int) -> int:
    """More steps where the caller gives more time than the preset needs."""
    if max_minutes is None:
        return n_steps
    return max(n_steps, int(max_minutes * 60 * 100))


def _megapixels(shape: tuple[int, int, int] | None) -> float:
    if shape is None:
        return 1.0
    return shape[0] * shape[1] * shape[2] / 1e6
