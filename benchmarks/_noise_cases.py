"""Random images whose noise is known, and the real ones, for the noise check."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.io import imread

from napari_divnoise.sample_data import make_cells, make_membranes

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = (
    "poisson",
    "poisson-gaussian",
    "rows",
    "columns",
    "checkerboard",
    "blurred",
    "jpeg",
    "saturated",
    "quantised",
)
VERDICT_OF = {
    "rows": "rows",
    "columns": "columns",
    "checkerboard": "structured",
    "blurred": "blurred",
    "jpeg": "jpeg",
}
NOTE_OF = {"saturated": "saturated", "quantised": "grey"}
"""A word that a note must hold for the case to count."""

DATA = Path(os.environ.get("DIVNOISE_DATA", Path(__file__).parents[2] / "shared/data"))
REAL = {
    "fmd/raw/Confocal_*.png": "pixelwise",
    "fmd/raw/TwoPhoton_*.png": "pixelwise",
    "fmd/raw/WideField_*.png": "blurred",
    "livecells/images/*.tif": "pixelwise",
    "hagen/actin-20x-noise1_low.png": "rows",
    "hagen/mito-60x-noise2_low.png": "rows",
    "hagen/nucleus_low.png": "pixelwise",
    "convallaria/*.tif": "pixelwise",
    "stem/*.tif": "rows",
    "sem/*.tif": "pixelwise",
}
"""What the README of the data leads one to expect of each real image."""


def real_images() -> list[tuple[Path, str]]:
    """Return the path of every noisy real image and the verdict to expect."""
    return [
        (path, verdict)
        for pattern, verdict in REAL.items()
        for path in sorted(DATA.glob(pattern))
    ]


@dataclass(frozen=True)
class Case:
    """An image, and what the check should say of it."""

    kind: str
    image: np.ndarray
    how: str

    @property
    def verdict(self) -> str:
        """The verdict that is right."""
        return VERDICT_OF.get(self.kind, "pixelwise")


@dataclass(frozen=True)
class Camera:
    """Turns photons into grey values."""

    gain: float
    read_noise: float
    offset: float
    dtype: str

    def variance(self, photons: np.ndarray) -> np.ndarray:
        """Variance in grey values."""
        return self.gain**2 * (photons + self.read_noise**2)

    def expose(self, photons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return grey values before they are written as integers."""
        electrons = rng.poisson(photons) + rng.normal(0, 1, photons.shape) * (
            self.read_noise
        )
        return self.offset + self.gain * electrons

    def write(self, image: np.ndarray) -> np.ndarray:
        """Return the image as it comes out of the file."""
        if self.dtype == "float32":
            return image.astype(np.float32)
        top = np.iinfo(self.dtype).max
        return np.clip(np.round(image), 0, top).astype(self.dtype)


def make_case(kind: str, seed: int) -> Case:
    """Make a random image with noise of `kind`."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    size = int(rng.choice([256, 384, 512, 768, 1024]))
    name, structure = random_structure(rng, size)
    bright = np.exp(rng.uniform(np.log(5), np.log(400)))
    background = rng.uniform(0.02, 0.3)
    photons = bright * (background + (1 - background) * structure)
    camera = random_camera(rng, photons, kind)
    image, what = _MAKERS[kind](photons, camera, rng)
    how = (
        f"{name} {size} {bright:.0f} photons gain {camera.gain:.2g} "
        f"read {camera.read_noise:.2g} {camera.dtype} {what}"
    )
    return Case(kind, image, how)


def random_camera(rng: np.random.Generator, photons: np.ndarray, kind: str) -> Camera:
    """Return a camera that does not clip these photons."""
    gain = np.exp(rng.uniform(np.log(0.5), np.log(30)))
    read_noise = 0.0 if kind == "poisson" else np.exp(rng.uniform(-1, np.log(6)))
    offset = rng.uniform(20, 500)
    dtype = str(rng.choice(["uint8", "uint16", "uint16", "float32"]))
    if kind == "jpeg":
        dtype = "uint8"
    spread = 5 * np.sqrt(photons.max() + read_noise**2)
    if dtype == "uint8":
        offset = rng.uniform(5, 20)
        # Noise of a grey value or more: a coarser step is a case of its own.
        gain = (230 - offset) / (photons.max() + spread)
    offset += 5 * gain * read_noise
    if dtype == "float32" and rng.random() < 0.5:
        offset, gain = 0.0, gain / 1000
    return Camera(float(gain), float(read_noise), float(offset), dtype)


# ------------------------------------------------------------------ structures


def random_structure(rng: np.random.Generator, size: int) -> tuple[str, np.ndarray]:
    """Return something to photograph, 0 to 1."""
    painters: list[Callable[[np.random.Generator, int], np.ndarray]] = [
        _cells, _membranes, _cloud, _spots, _filaments, _sharp
    ]  # fmt: skip
    if (DATA / "dsb2018/images.tif").exists():
        painters.append(_nuclei)
    paint = painters[int(rng.integers(len(painters)))]
    image = paint(rng, size)
    image = image - image.min()
    top = np.percentile(image, 99.9)
    return paint.__name__.strip("_"), np.clip(image / (top or 1.0), 0, 1)


def _cells(rng: np.random.Generator, size: int) -> np.ndarray:
    scene = make_cells(int(rng.integers(1 << 30)), size)
    return scene.truth[0].astype(float)


def _membranes(rng: np.random.Generator, size: int) -> np.ndarray:
    scene = make_membranes(int(rng.integers(1 << 30)), size)
    return scene.truth[0].astype(float)


def _cloud(rng: np.random.Generator, size: int) -> np.ndarray:
    """Noise with the spectrum of natural images, seen through optics."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size),
                                      indexing="ij"))  # fmt: skip
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.normal(size=(size, size)))
    image = np.fft.irfft2(spectrum * frequency ** -rng.uniform(1.0, 2.0), (size, size))
    image = ndimage.gaussian_filter(image, rng.uniform(0.8, 2.0))
    return np.exp(rng.uniform(0.3, 1.0) * image / image.std())


def _spots(rng: np.random.Generator, size: int) -> np.ndarray:
    image = np.zeros((size, size))
    n = int(size**2 * rng.uniform(2e-4, 4e-3))
    np.add.at(image, tuple(rng.integers(size, size=(2, n))), rng.lognormal(0, 0.7, n))
    haze = ndimage.gaussian_filter(image, 12)
    return ndimage.gaussian_filter(image, rng.uniform(1.0, 2.5)) + 2 * haze


def _filaments(rng: np.random.Generator, size: int) -> np.ndarray:
    """Crossing fibres in all directions, a little curved."""
    image = np.zeros((size, size))
    for _ in range(int(rng.integers(15, 60))):
        t = np.arange(0, 1.5 * size, 0.3)
        angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 4e-3, t.size))
        y = rng.uniform(0, size) + np.cumsum(np.sin(angle)) * 0.3
        x = rng.uniform(0, size) + np.cumsum(np.cos(angle)) * 0.3
        inside = (y >= 0) & (y < size) & (x >= 0) & (x < size)
        image[y[inside].astype(int), x[inside].astype(int)] += rng.lognormal(0, 0.4)
    return ndimage.gaussian_filter(image, rng.uniform(0.9, 2.0))


def _sharp(rng: np.random.Generator, size: int) -> np.ndarray:
    """Discs with hard edges, as at a magnification too low for the optics."""
    y, x = np.indices((size, size))
    image = np.zeros((size, size))
    for _ in range(int(size**2 * rng.uniform(2e-4, 1.5e-3))):
        center, radius = rng.uniform(0, size, 2), rng.uniform(2, 14)
        rows, columns = (
            slice(int(max(c - radius, 0)), int(c + radius) + 2) for c in center
        )
        near = np.hypot(y[rows, columns] - center[0], x[rows, columns] - center[1])
        image[rows, columns][near < radius] = rng.uniform(0.3, 1.0)
    return image


@cache
def _dsb() -> np.ndarray:
    return imread(DATA / "dsb2018/images.tif")


def _nuclei(rng: np.random.Generator, size: int) -> np.ndarray:
    image = _dsb()[int(rng.integers(len(_dsb())))].astype(float)
    larger = ndimage.zoom(image, size / 256 if size > 256 else 1, order=1)
    return ndimage.gaussian_filter(larger, max(0.8, 0.6 * size / 256))


# ------------------------------------------------------------------ noises


def _plain(
    photons: np.ndarray, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    return camera.write(camera.expose(photons, rng)), ""


def _rows(
    photons: np.ndarray, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    """Whole rows that are brighter or darker, or noise that runs on along a row."""
    image = camera.expose(photons, rng)
    sigma = np.sqrt(camera.variance(photons))
    kind = rng.choice(["offsets", "AR(1)", "moving average"])
    if kind == "offsets":
        share = rng.uniform(0.25, 1.0)
        rows = rng.normal(0, share * np.median(sigma), (len(photons), 1))
        return camera.write(image + rows), f"{kind} {share:.2f} of the noise"
    white = rng.normal(size=photons.shape)
    if kind == "AR(1)":
        rho = rng.uniform(0.25, 0.8)
        along = np.empty_like(white)
        along[:, 0] = white[:, 0]
        for x in range(1, white.shape[1]):
            along[:, x] = rho * along[:, x - 1] + (1 - rho**2) ** 0.5 * white[:, x]
        what = f"{kind} {rho:.2f}"
    else:
        n = int(rng.integers(2, 6))
        along = ndimage.uniform_filter1d(white, n, axis=1) * n**0.5
        what = f"{kind} of {n}"
    noisy = camera.offset + camera.gain * photons + sigma * along
    return camera.write(noisy), what


def _columns(
    photons: np.ndarray, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    image, what = _rows(photons.T, camera, rng)
    return np.ascontiguousarray(image.T), what


def _checkerboard(
    photons: np.ndarray, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    """Fields of 1 or 2 pixels that are brighter and darker in turn."""
    image = camera.expose(photons, rng)
    share, edge = rng.uniform(0.3, 1.0), int(rng.integers(1, 3))
    y, x = np.indices(photons.shape) // edge
    sign = 1 - 2 * ((y + x) % 2)
    sigma = np.sqrt(camera.variance(photons))
    noisy = image + share * np.median(sigma) * sign
    return camera.write(noisy), f"{share:.2f} of the noise, fields of {edge}"


def _blurred(
    photons: np.ndarray, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    """Smoothed, or enlarged, after the camera."""
    image = camera.expose(photons, rng)
    if rng.random() < 0.6:
        sigma = rng.uniform(0.5, 1.3)
        return camera.write(ndimage.gaussian_filter(image, sigma)), f"sigma {sigma:.2f}"
    factor, order = rng.uniform(1.3, 2.5), int(rng.choice([1, 3]))
    n = len(photons)
    part = image[: int(n / factor) + 2, : int(n / factor) + 2]
    larger = ndimage.zoom(part, factor, order=order)[:n, :n]
    return camera.write(larger), f"enlarged {factor:.2f} order {order}"


def _jpeg(
    photons: np.ndarray, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    quality = int(rng.integers(50, 93))
    file = io.BytesIO()
    picture = Image.fromarray(camera.write(camera.expose(photons, rng)))
    picture.save(file, "JPEG", quality=quality)
    image = np.asarray(Image.open(file))
    if rng.random() < 0.5:
        y, x = rng.integers(8, size=2)
        image = image[y:, x:]
    return np.ascontiguousarray(image), f"quality {quality}"


def _saturated(
    photons: np.ndarray, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    image = camera.expose(photons, rng)
    share = np.exp(rng.uniform(np.log(0.005), np.log(0.2)))
    top = {"uint8": 255, "uint16": int(rng.choice([4095, 16383, 65535]))}.get(
        camera.dtype, 1.0
    )
    limit = np.quantile(image, 1 - share)
    # The background stays above the bottom, and what is brighter is cut off.
    low = min(camera.offset, image.min())
    scaled = (image - low) / (limit - low) * 0.97 * top + 0.03 * top
    return camera.write(np.minimum(scaled, top)), f"{100 * share:.1f} % of {top}"


def _quantised(
    photons: np.ndarray, camera: Camera, rng: np.random.Generator
) -> tuple[np.ndarray, str]:
    """Written with so few grey values that the noise is below one of them."""
    image = camera.expose(photons, rng)
    sigma = float(np.median(np.sqrt(camera.variance(photons))))
    fineness = rng.uniform(0.3, 0.8)
    codes = np.round((image - image.min()) / sigma * fineness)
    # Either the codes themselves, or stretched to the whole range of 8 bits.
    if codes.max() > 255:
        codes = np.clip(codes, 0, 255)
    elif rng.random() < 0.5:
        codes = np.round(codes * (255 / codes.max()))
    return codes.astype(np.uint8), f"noise of {fineness:.2f} steps"


_MAKERS: dict[str, Callable[..., tuple[np.ndarray, str]]] = {
    "poisson": _plain,
    "poisson-gaussian": _plain,
    "rows": _rows,
    "columns": _columns,
    "checkerboard": _checkerboard,
    "blurred": _blurred,
    "jpeg": _jpeg,
    "saturated": _saturated,
    "quantised": _quantised,
}


# ------------------------------------------------------------------ spoiling


def _turned(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.T)


def _smoothed(image: np.ndarray) -> np.ndarray:
    return _as(image.dtype, ndimage.gaussian_filter(image.astype(float), 0.7))


def _enlarged(image: np.ndarray) -> np.ndarray:
    part = image[:400, :400].astype(float)
    return _as(image.dtype, ndimage.zoom(part, 1.4, order=1))


def _rotated(image: np.ndarray) -> np.ndarray:
    turned = ndimage.rotate(image.astype(float), 7, order=1, mode="reflect")
    return _as(image.dtype, turned)


def _binned(image: np.ndarray) -> np.ndarray:
    rows, columns = (n // 2 for n in image.shape)
    blocks = image[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    return blocks.astype(float).mean(axis=(1, 3)).astype(np.float32)


def _compressed(image: np.ndarray) -> np.ndarray | None:
    if image.dtype != np.uint8:
        return None
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=80)
    return np.asarray(Image.open(file))


def _as(dtype: np.dtype, image: np.ndarray) -> np.ndarray:
    if dtype.kind == "f":
        return image.astype(dtype)
    return np.clip(np.round(image), 0, np.iinfo(dtype).max).astype(dtype)


_SPOILT = {"pixelwise": "blurred", "rows": "blurred", "blurred": "blurred"}
ALTERATIONS = {
    "transposed": (
        _turned,
        {"pixelwise": "pixelwise", "rows": "columns", "blurred": "blurred"},
    ),
    "binned 2x2": (_binned, {"pixelwise": "pixelwise", "rows": "rows"}),
    "smoothed 0.7": (_smoothed, _SPOILT),
    "enlarged 1.4": (_enlarged, _SPOILT),
    "rotated by 7": (_rotated, _SPOILT),
    "JPEG 80": (_compressed, {"pixelwise": "jpeg", "rows": "jpeg", "blurred": "jpeg"}),
}
"""What is done to the real images, and the verdict that has to follow."""
