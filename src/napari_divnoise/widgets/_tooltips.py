"""What a control is for, in one sentence each; tests hold every control to this."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

TOOLTIPS: dict[str, str] = {
    # the frame of the dock
    "page.data": "Which noisy images?",
    "page.noise": "How does your camera make noise?",
    "page.train": "Train a network on these images.",
    "page.denoise": "Draw clean images, their mean and where they disagree.",
    "frame.back": "Go to the page before.",
    "frame.next": "Go to the next page.",
    "frame.help": "Open the documentation in a browser.",
    "status.pause": "Pause the training; nothing is lost.",
    "status.stop": "Stop what is running; what is there is kept.",
    "problem.copy": "Copy the technical details, for a report.",
    "problem.close": "Hide this message.",
    # Data
    "data.source.layers": "Use layers that are open in napari.",
    "data.source.files": "Use files or a folder, also too big to open.",
    "data.layers": "Tick images, or drag layers here from the layer list. All must "
    "show the same kind of sample on the same microscope.",
    "data.layer": "Train on this image.",
    "data.path": "A file, a folder or a pattern with *: TIFF, PNG or OME-Zarr.",
    "data.browse_file": "Choose a file.",
    "data.browse_folder": "Choose a folder: all images in it are used.",
    "data.axes": "What does this dimension mean? Its size stands below.",
    "data.write_axes": "Write these meanings into the layer as its axis labels.",
    "data.channel": "One model per channel: noise differs from detector to detector.",
    "data.region": "Train on a part only: what the window shows, or a drawn shape.",
    "data.method": "How to denoise. Auto takes what fits the noise that the check "
    "found.",
    "check.variance": "Noise variance of calm places against their brightness; its "
    "slope is the gain of the camera.",
    "check.neighbours": "How alike the noise of a pixel and of its neighbours is; the "
    "middle is the pixel itself.",
    "check.denoise": "Open the DivNoise dock with this image chosen.",
    # Noise
    "noise.way": "Where the noise model comes from: what the camera makes of a signal.",
    "noise.settings": "Show the settings of this source again.",
    "noise.max_minutes": "How long the first denoising may be trained; half a minute "
    "is enough for most images.",
    "noise.library": "Noise models of your cameras; click one to use it.",
    "noise.delete": "Delete this noise model from the library.",
    "noise.delete.yes": "Delete it for good.",
    "noise.delete.no": "Keep it.",
    "noise.frames": "A film of something that does not move, or one frame out of "
    "focus.",
    "noise.observation": "The noisy image, or a stack of them.",
    "noise.signal": "The same place, denoised or without noise, in the same grey "
    "values.",
    "noise.signal_is.denoised": "By a program: its darkest and brightest 0.5 % are "
    "left out, where a denoising is least sure.",
    "noise.signal_is.clean": "Measured, as the average of many exposures.",
    "noise.kind.mixture": "Several Gaussians whose place and width follow the signal: "
    "fits almost any camera.",
    "noise.kind.histogram": "Counts themselves, smoothed along the signal: any shape, "
    "but it needs many pixels.",
    "noise.kind.gaussian": "One Gaussian whose variance grows with the signal.",
    "noise.n_components": "Gaussians of the mixture; 3 is enough for most cameras.",
    "noise.n_coefficients": "Coefficients of each curve over the signal; 2 is a line.",
    "noise.min_std": "Smallest standard deviation of a Gaussian, in grey values; auto "
    "takes it from the data.",
    "noise.n_bins": "Bins of the histogram, along signal and observation.",
    "noise.seed": "Start of the fit's random numbers.",
    "noise.path": "A noise model, saved here or by the published tools (.npz, .npy).",
    "noise.browse": "Choose a noise-model file.",
    "noise.slope": "Increase of the variance with the signal: the gain in grey values "
    "per photon.",
    "noise.intercept": "Variance at signal 0; negative where the camera has an offset.",
    "noise.smallest": "Smallest standard deviation: the read noise, in grey values.",
    "noise.fit": "Make the noise model while you watch; you can stop at any time.",
    "noise.keep_best": "Stop now, and take the best noise model so far.",
    "noise.cancel": "Stop now, and forget what was made.",
    "noise.accept": "Use this noise model all the same.",
    "noise.save": "Save the noise model as a file, for another computer.",
    "noise.save_to_library": "Keep the noise model for this camera: it is offered when "
    "new images look alike.",
    "noise.name": "A name for this camera and its mode.",
    "noise.camera": "Which camera or detector; may stay empty.",
    "noise.gain": "Its gain, readout mode or voltage; may stay empty.",
    "noise.note": "Anything worth knowing, such as objective and exposure.",
    "noise.keep": "Put the noise model into the library.",
    "noise.replace": "Replace the noise model of that name.",
    "noise.keep.cancel": "Do not save.",
    "noise.offer.yes": "Take this noise model from the library.",
    "noise.offer.no": "Hide this line.",
    "noise.view.observed": "What was observed at each signal.",
    "noise.view.noise": "What the camera added: observed minus signal.",
    "noise.fit_plot": "Loss of the first denoising, and nats per pixel of the noise "
    "model: lower is better.",
    "noise.pairs_plot": "How often each observation occurs at each signal (log scale), "
    "with the model's mean and two standard deviations over it.",
    "noise.density_plot": "What was observed at the signal of the line, and the model.",
    "noise.coverage": "How often each intensity occurs in your images; red where the "
    "noise model was not measured.",
    # Train
    "train.preset.quick": "A first look, in a few minutes.",
    "train.preset.standard": "Good for most images.",
    "train.preset.best": "When it may take an hour.",
    "train.preset.paper": "The published schedule: many hours, better on a GPU.",
    "train.run_name": "Name of the folder that keeps settings, curve and model.",
    "train.device": "Where to train; auto takes the graphics card if there is one.",
    "train.previews": "A layer whose epoch slider walks through the training.",
    "train.start": "Train in a process of its own; napari stays free.",
    "train.resume": "Go on with this run where it stopped.",
    "train.pause": "Let the training wait; nothing is lost.",
    "train.stop": "Stop early; you are asked whether to keep the model.",
    "train.attach": "Show the training that is still running.",
    "train.quantity.loss": "Distortion and rate together; dots are the validation.",
    "train.quantity.distortion": "How badly the clean images explain the noisy ones.",
    "train.quantity.rate": "How much the latents carry; near 0 all samples are alike.",
    "train.denoise": "Use the network now.",
    "train.use": "Take the network as it is now; the training goes on.",
    "train.preview": "Put the layer with the preview back into the viewer.",
    "train.save": "Save the network with its noise model as one file.",
    "train.refit": "Fit the noise model to what the network denoised, and compare; the "
    "network stays as it is.",
    "train.refit.cancel": "Stop; the noise model stays as it is.",
    "train.refit.use": "Take the new noise model for the next training.",
    "training.n_steps": "Updates of the network's weights.",
    "training.max_minutes": "Stop by then; the learning rate still falls to its end.",
    "training.patch_size": "Edge of the pieces that are cut at random.",
    "training.batch_size": "Pieces in one step; halved by itself if memory runs out.",
    "training.learning_rate": "Highest learning rate; it falls to 0 at the end.",
    "training.mask_share": "Share of the pixels that a step hides from the network and "
    "asks it for; one in 36 is usual.",
    "training.n_pixel_samples": "Signals that the network names for each pixel; the "
    "noise model weighs them.",
    "training.kl_weight": "Above 1: smoother, more varied samples; below: closer to "
    "the noisy image.",
    "training.depth": "Poolings of the network; 2 suits most images.",
    "training.n_filters": "Filters at full resolution: more are slower and learn more.",
    "training.z_channels": "Latent numbers for each latent pixel.",
    "training.min_noise_std": "With a noise model that is learned: its smallest "
    "standard deviation, in grey values.",
    "training.augment": "Show pieces turned and mirrored too.",
    "training.validation_fraction": "A block of the image that is kept apart, so that "
    "you can see overfitting.",
    "training.precision": "Of the convolutions; auto measures what is fast here.",
    "training.seed": "Same seed, machine and settings: same model; not on Apple's GPU.",
    # Denoise
    "denoise.browse": "Open a model from a .divnoise file.",
    "denoise.region": "Try the current view first: it takes seconds.",
    "denoise.n_samples": "Samples behind mean and standard deviation; 100 are enough "
    "for a mean.",
    "denoise.seed": "Another seed gives other samples; the same gives the same.",
    "denoise.mean": "The mean of the samples: the best single picture.",
    "denoise.std": "The standard deviation of the samples: where the answer is unsure.",
    "denoise.samples": "A slider through the samples: each is an image that could be.",
    "denoise.quantiles": "Between these two lie nine in ten samples, pixel by pixel.",
    "denoise.no_posterior": "N2V gives one picture and no samples: for these train "
    "with DivNoising or PN2V.",
    "denoise.check": "Draw 20 samples, make them noisy again, and compare.",
    "denoise.check.cancel": "Stop the check.",
    "denoise.ranks": "Where your pixels stand among simulated ones; flat, at the "
    "dashed line, if the noise is as the noise model says.",
    "denoise.run": "Draw samples; the layers sharpen as they come.",
    "denoise.cancel": "Stop drawing; the layers keep what was drawn.",
    "denoise.show.mean": "Show the mean on top.",
    "denoise.show.std": "Show the standard deviation on top.",
    "denoise.show.samples": "Show the samples on top; the slider walks through them.",
    "denoise.show.noisy": "Hide the results.",
    "denoise.compare": "Noisy image and results in one grid; once more puts all back.",
}


def tip(widget: QWidget, key: str) -> None:
    """Give `widget` the sentence of `key`, for the mouse and for screen readers.

    Raises
    ------
    KeyError
        If the table has no such key.
    """
    if key not in TOOLTIPS:
        raise KeyError(f"no tooltip {key!r}: add a sentence to TOOLTIPS")
    widget.setToolTip(TOOLTIPS[key])
    widget.setStatusTip(TOOLTIPS[key])
    widget.setAccessibleDescription(TOOLTIPS[key])
