"""The absl training binary of the paper's experiments: morph3d-train under the name that flagfiles are written for."""
from morph3d.cli.train import run

if __name__ == "__main__":
    run()
