"""Builds the native rendering op against the TensorFlow that is installed, and packages morph3d."""
import functools
import glob
import sys

if not (3, 10) <= sys.version_info[:2] < (3, 12):
    # tensorflow-graphics needs tensorflow-addons, whose last release stops at Python 3.11. An old pip ignores
    # python_requires, hence this check.
    sys.exit(f"morph3d needs Python 3.10 or 3.11, but this is Python {sys.version.split()[0]}: "
             "make a virtual environment with `python3.11 -m venv .venv`.")

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

REQUIREMENTS = [
    "absl-py==2.5.1",
    "apache-beam==2.77.0",
    "face_recognition_models==0.3.0",
    "fast-simplification==0.2.0",
    "h5py==3.14.0",
    "importlib_resources==7.1.0",  # tensorflow-datasets needs it and does not say so
    "keras==3.15.1; python_version >= '3.11'",
    "keras==3.12.4; python_version < '3.11'",  # the last for Python 3.10
    "keras-facenet==0.3.2",
    "mtcnn==1.0.0",
    "opencv-python-headless==5.0.0.93",
    "pillow==12.3.0",
    "setuptools<81",  # tensorboard imports pkg_resources, which later releases lack
    "tensorboard==2.20.0",
    "tensorflow-datasets==4.9.10",
    "tensorflow-graphics==2021.12.3",
    "tensorflow==2.21.0",  # named in pyproject.toml too: the op is built against it
    "tqdm==4.70.1",
    "trimesh==5.2.0",
    "xatlas==0.0.11",
    *(f"{pin}; python_version >= '3.11'"
      for pin in ("matplotlib==3.11.2", "numpy==2.4.6", "scikit-image==0.26.0", "scipy==1.17.1")),
    # The last releases for Python 3.10; the indirect ones spare its old pip many minutes of search.
    *(f"{pin}; python_version < '3.11'"
      for pin in ("array_record==0.8.1", "etils==1.13.0", "matplotlib==3.10.8", "numpy==2.2.6", "protobuf==6.32.0",
                  "scikit-image==0.25.2", "scipy==1.15.3")),
]

# No contracted multiply-adds, which would open cracks between triangles; no -march: the library runs on any x86-64.
# Nobody looks at errno or floating-point traps, and without them loops with conditions become vector code.
OPTIMIZATION = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden", "-g0"]


@functools.cache
def installed_tensorflow():
    """The module; imported late because only building needs it, and it takes seconds."""
    try:
        import tensorflow
    except ImportError as error:
        sys.exit("morph3d builds its renderer against TensorFlow, which cannot be imported here "
                 f"({error}): run `pip install tensorflow==2.21.0` first, or let pip isolate the build.")
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
    name="morph3d",
    version="0.1.0",
    description="Unsupervised training for 3D morphable model regression (Genova et al., CVPR 2018) in TensorFlow 2",
    python_requires=">=3.10,<3.12",
    packages=find_packages(include=["morph3d", "morph3d.*"]),
    include_package_data=True,
    # Optional: without a compiler the renderer uses TensorFlow's own ops, and says so.
    ext_modules=[Extension("morph3d.renderer.native_ops", sorted(glob.glob("morph3d/renderer/kernels/*.cc")),
                           depends=glob.glob("morph3d/renderer/kernels/*.h"), language="c++", optional=True)],
    cmdclass={"build_ext": BuildOps},
    install_requires=REQUIREMENTS,
    extras_require={"test": ["hypothesis==6.168.5", "pytest==9.2.0", "ruff==0.17.6"]},
    entry_points={"console_scripts": [
        "morph3d-prepare=morph3d.cli.prepare:run",
        "morph3d-train=morph3d.cli.train:run",
        "morph3d-train-encoder=morph3d.cli.train_encoder:run",
        "morph3d-reconstruct=morph3d.cli.reconstruct:run",
        "morph3d-export=morph3d.cli.export:run",
        "morph3d-evaluate=morph3d.cli.evaluate:run",
    ]},
)
