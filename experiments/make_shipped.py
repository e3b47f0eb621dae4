"""The file of the network that comes with the project, made of a training run.

    python -m experiments.make_shipped --run=runs/shipped

BUILD_NOTES.md says how that run was made. The file goes into the package, where `morph3d-reconstruct` finds it.
"""
import pathlib

from absl import app, flags

from morph3d.inference import shipped
from morph3d.training.run import Run

_RUN = flags.DEFINE_string("run", None, "Folder of the training run.", required=True)
_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "The checkpoint; by default the newest.")
_OUTPUT = flags.DEFINE_string("output", None, "Where to write the file instead of into the package.")


def main(_):
    run, path = Run(_RUN.value), shipped.PATH if _OUTPUT.value is None else pathlib.Path(_OUTPUT.value)
    made_with = {name: getattr(run.config, name) for name in shipped.MADE_WITH}
    shipped.write(run.decoder(_CHECKPOINT.value), made_with, [run.encoder.fingerprint, run.model.fingerprint], path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    app.run(main)
