"""The trained network that comes with the project: its decoder in a file, for the encoder and the model it was trained with.

Both come with packages: the encoder's weights with one of their own, the embedded morphable model with this one.
"""
import concurrent.futures
import pathlib
import zipfile
import zlib

import numpy as np

from morph3d import decoder, morphable
from morph3d.atomic_files import replacing
from morph3d.encoders import registry
from morph3d.inference.export import ReconstructionNetwork

NAME = "shipped"
PATH = pathlib.Path(__file__).with_suffix(".npz")
MADE_WITH = "encoder", "color_features", "morphable_model"  # as registry.load and morphable.load take them
REMEDY = "install morph3d again, or make the file anew: python -m experiments.make_shipped"


def write(network, made_with, fingerprints, path=PATH):
    """Writes the file; matrices are stored in halves, which have three digits.

    Args:
      network: the decoder, as decoder.build gives it with the layers it has by default.
      made_with: {name of MADE_WITH: value}.
      fingerprints: those of the encoder and of the morphable model.
      path: of the file.
    """
    arrays = {variable.path: np.asarray(variable, np.float16 if len(variable.shape) == 2 else np.float32)
              for variable in network.variables}
    with replacing(path) as beside, open(beside, "wb") as file:
        np.savez_compressed(file, **arrays, fingerprints=np.array(fingerprints),
                            **{name: np.array(made_with[name]) for name in MADE_WITH})


def load(path=PATH):
    """The ReconstructionNetwork of the file.

    Raises:
      ValueError: the file is missing or damaged; the installed encoder or morphable model is another than it was trained with.
    """
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file}
        encoder_spec, color_features, model_name = (arrays.pop(name).item() for name in MADE_WITH)
        fingerprints = arrays.pop("fingerprints").tolist()
    except (OSError, KeyError, ValueError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: found no trained network ({error}), expected the file that comes with morph3d; "
                         f"{REMEDY}") from error
    with concurrent.futures.ThreadPoolExecutor(1) as pool:  # reading a model leaves Python free to trace the encoder
        loading = pool.submit(morphable.load, model_name)
        encoder = registry.load(encoder_spec, color_features=color_features)
        model = loading.result()
    found = [encoder.fingerprint, model.fingerprint]
    if found != fingerprints:
        raise ValueError(f"{path}: trained with {encoder_spec} and {model_name} of the fingerprints {', '.join(fingerprints)}, but "
                         f"those installed have {', '.join(found)}; {REMEDY}")
    network = decoder.build(encoder.feature_size, model.shape_size, model.texture_size)
    for variable in network.variables:
        variable.assign(arrays[variable.path])
    return ReconstructionNetwork(encoder, network, model)
