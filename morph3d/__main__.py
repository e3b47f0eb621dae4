"""`python -m morph3d NAME`: the project's programs by name."""
import importlib
import pkgutil
import sys

from morph3d import cli


def main():
    """Runs the program named by the first argument with the others."""
    names = [module.name.replace("_", "-") for module in pkgutil.iter_modules(cli.__path__) if module.name != "program"]
    name = sys.argv[1] if len(sys.argv) > 1 else None
    if name not in names:
        usage = f"usage: python -m morph3d NAME [--flag=value ...]\n  NAME: {', '.join(names)}\n  NAME --help lists its flags"
        if name in ("-h", "--help"):
            print(usage)
            return
        sys.exit(usage if name is None else f"error: no program {name!r}\n{usage}")
    sys.argv[:2] = [f"morph3d-{name}"]
    importlib.import_module(f"morph3d.cli.{name.replace('-', '_')}").run()


if __name__ == "__main__":
    main()
