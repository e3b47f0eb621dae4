"""Trains a reconstructor on a folder of photographs, with a tenth of the usual steps, and exports it.

    python examples/train_on_photos.py PHOTOS [OUTPUT] [MODEL]
"""
import sys

import morph3d


def main(photos, output="runs/example", model="embedded", steps=250, batch=128):
    config = morph3d.TrainingConfig(
        photos, output, morphable_model=model, synthetic=morph3d.SyntheticStage(faces=24 * steps, steps=steps),
        hybrid=morph3d.HybridStage(steps=steps, photo_batch=batch, drawn_photos=min(batch, 12)))
    run = morph3d.train(config)
    run.reconstructor().save(run.folder / "saved_model")


if __name__ == "__main__":
    main(*sys.argv[1:])
