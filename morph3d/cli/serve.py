"""Serves a page on this computer to drop photos on, which shows their faces in 3D, and a JSON API.

    morph3d-serve

Then open http://127.0.0.1:8000. Nobody but this computer reaches it unless --host says so; photos and faces are not kept.
"""
import socket
import sys

from absl import flags, logging

from morph3d import extras
from morph3d.cli import program

FLAGS = flags.FLAGS
LOOPBACK = "127.0.0.1", "localhost", "::1"


def define():
    flags.DEFINE_string("model", "shipped", "Folder of a SavedModel that morph3d-export has written, or 'shipped', the network "
                        "that comes with the project.")
    flags.DEFINE_bool("expected", False, "Make the expected faces: nearer in millimeters, less like the person.")
    flags.DEFINE_string("host", LOOPBACK[0], "The address to listen at; 0.0.0.0 for whoever reaches this computer, without a "
                        "password.")
    flags.DEFINE_integer("port", 8000, "The port; 0 for any that is free.", 0, 65535)
    flags.DEFINE_integer("largest", 32, "Megabytes of a photo; larger ones are refused.", 1)


def main():
    extras.require("serve", "fastapi")
    import uvicorn

    from morph3d.inference import reconstructor, server
    loaded = reconstructor.load(FLAGS.model).reading(expected=FLAGS.expected)
    hosts = LOOPBACK if FLAGS.host in LOOPBACK else ["*"]
    application = server.app(loaded, hosts, FLAGS.largest * 2**20)
    with _listening() as listener:
        logging.info("http://%s:%d; Ctrl-C stops", FLAGS.host, listener.getsockname()[1])
        uvicorn.Server(uvicorn.Config(application, log_level="warning")).run([listener])


def _listening():
    family = socket.AF_INET6 if ":" in FLAGS.host else socket.AF_INET
    try:
        return socket.create_server((FLAGS.host, FLAGS.port), family=family)
    except OSError as error:
        raise ValueError(f"--host={FLAGS.host} --port={FLAGS.port}: cannot listen there ({error.strerror}); give another --port, "
                         "or 0 for any that is free") from error


def run():
    program.run(sys.modules[__name__])


if __name__ == "__main__":
    run()
