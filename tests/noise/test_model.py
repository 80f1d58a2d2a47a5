"""What every noise model promises, whatever its kind."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from napari_divnoise.noise import (
    GaussianNoiseModel,
    HistogramNoiseModel,
    MixtureNoiseModel,
    NoiseModel,
    valid_mask,
)

# Offsets, log-variances and shares of a skewed, signal-dependent noise.
WEIGHT = [
    [-6.0, -20.0],
    [1.0, 5.0],
    [9.0, 30.0],
    [2.5, 5.0],
    [3.5, 6.0],
    [4.0, 6.5],
    [0.3, 1.0],
    [1.0, 0.0],
    [-0.5, -1.0],
]


def histogram() -> HistogramNoiseModel:
    """Return a table of triangles that widen with the signal."""
    rows = 102 + 4 * np.arange(200)
    columns = -297 + 2 * np.arange(800)
    half_width = 20 + 0.1 * rows[:, None]
    density = np.maximum(1 - np.abs(columns - rows[:, None]) / half_width, 0)
    density /= 2 * density.sum(1, keepdims=True)
    return HistogramNoiseModel(density, (100.0, 900.0), (-298.0, 1302.0), tol=1e-12)


MODELS = {
    "mixture": MixtureNoiseModel(WEIGHT, 100.0, 900.0, min_sigma=4.0, tol=0.0),
    "gaussian": GaussianNoiseModel(2.0, -150.0, 9.0, (100.0, 900.0)),
    "histogram": histogram(),
}
EXTREME = np.array([0, 1e-30, 1, -1e4, 1e4, 65535, 1e10, -1e10, 3e38, -3e38])


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> NoiseModel:
    return MODELS[request.param]


def moments(model: NoiseModel, signal: float) -> tuple[float, float, float]:
    """Integral, mean and variance of the density, by summing it finely."""
    # Not on the edges of bins, where a table steps.
    x = signal - 1500 + 0.1 * (np.arange(30_000) + 0.5)
    p = np.exp(model.log_prob(observation=x, signal=np.float64(signal))).astype(float)
    p *= x[1] - x[0]
    mean = (p * x).sum()
    return p.sum(), mean, (p * (x - mean) ** 2).sum()


def test_is_a_noise_model(model: NoiseModel) -> None:
    assert isinstance(model, NoiseModel)


@pytest.mark.parametrize("signal", [80.0, 100.0, 333.0, 900.0, 1000.0])
def test_density_has_the_stated_moments(model: NoiseModel, signal: float) -> None:
    total, mean, variance = moments(model, signal)
    assert total == pytest.approx(1, abs=1e-4)
    assert mean == pytest.approx(model.mean(np.array(signal)), abs=0.02)
    assert variance == pytest.approx(model.variance(np.array(signal)), rel=1e-3)


def test_mean_observation_is_the_signal(model: NoiseModel) -> None:
    signal = np.array([50.0, 100.0, 500.0], np.float32)
    # A table says nothing beyond its rows.
    known = signal[2:] if model.kind == "histogram" else signal
    np.testing.assert_allclose(model.mean(known), known, rtol=1e-6)


@pytest.mark.parametrize("signal", [150.0, 700.0])
def test_samples_have_the_stated_moments(model: NoiseModel, signal: float) -> None:
    n = 60_000
    x = model.sample(np.full(n, signal), seed=3).astype(float)
    variance = float(model.variance(np.array(signal)))
    assert x.mean() == pytest.approx(signal, abs=4 * np.sqrt(variance / n))
    assert x.var() == pytest.approx(variance, rel=0.04)


def test_same_seed_same_sample(model: NoiseModel) -> None:
    signal = np.full((200, 400), 200.0)
    first = model.sample(signal, seed=1)
    np.testing.assert_array_equal(first, model.sample(signal, seed=1))
    assert (first != model.sample(signal, seed=2)).mean() > 0.99
    # Also where the image is worked on in pieces, no piece repeats another.
    assert np.unique(first).size > 0.9 * first.size


def test_sampling_leaves_the_random_state_alone(model: NoiseModel) -> None:
    before = torch.get_rng_state()
    model.sample(np.full(10, 200.0))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("std", [0.01, 1.0, 250.0])
def test_normalized_model_is_the_same_in_other_units(
    model: NoiseModel, std: float
) -> None:
    mean = 321.0
    normalized = model.normalized(mean, std)
    rng = np.random.default_rng(0)
    s = rng.uniform(50, 1000, 500)
    x = s + 30 * rng.standard_normal(500)
    expected = model.log_prob(observation=x, signal=s) + np.log(std)
    found = normalized.log_prob(observation=(x - mean) / std, signal=(s - mean) / std)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    variance = normalized.variance((s - mean) / std)
    np.testing.assert_allclose(variance * std**2, model.variance(s), rtol=1e-3)
    ends = np.array(normalized.signal_range) * std + mean
    np.testing.assert_allclose(ends, model.signal_range, rtol=1e-5)


@pytest.mark.parametrize(("mean", "std"), [(0, 0), (0, -1), (np.nan, 1), (0, np.inf)])
def test_normalization_that_is_none_is_refused(
    model: NoiseModel, mean: float, std: float
) -> None:
    with pytest.raises(ValueError, match="std above 0, got mean="):
        model.normalized(mean, std)


@pytest.mark.parametrize("units", ["camera", "network"])
def test_any_finite_input_gives_a_finite_output(model: NoiseModel, units: str) -> None:
    if units == "network":
        model = model.normalized(300.0, 120.0)
    x = torch.tensor(EXTREME, dtype=torch.float32)[:, None].requires_grad_()
    s = torch.tensor(EXTREME, dtype=torch.float32)[None, :].requires_grad_()
    log_prob = model.log_prob(observation=x, signal=s)
    log_prob.sum().backward()
    for values in (log_prob, x.grad, s.grad, model.variance(s), model.sample(s)):
        assert values is not None
        assert torch.isfinite(values).all()


def test_numpy_and_torch_agree(model: NoiseModel) -> None:
    s = np.linspace(50, 1000, 60, dtype=np.float32).reshape(3, 4, 5)
    x = s + 7
    found = model.log_prob(observation=x, signal=s)
    tensor = model.log_prob(observation=torch.tensor(x), signal=torch.tensor(s))
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    assert tensor.dtype == torch.float32
    np.testing.assert_allclose(found, tensor.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float64])
def test_any_dtype_and_broadcasting(model: NoiseModel, dtype: type) -> None:
    signal = np.arange(100, 112, dtype=dtype).reshape(3, 4)
    frames = np.stack([signal, signal + 3])
    kept = frames.copy()
    found = model.log_prob(observation=frames, signal=signal)
    assert found.shape == (2, 3, 4)
    assert found.dtype == np.float32
    one = model.log_prob(observation=frames[1, 2, 3], signal=signal[2, 3])
    assert found[1, 2, 3] == pytest.approx(float(one), rel=1e-6)
    np.testing.assert_array_equal(frames, kept)


def test_large_images_are_worked_on_in_blocks_that_do_not_show(
    model: NoiseModel,
) -> None:
    rng = np.random.default_rng(1)
    signal = rng.uniform(100, 900, (1, 41, 1203))
    frames = signal[:, ::-1, ::-1] + rng.standard_normal((2, 41, 1203))
    found = model.log_prob(observation=frames[:, :, ::-1], signal=signal)
    rows = [
        model.log_prob(observation=frames[:, y, ::-1], signal=signal[:, y])
        for y in range(41)
    ]
    np.testing.assert_allclose(found, np.stack(rows, 1), rtol=1e-5, atol=1e-5)


def test_half_precision_is_cast_up(model: NoiseModel) -> None:
    normalized = model.normalized(300.0, 200.0)
    s = torch.linspace(-1, 3, 50).bfloat16()
    x = (s + 0.25).bfloat16()
    expected = normalized.log_prob(observation=x.float(), signal=s.float())
    with torch.autocast("cpu", torch.bfloat16):
        found = normalized.log_prob(observation=x, signal=s)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


def test_gradients_are_those_of_finite_differences(model: NoiseModel) -> None:
    s = torch.linspace(60, 1000, 40)
    x = s + torch.linspace(-30, 40, 40)
    # A table is flat within each bin of the observation, and steps between them.
    steps = {"signal": 0.5, "observation": 0.5}
    if model.kind == "histogram":
        x = x.round() + 1.1
        steps = {"signal": 0.02, "observation": 0.02}
    for name, step in steps.items():
        values = {"signal": s.clone(), "observation": x.clone()}
        values[name].requires_grad_()
        model.log_prob(**values).sum().backward()
        gradient = values[name].grad
        ends = [
            model.log_prob(**{**values, name: values[name].detach() + sign * step})
            for sign in (-1, 1)
        ]
        slope = (ends[1] - ends[0]).detach() / (2 * step)
        # The floor of the variance has a corner, at which the two may differ.
        close = torch.isclose(gradient, slope, rtol=0.02, atol=1e-3)
        assert close.float().mean() > 0.95


def test_deep_copies_and_devices(model: NoiseModel) -> None:
    assert model.to("cpu") is model
    assert str(model.signal_range[0].__class__.__name__) == "float"
    assert "100 to 900" in model.describe()


@pytest.mark.gpu
def test_gpu_agrees_with_cpu(model: NoiseModel) -> None:
    other = model.normalized(0.0, 1.0).to("cuda")
    s = torch.linspace(60, 1000, 1000)
    x = s + 10
    found = other.log_prob(observation=x.cuda(), signal=s.cuda())
    expected = model.log_prob(observation=x, signal=s)
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        other.sample(s.cuda(), seed=2).cpu(),
        model.sample(s, seed=2),
        rtol=1e-4,
        atol=0.1,
    )


@pytest.mark.parametrize("as_tensor", [False, True])
def test_valid_range_moves_with_the_units(model: NoiseModel, as_tensor: bool) -> None:
    assert model.valid_range == (-np.inf, np.inf)
    assert "valid_range" not in model.as_arrays()
    clipped = copy.copy(model)
    clipped.valid_range = (0.5, 65534.5)
    normalized = clipped.normalized(1234.0, 321.0)
    np.testing.assert_allclose(clipped.as_arrays()["valid_range"], (0.5, 65534.5))
    x = np.array([[0, 1, 300], [65534, 65535, 70000]], np.float32)
    expected = [[False, True, True], [True, False, False]]
    for noise_model, values in ((clipped, x), (normalized, (x - 1234) / 321)):
        mask = valid_mask(noise_model, torch.tensor(values) if as_tensor else values)
        assert isinstance(mask, torch.Tensor if as_tensor else np.ndarray)
        np.testing.assert_array_equal(np.asarray(mask), expected)
    # The density itself takes no notice.
    pixels = {"observation": x, "signal": x}
    np.testing.assert_array_equal(clipped.log_prob(**pixels), model.log_prob(**pixels))
