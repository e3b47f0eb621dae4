"""What the benchmark of the training step compares: a whole step, and its encoder's work on as many pictures."""
import numpy as np

from benchmarks import train_step
from morph3d.encoders.base import Encoder


def test_step_and_encoder_see_the_same_number_of_pictures(tiny_model, tiny_encoder):
    seen = []

    def network(images):
        seen.append(images)
        return tiny_encoder.network(images)

    encoder = Encoder("counting", 32, tiny_encoder.template, network)
    encoder._encode = encoder._encoding  # untraced, so that each call is seen
    step, encoder_alone = train_step.hybrid_step(tiny_model, encoder, drawn=2)
    del seen[:]
    assert np.isfinite(step()) and np.isfinite(encoder_alone())
    assert [images.shape[0] for images in seen] == [6, 6]
