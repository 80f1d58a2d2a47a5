"""The methods in words, and which of them is nearest to what the noise asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..training import METHODS as KNOWN

if TYPE_CHECKING:
    from ..images import NoiseReport

_NAMES = {
    "divnoising": "DivNoising",
    "pn2v": "PN2V",
    "n2v": "N2V",
    "vae": "VAE baseline",
}
METHODS = {name: _NAMES.get(name, name) for name in (*_NAMES, *KNOWN) if name in KNOWN}
"""Every method that this version trains, and its name for people."""

METHOD_WORDS = {
    "divnoising": "Draws clean images that your noise model can explain. The good "
    "choice for noise that is independent from pixel to pixel.",
    "pn2v": "Predicts every pixel from its neighbours and weighs that with the noise "
    "model. Learns quickly; its samples differ pixel by pixel, not in what they show.",
    "n2v": "Predicts every pixel from its neighbours, without a noise model: one "
    "denoised image, soon, but no samples and no uncertainty.",
    "vae": "The plain network of the paper, which guesses a variance per pixel and "
    "needs no noise model: a baseline to compare with.",
}
_OTHER_NAMES = {"hdn": "HDN", "hdn36": "HDN36", "cosdd": "COSDD"}
FALLBACK = "divnoising"

# What the nearest method of this version does with noise that asks for another one.
_SHORTCOMINGS = {
    "hdn": "{nearest} is the nearest here: it works on such noise, but sees only a "
    "small neighbourhood, so that faint structure may be lost or samples differ a lot.",
    "hdn36": "{nearest} is the nearest here: it will keep the pattern as if it were "
    "structure, and do so with confidence.",
    "cosdd": "{nearest} is the nearest here: it will keep the stripes as if they were "
    "structure, and do so with confidence.",
    None: "Whatever is trained on these images will keep the noise as if it were "
    "structure, and do so with confidence.",
}


def method_for(report: NoiseReport | None) -> str:
    """Return the method of this version that is nearest to what the noise asks for."""
    wanted = None if report is None else report.recommended_method
    return wanted if wanted in METHODS else FALLBACK


def words_of_auto(report: NoiseReport | None) -> tuple[str, str]:
    """Say what was chosen for the noise and why, and in which tone."""
    if report is None:
        return f"The noise decides; {METHODS[FALLBACK]} until it is known.", "quiet"
    wanted, nearest = report.recommended_method, METHODS[method_for(report)]
    if wanted in METHODS:
        return f"{nearest}: {METHOD_WORDS[wanted]}", "quiet"
    shortcoming = _SHORTCOMINGS[wanted].format(nearest=nearest)
    if wanted is None:
        return f"No method fits. {shortcoming}", "bad"
    name = _OTHER_NAMES.get(wanted, wanted)
    return f"{name} would fit; this version does not have it. {shortcoming}", "warning"


def words_of_choice(method: str, report: NoiseReport | None) -> tuple[str, str]:
    """Say what a method does, and why the noise asks for another one, if it does."""
    words = METHOD_WORDS.get(method, "")
    if report is None or report.recommended_method == method:
        return words, "quiet"
    wanted = report.recommended_method
    if wanted is None:
        return f"{words}\nAuto: no method fits. {report.reason}", "warning"
    name = METHODS.get(wanted) or _OTHER_NAMES.get(wanted, wanted)
    return f"{words}\nAuto disagrees, {name} would fit: {report.reason}", "warning"
