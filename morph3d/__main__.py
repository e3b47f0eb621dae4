"""`python -m morph3d NAME`: the project's programs by name."""
from morph3d import cli
from morph3d.cli import program


def main():
    """Runs the program named by the first argument with the others."""
    program.choose(cli, "python -m morph3d", "morph3d-{}")


if __name__ == "__main__":
    main()
