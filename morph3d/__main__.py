"""`python -m morph3d NAME`: the project's programs by name."""
import importlib
import pkgutil
import sys

from morph3d import cli

NAMES = sorted(module.name for module in pkgutil.iter_modules(cli.__path__) if module.name != "program")


def main():
    name = sys.argv[1].replace("-", "_") if len(sys.argv) > 1 else ""
    if name not in NAMES:
        listed = ", ".join(each.replace("_", "-") for each in NAMES)
        sys.exit(f"usage: python -m morph3d NAME [--flag=value ...], where NAME is one of {listed}; NAME --help lists its flags")
    sys.argv[:2] = [f"morph3d {sys.argv[1]}"]
    importlib.import_module(f"morph3d.cli.{name}").run()


if __name__ == "__main__":
    main()
