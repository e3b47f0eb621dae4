"""What kind of file it is, by its content; and what the error says of files that are no models."""
import io
import pickle
import struct
import tarfile
import zipfile

import h5py
import numpy as np
import pytest
from scipy import io as matlab

from morph3d import morphable
from morph3d.morphable.readers import detect, ict_facekit
from tests.morphable.readers.face_files import FaceFile


def _zip(names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 1000)
    return buffer.getvalue()


def _tar():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("PublicMM1/01_MorphableModel.mat")
        member.size = 100
        archive.addfile(member, io.BytesIO(bytes(100)))
    return buffer.getvalue()


def _hdf5(userblock=0, name="a"):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=userblock) as file:
        file[name] = 1
    return buffer.getvalue()


def _matlab_73(name):
    return b"MATLAB 7.3 MAT-file, Platform: PCWIN64".ljust(512) + _hdf5(512, name)[512:]


def _matlab(name="a"):
    buffer = io.BytesIO()
    matlab.savemat(buffer, {name: 1})
    return buffer.getvalue()


def _npz(name="a"):
    buffer = io.BytesIO()
    np.savez(buffer, **{name: 1})
    return buffer.getvalue()


KINDS = {"hdf5": ("basel", _hdf5()), "hdf5, front": ("deep3d", _hdf5(name="idBase")),
         "matlab 5": ("basel_2009", _matlab()), "matlab 7.3": ("basel_2009", _matlab_73("a")),
         "matlab 5, front": ("deep3d", _matlab("idBase")), "matlab 7.3, front": ("deep3d", _matlab_73("idBase")),
         "damaged matlab": ("basel_2009", _matlab()[:140]), "npz": ("flame", _npz()),
         "npz of GNM": ("gnm", _npz("vertex_identity_basis")),
         "eos, with a mean of 3448 x 3": ("surrey", struct.pack("<Iii", 1, 10344, 1)),
         **{f"pickle {version}": ("flame", pickle.dumps({"a": 1}, version)) for version in range(6)}}


@pytest.mark.parametrize("case", KINDS)
def test_a_file_is_known_by_its_content(tmp_path, case, monkeypatch):
    kind, content = KINDS[case]
    path = tmp_path / "model.jpg"
    path.write_bytes(content)
    assert detect.kind(path) == kind
    monkeypatch.setattr(f"morph3d.morphable.readers.{kind}.read", lambda path: (kind, path))
    assert morphable.load(path) == (kind, str(path))


def test_names_and_extensions_say_nothing(tmp_path, monkeypatch):
    face = FaceFile(tmp_path / "01_MorphableModel.mat")
    assert morphable.load(face.write()).sizes == (5, 4, 3)
    monkeypatch.setattr(ict_facekit, "read", lambda path: path)
    (tmp_path / "model.h5").mkdir()
    assert morphable.load(tmp_path / "model.h5") == str(tmp_path / "model.h5")
    (tmp_path / "model.h5" / "sfm_shape_3448.bin").touch()
    assert detect.kind(tmp_path / "model.h5") == "surrey"


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
LOGIN = b"\xef\xbb\xbf\n<!DOCTYPE HTML PUBLIC ...><html><head><title>Log in</title>"
NONE = {
    "an empty file": (b"", "an empty file; .*; download the file again"),
    "a Git LFS pointer": (POINTER, "a Git LFS pointer in its place; .*: git lfs pull"),
    "a login page": (LOGIN, "a web page saved in its place; .*; sign in where the model is offered"),
    "a page in XHTML": (b'<?xml version="1.0"?>\n<html xmlns="...">', "a web page saved in its place; .*; sign in"),
    "a zip archive": (_zip(["FLAME2023/flame2023.pkl"]), r"an archive \(zip\); .*; unpack it and give the file or folder"),
    "half a zip archive": (_zip(["flame2023.pkl"])[:500], r"the beginning of a zip archive \(.*; download the file again"),
    "a tar archive": (_tar(), r"an archive \(tar\); .*; unpack it"),
    "BaselFaceModel.tgz": (b"\x1f\x8b\x08" + bytes(30), r"an archive \(gzip\); .*; unpack it"),
    "FaceXModel.tar.xz": (b"\xfd7zXZ\0" + bytes(30), r"an archive \(xz\); .*; unpack it"),
    "a RAR archive": (b"Rar!\x1a\x07", r"an archive \(RAR\)"),
    "a mesh": (b"# a comment\nv 1 2 3\n", r"20 bytes that begin b'# a comment.nv 1 '; .*; see whether it is the right file"),
    "an XML file": (b'<?xml version="1.0"?>\n<mesh>', "28 bytes that begin"),
    "zeros": (bytes(600), r"600 bytes that begin b'.x00"),
    "HDF5's first bytes, changed": (b"\x89HDG" + _hdf5()[4:], "1408 bytes that begin"),
}


@pytest.mark.parametrize("case", NONE)
def test_what_is_no_model_is_named_in_one_line_with_the_remedy(tmp_path, case):
    content, message = NONE[case]
    path = tmp_path / "model2019_bfm.h5"
    path.write_bytes(content)
    beginning = "model2019_bfm.h5: found a file that is not HDF5, .* eos' or a pickle but "
    with pytest.raises(ValueError, match=beginning + message) as error:
        morphable.load(path)
    assert detect.EXPECTED in str(error.value) and "\n" not in str(error.value)


def test_a_path_that_leads_nowhere(tmp_path):
    with pytest.raises(ValueError, match='bfm.h5: found no such file or folder; expected "embedded".* a Basel .* correct the path'):
        morphable.load(tmp_path / "bfm.h5")


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ValueError, match="found no generic_neutral_mesh.obj .*, or give the file of another model"):
        morphable.load(tmp_path)


@pytest.mark.parametrize("content, message", [(_hdf5(), r"found no dataset shape/model/mean \(groups: a\)"),
                                              (_matlab(), "found a MATLAB file with a, but no shapeMU, shapePC"),
                                              (_npz(), "found as v_template no array among a"),
                                              (pickle.dumps({"a": 1}), "found as v_template no array among a")])
def test_a_file_of_the_right_kind_that_holds_something_else(tmp_path, content, message):
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="model: " + message):
        morphable.load(path)
