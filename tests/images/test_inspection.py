"""What kind of noise images have: each kind is told from the others, with a reason."""

from __future__ import annotations

import io
import json
import re
import time
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import napari_divnoise as dn
from napari_divnoise.sample_data import make_membranes

if TYPE_CHECKING:
    from pathlib import Path

    from napari_divnoise import NoiseReport

GAIN, READ, OFFSET = 4.0, 2.0, 100.0
SIZE = 256


@pytest.fixture(scope="module")
def photons() -> np.ndarray[Any, Any]:
    """Photons of an epithelium: thin, sharp structure in all directions."""
    scene = make_membranes(3, SIZE)
    return 2.0 * (scene.truth[0].astype(float) - scene.offset) / scene.gain


def _camera(photons: np.ndarray[Any, Any], seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    electrons = rng.poisson(photons) + rng.normal(0, READ, photons.shape)
    return OFFSET + GAIN * electrons


def _written(image: np.ndarray[Any, Any], dtype: str = "uint16") -> Any:
    top = np.iinfo(dtype).max
    return np.clip(np.round(image), 0, top).astype(dtype)


def _along_x(photons: np.ndarray[Any, Any], taps: int) -> np.ndarray[Any, Any]:
    """Noise of the same variance that is a moving average along rows."""
    white = np.random.default_rng(1).normal(size=photons.shape)
    noise = ndimage.uniform_filter1d(white, taps, axis=1) * taps**0.5
    return OFFSET + GAIN * (photons + np.sqrt(photons + READ**2) * noise)


def _as_jpeg(image: np.ndarray[Any, Any], quality: int) -> np.ndarray[Any, Any]:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _judged(report: NoiseReport) -> tuple[str, str | None, str | None]:
    return report.verdict, report.recommended_method, report.direction


# ------------------------------------------------------------------ what is measured


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_the_line_of_the_camera_is_found(
    photons: np.ndarray[Any, Any], dtype: str
) -> None:
    image = _camera(photons)
    written = _written(image) if dtype == "uint16" else image.astype(np.float32)
    report = dn.inspect_noise(written)
    assert _judged(report) == ("pixelwise", "divnoising", None)
    slope, intercept = report.mean_variance
    for signal in report.levels[[2, len(report.levels) // 2, -3]]:
        variance = GAIN * (signal - OFFSET) + (GAIN * READ) ** 2
        assert slope * signal + intercept == pytest.approx(variance, rel=0.2)
    assert slope == pytest.approx(GAIN, rel=0.2)
    assert report.step == (1.0 if dtype == "uint16" else 0.0)
    assert np.all(np.diff(report.levels) > 0)
    assert report.levels.shape == report.variances.shape
    # The light of the darkest place is not told from the read noise.
    assert OFFSET - GAIN * READ**2 - 5 < report.offset < OFFSET + GAIN * 5


def test_structure_is_not_taken_for_noise(photons: np.ndarray[Any, Any]) -> None:
    report = dn.inspect_noise(_written(_camera(photons)))
    neighbours = report.autocorrelation.copy()
    assert neighbours[3, 3] == 1
    neighbours[3, 3] = 0
    assert abs(neighbours).max() < 0.09
    assert 0.5 < report.row_ratio < 1.7
    assert 0.5 < report.column_ratio < 1.7


def test_the_autocorrelation_is_that_of_the_noise(
    photons: np.ndarray[Any, Any],
) -> None:
    report = dn.inspect_noise(_written(_along_x(photons, taps=2)))
    table = report.autocorrelation
    np.testing.assert_allclose(table, table[::-1, ::-1], atol=1e-6)
    np.testing.assert_allclose(table[3, 1:6], [0, 0.5, 1, 0.5, 0], atol=0.1)
    np.testing.assert_allclose(table[4:, 3], 0, atol=0.1)
    variance = GAIN**2 * (np.median(photons) + READ**2)
    assert np.median(report.variances) == pytest.approx(variance, rel=0.25)


def test_the_ratio_of_rows_is_that_of_their_means() -> None:
    rng = np.random.default_rng(2)
    image = rng.normal(0, 10, (SIZE, SIZE)) + rng.normal(0, 3, (SIZE, 1))
    report = dn.inspect_noise(image.astype(np.float32))
    expected = (1 + SIZE * 0.09) / 1.09
    assert report.row_ratio == pytest.approx(expected, rel=0.35)
    assert report.column_ratio == pytest.approx(1, abs=0.4)


# ------------------------------------------------------------------ what follows


@pytest.mark.parametrize("turned", [False, True], ids=["rows", "columns"])
@pytest.mark.parametrize("how", ["offsets", "moving average"])
def test_stripes_are_told_with_their_direction(
    photons: np.ndarray[Any, Any], how: str, turned: bool
) -> None:
    if how == "offsets":
        lines = np.random.default_rng(1).normal(0, 0.3 * GAIN * 5, (SIZE, 1))
        image = _camera(photons) + lines
    else:
        image = _along_x(photons, taps=3)
    image = image.T if turned else image
    report = dn.inspect_noise(_written(image))
    wanted = ("columns", "cosdd", "y") if turned else ("rows", "cosdd", "x")
    assert _judged(report) == wanted
    assert wanted[0] in report.reason


@pytest.mark.parametrize("edge", [1, 2])
def test_a_checkerboard_asks_for_a_method_that_keeps_patterns_out(
    photons: np.ndarray[Any, Any], edge: int
) -> None:
    y, x = np.indices(photons.shape) // edge
    image = _camera(photons) + 0.4 * GAIN * 5 * (1 - 2 * ((y + x) % 2))
    report = dn.inspect_noise(_written(image))
    assert _judged(report) == ("structured", "hdn36", None)


@pytest.mark.parametrize("sigma", [0.5, 0.8, 1.3])
def test_noise_that_was_blurred_has_no_method_but_a_way_out(
    photons: np.ndarray[Any, Any], sigma: float
) -> None:
    image = ndimage.gaussian_filter(_camera(photons), sigma)
    report = dn.inspect_noise(_written(image))
    assert _judged(report) == ("blurred", None, None)
    assert "raw pixels" in report.reason


def test_an_enlarged_image_counts_as_blurred(photons: np.ndarray[Any, Any]) -> None:
    image = ndimage.zoom(_camera(photons), 1.5, order=1)
    assert dn.inspect_noise(_written(image)).verdict == "blurred"


@pytest.mark.parametrize("quality", [50, 75, 90])
def test_a_jpeg_is_told_wherever_it_was_cut(
    photons: np.ndarray[Any, Any], quality: int
) -> None:
    camera = _written(_camera(photons) / 6, "uint8")
    image = _as_jpeg(camera, quality)[3:, 5:]
    report = dn.inspect_noise(image)
    assert _judged(report) == ("jpeg", None, None)
    assert "file that the microscope wrote" in report.reason
    assert dn.inspect_noise(camera).verdict == "pixelwise"


def test_noise_stronger_than_structure_asks_for_a_wider_view(
    photons: np.ndarray[Any, Any],
) -> None:
    faint = 0.05 * photons + 1
    report = dn.inspect_noise(_camera(faint).astype(np.float32))
    assert _judged(report) == ("pixelwise", "hdn", None)
    assert report.snr < 1


# ------------------------------------------------------------------ notes


def _notes(image: Any) -> str:
    report = dn.inspect_noise(image)
    assert report.verdict == "pixelwise"
    return " ".join(report.notes)


def test_a_good_image_needs_no_note(photons: np.ndarray[Any, Any]) -> None:
    assert _notes(_written(_camera(photons))) == ""


def test_saturation_is_noted_and_kept_out(photons: np.ndarray[Any, Any]) -> None:
    image = _camera(photons)
    top = np.quantile(image, 0.9)
    report = dn.inspect_noise(_written(np.minimum(image * 4095 / top, 4095)))
    assert report.saturation == 4095
    assert report.saturated == pytest.approx(0.1, abs=0.01)
    assert report.mean_variance.slope == pytest.approx(GAIN * 4095 / top, rel=0.25)
    assert "10 % of the pixels are saturated (at 4095)" in " ".join(report.notes)


def test_what_is_cut_off_at_the_bottom_is_noted(photons: np.ndarray[Any, Any]) -> None:
    image = _camera(photons)
    words = _notes(_written(image - np.quantile(image, 0.1)))
    assert "cut off at the lowest value (0)" in words


def test_zeros_of_a_photon_counter_are_no_fault(
    photons: np.ndarray[Any, Any],
) -> None:
    counts = np.random.default_rng(0).poisson(photons / 8).astype(np.uint16)
    assert "count single photons" in _notes(counts)
    assert "cut off" not in _notes(counts)


def test_few_pixels_with_many_grey_values_are_not_taken_for_stretched() -> None:
    image = np.random.default_rng(0).gamma(2, 400, (96, 96)).astype(np.uint16)
    assert "stretched" not in " ".join(dn.inspect_noise(image).notes)


def test_too_few_grey_values_are_noted(photons: np.ndarray[Any, Any]) -> None:
    words = _notes(_written(_camera(photons) / 40, "uint8"))
    assert "too few grey values" in words


def test_a_stretched_histogram_is_noted(photons: np.ndarray[Any, Any]) -> None:
    words = _notes(5 * _written(_camera(photons) / 4))
    assert re.search(r"5 apart.*stretched", words)


def test_hot_pixels_are_counted(photons: np.ndarray[Any, Any]) -> None:
    image = _camera(photons)
    image.ravel()[np.random.default_rng(0).choice(image.size, 20, replace=False)] += 900
    report = dn.inspect_noise(_written(image))
    assert report.hot_pixels == pytest.approx(20 / image.size, rel=0.2)
    assert "hot" in " ".join(report.notes)


# ------------------------------------------------------------------ how it works


@pytest.mark.parametrize("size", [32, 40, 64, 100])
def test_small_images_are_not_condemned_by_chance(size: int) -> None:
    verdicts = [
        dn.inspect_noise(
            np.random.default_rng(seed).poisson(90, (size, size)).astype(np.uint16)
        ).verdict
        for seed in range(8)
    ]
    assert verdicts.count("pixelwise") >= 7


def test_the_report_is_json_and_the_same_every_time(
    photons: np.ndarray[Any, Any],
) -> None:
    image = _written(_camera(photons))
    first, again = (dn.inspect_noise(image).as_dict() for _ in range(2))
    assert json.loads(json.dumps(first)) == first == again
    assert first["mean_variance"].keys() == {"slope", "intercept"}


def test_of_a_huge_stack_only_a_little_is_read() -> None:
    asked = []

    def block(block_info: Any = None) -> np.ndarray[Any, Any]:
        place = block_info[None]["chunk-location"]
        asked.append(place)
        return np.random.default_rng(place).poisson(90, (1, 512, 512)).astype(np.uint16)

    images = da.map_blocks(
        block, chunks=((1,) * 200, (512,) * 8, (512,) * 8), dtype=np.uint16
    )
    report = dn.inspect_noise(images, axes="TYX")
    assert report.verdict == "pixelwise"
    assert len(asked) < 20  # of 12 800


def test_a_megapixel_takes_less_than_a_second() -> None:
    image = np.random.default_rng(0).poisson(90, (1024, 1024)).astype(np.uint16)
    start = time.process_time()
    dn.inspect_noise(image)
    assert time.process_time() - start < 1


BAD = {
    "nan": (np.full((64, 64), np.nan), {}, "NaN"),
    "constant": (np.full((64, 64), 7.0), {}, "constant"),
    "small": (np.arange(900.0).reshape(30, 30), {}, "30x30"),
    "colour": (np.zeros((64, 64, 3), np.uint8), {}, "colour"),
    "channels": (np.ones((2, 2, 64, 64)), {"axes": "TCYX"}, "2 channels.*channel=0"),
    "no noise": (np.add.outer(np.arange(64.0), np.arange(64.0)), {}, "no noise"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_images_get_a_sentence(case: str) -> None:
    image, choices, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        dn.inspect_noise(image, **choices)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("fmd/raw/Confocal_MICE_1.png", "pixelwise"),
        ("fmd/raw/TwoPhoton_MICE_1.png", "pixelwise"),
        ("fmd/raw/WideField_BPAE_G_1.png", "blurred"),
        ("livecells/images/A_0_1.tif", "pixelwise"),
        ("hagen/mito-60x-noise2_low.png", "rows"),
        ("stem/MoS2_HAADF_1024.tif", "rows"),
    ],
)
def test_real_images_are_what_their_readme_says(
    divnoise_data: Path, name: str, verdict: str
) -> None:
    assert dn.inspect_noise(divnoise_data / name).verdict == verdict


@pytest.mark.realdata
def test_the_gain_of_a_real_camera_is_found(divnoise_data: Path) -> None:
    report = dn.inspect_noise(divnoise_data / "convallaria/noisy_1024_uint16.tif")
    assert report.verdict == "pixelwise"
    assert report.mean_variance.slope == pytest.approx(52, rel=0.1)
    assert report.offset == pytest.approx(478, abs=5)


def test_values_too_large_to_be_squared_are_refused() -> None:
    noisy = np.random.default_rng(0).normal(100, 5, (64, 64)) * 1e18
    with pytest.raises(ValueError, match="divide the images by a constant"):
        dn.inspect_noise(noisy)
