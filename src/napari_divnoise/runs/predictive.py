"""Is what is left over noise? Samples are made noisy again and compared with the image.

A posterior predictive check (Gelman, Meng & Stern, 1996): if network and noise model
are right, an observation that is simulated from a posterior sample looks like the one
that was made, and so does what is left over when the sample is taken away.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..noise import grey_step, valid_mask
from ..summaries import autocorrelation, line_ratios, rank_histogram
from .model import one_channel, open_image
from .verdicts import Measured, grade_of, verdict_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from ..noise import NoiseModel
    from .model import Model
    from .posterior import Posterior

N_SAMPLES = 20
N_BINS = 20
MOST_PIXELS = 1 << 19
MOST_PLANES = 4
LARGEST_EDGE = 512


@dataclass(frozen=True, slots=True, eq=False)
class PredictiveCheck:
    """What `predictive_check` found.

    Attributes
    ----------
    n_samples : int
        Posterior samples that were made noisy again.
    pit_counts : ndarray, shape (20,)
        Histogram of the probability integral transform: share of the pixels by where
        they stand among the simulated observations. All are 0.05 if the noise is as
        stated.
    spread : float
        Variance of what is left over, relative to what the noise model states: 1.
    autocorrelation : ndarray, shape (7, 7)
        Of what is left over, in standard deviations of the noise; ``[3 + dy, 3 + dx]``.
        Zero but for the middle.
    row_ratio, column_ratio : float
        Variance of the means of its rows (columns), relative to independent noise: 1.
    p_values : dict of str to float
        ``"pit"``, ``"spread"``, ``"neighbours"``, ``"rows"``, ``"columns"``: share of
        the simulated observations that are at least as far off. No smaller than one
        over ``n_samples + 1``. The samples have seen the image, so that the numbers
        are on the lenient side.
    grade : str
        ``"good"``, ``"fair"`` or ``"poor"``.
    verdict : str
        What a person should know, in one or two sentences.
    """

    n_samples: int
    pit_counts: NDArray[np.float64]
    spread: float
    autocorrelation: NDArray[np.float64]
    row_ratio: float
    column_ratio: float
    p_values: dict[str, float]
    grade: Literal["good", "fair", "poor"]
    verdict: str

    @property
    def pit_p_value(self) -> float:
        """The share of ``p_values`` that belongs to `pit_counts`."""
        return self.p_values["pit"]

    def as_dict(self) -> dict[str, Any]:
        """Return plain numbers and words, for JSON."""
        plain = asdict(self)
        for name in ("pit_counts", "autocorrelation"):
            plain[name] = np.asarray(plain[name]).tolist()
        return plain


def predictive_check(model: Model, image: Any, **choices: Any) -> PredictiveCheck:
    """Compare an image with observations that are simulated from its samples.

    Parameters
    ----------
    model : Model
        With a noise model and a posterior: DivNoising or PN2V, for two.
    image : array, path or ImageStack
        What `Model.posterior` takes; camera units. Of large images the middle is
        looked at, 512 x 512 pixels of at most four images.
    n_samples : int
        How many samples are made noisy again, at least 4; 20 by default.
    seed : int
        Of the samples and of the noise.
    device, axes, channel
        As for `Model.posterior`.

    Raises
    ------
    ValueError
        If the model has no noise model or no posterior, or the image is unfit.
    """
    steps = checking_predictions(model, image, **choices)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            check: PredictiveCheck = end.value
            return check


def checking_predictions(
    model: Model,
    image: Any,
    *,
    n_samples: int = N_SAMPLES,
    seed: int = 0,
    device: str = "auto",
    axes: str | None = None,
    channel: int | str | None = None,
) -> Generator[float, None, PredictiveCheck]:
    """Do the work of `predictive_check`, and yield the share that is done, 0 to 1."""
    noise_model = _stated(model)
    if n_samples < 4:
        raise ValueError(
            f"n_samples must be at least 4, got {n_samples}: 20 tell chance from fault"
        )
    stack = open_image(image, axes=axes, channel=channel)
    part = _Part.of(stack, model.posterior(stack, seed=seed, device=device))
    known = np.asarray(valid_mask(noise_model, part.observed))
    found: list[tuple[Measured, Measured]] = []
    replicates = []
    for number in range(n_samples):
        signal = part.sample(number)
        again = noise_model.sample(signal, seed=_noise_seed(seed, number))
        found.append(
            (
                _measure(noise_model, part.observed, signal, known),
                _measure(noise_model, again, signal, known),
            )
        )
        replicates.append(np.asarray(again)[known])
        yield 0.9 * (number + 1) / n_samples
    observed = _without_steps(part.observed, seed)[known]
    pit, p_pit = _ranked(observed, np.stack(replicates), seed)
    seen = Measured.mean([real for real, _ in found])
    simulated = Measured.mean([replicate for _, replicate in found])
    return PredictiveCheck(
        n_samples=n_samples,
        pit_counts=pit,
        spread=seen.spread,
        autocorrelation=seen.autocorrelation,
        row_ratio=seen.row_ratio,
        column_ratio=seen.column_ratio,
        p_values={"pit": p_pit, **_p_values(found)},
        grade=grade_of(seen, simulated, pit),
        verdict=verdict_of(seen, simulated, pit),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The part of the images that is looked at, and samples of the same part."""

    observed: NDArray[np.float32]
    posterior: Posterior
    planes: Sequence[int] | None
    region: tuple[slice, slice]

    @classmethod
    def of(cls, stack: Any, posterior: Posterior) -> _Part:
        pixels = one_channel(stack)
        n_images, n_rows, n_columns = (int(n) for n in pixels.shape)
        region = _middle(n_rows), _middle(n_columns)
        area = (region[0].stop - region[0].start) * (region[1].stop - region[1].start)
        most = min(n_images, MOST_PLANES, max(MOST_PIXELS // area, 1))
        planes = np.linspace(0, n_images - 1, most).astype(int).tolist()
        observed = np.stack([np.asarray(pixels[n][region]) for n in planes])
        if not np.isfinite(observed).all():
            raise ValueError(
                "the image holds NaN or infinity: replace those pixels first, for "
                "example with numpy.nan_to_num"
            )
        is_single = len(posterior.shape) == 2
        return cls(
            observed.astype(np.float32),
            posterior,
            None if is_single else planes,
            region,
        )

    def sample(self, number: int) -> NDArray[np.float32]:
        """Return the same part of sample `number`, ``(N, Y, X)``."""
        drawn = self.posterior.samples([number], planes=self.planes, region=self.region)
        sample: NDArray[np.float32] = drawn.reshape(self.observed.shape)
        return sample


def _middle(length: int) -> slice:
    start = max((length - LARGEST_EDGE) // 2, 0)
    return slice(start, min(start + LARGEST_EDGE, length))


def _stated(model: Model) -> NoiseModel:
    if model.noise_model is None:
        raise ValueError(
            f"a model of method {model.config.method!r} states no noise model, so that "
            "there is nothing to check the noise against: train divnoising or pn2v"
        )
    return model.noise_model


def _noise_seed(seed: int, number: int) -> int:
    # Far from the seeds of the samples, so that noise and latents share no numbers.
    return int(np.random.SeedSequence([seed, number, 0x5EED]).generate_state(1)[0])


def _measure(
    noise_model: NoiseModel,
    observed: NDArray[np.float32],
    signal: NDArray[np.float32],
    known: NDArray[np.bool_],
) -> Measured:
    """Measure what is left over, in standard deviations of the noise."""
    residual = (observed - noise_model.mean(signal)) / np.sqrt(
        noise_model.variance(signal)
    )
    residual = np.where(known, residual, np.nan)
    rows, columns = line_ratios(residual)
    return Measured(
        spread=float(np.nanmean(residual**2)),
        autocorrelation=autocorrelation(residual),
        row_ratio=rows,
        column_ratio=columns,
    )


def _without_steps(observed: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Spread grey values evenly over their step, as the noise model's density does."""
    step = grey_step(observed.ravel())
    rng = np.random.default_rng([seed, 1])
    spread = rng.random(observed.shape, dtype=np.float32) - np.float32(0.5)
    return observed + np.float32(step) * spread


def _ranked(
    observed: NDArray[np.float32], replicates: NDArray[np.float32], seed: int
) -> tuple[NDArray[np.float64], float]:
    """Return the histogram of ranks, and how many replicates are ranked as oddly."""
    pit = rank_histogram(observed, replicates, n_bins=N_BINS, seed=seed)
    off = _deviation(pit)
    n_odd = 0
    for k, replicate in enumerate(replicates):
        others = np.concatenate(
            [replicates[:k], replicates[k + 1 :], observed[np.newaxis]]
        )
        ranks = rank_histogram(replicate, others, n_bins=N_BINS, seed=seed)
        n_odd += _deviation(ranks) >= off
    return pit, (n_odd + 1) / (len(replicates) + 1)


def _deviation(pit: NDArray[np.float64]) -> float:
    return float(np.abs(pit - 1 / pit.size).max())


def _p_values(found: Sequence[tuple[Measured, Measured]]) -> dict[str, float]:
    """Return the share of samples whose simulated image is at least as far off."""
    names = ("spread", "neighbours", "rows", "columns")

    def share(name: str) -> float:
        odd = sum(again.off(name) >= real.off(name) for real, again in found)
        return (odd + 1) / (len(found) + 1)

    return {name: share(name) for name in names}
