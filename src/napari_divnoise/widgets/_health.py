"""How a training is doing, in a sentence a person can act on: no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..training import Progress

COLLAPSED_RATE = 1e-3
"""Nats per pixel below which the latents carry nothing (a working one has 0.05 up)."""
PATIENCE = 0.3
"""Share of the training without a better validation that counts as having arrived."""
WARMUP_STEPS = 400


def health(history: Sequence[Progress]) -> tuple[str, str]:
    """Return a tone ("", "good", "warning") and a sentence, both "" if too early.

    Parameters
    ----------
    history : sequence of Progress
        All reports so far, oldest first.
    """
    if not history or history[-1].step < WARMUP_STEPS:
        return "", ""
    newest = history[-1]
    has_latents = newest.kl_weight > 0
    if has_latents and newest.rate < COLLAPSED_RATE:
        return (
            "warning",
            "The samples are going to be identical: the latents carry nothing (rate "
            f"{newest.rate:.1g} nats per pixel). Stop, and train with a smaller weight "
            "of the rate.",
        )
    if newest.n_skipped > 0.01 * newest.step:
        return (
            "warning",
            f"{newest.n_skipped} of {newest.step} steps were skipped because numbers "
            "overflowed. Look for extreme pixels, or lower the learning rate.",
        )
    idle = _share_without_progress(history)
    if idle > PATIENCE:
        return (
            "good",
            f"No better validation for {100 * idle:.0f} % of the training: you can "
            "stop now, the best network is kept.",
        )
    if not has_latents:
        return "good", "Healthy: the loss falls."
    return "good", "Healthy: the loss falls and the latents are in use."


def _share_without_progress(history: Sequence[Progress]) -> float:
    """Return how much of the training lies behind the best validation."""
    best, best_at = float("inf"), history[-1].fraction
    for progress in history:
        loss = progress.validation_loss
        if loss is not None and loss < best - 1e-3:
            best, best_at = loss, progress.fraction
    return history[-1].fraction - best_at
