"""Textures of faces against scans whose colors are known."""
import dataclasses

import numpy as np
import pytest
import skimage.color

from morph3d import images, morphable
from morph3d.evaluation.fitting import tables, textured_scan
from morph3d.evaluation.geometry import synthetic_scans
from morph3d.evaluation.geometry.scans import Scan
from morph3d.evaluation.geometry.textured_scans import TexturedScan
from morph3d.fitting.fitter import Fitter
from morph3d.inference import reconstructor
from morph3d.mesh import uv_atlas
from morph3d.mesh.mesh import Mesh
from morph3d.mesh.registration import Similarity
from morph3d.renderer import texture_baking

ONTO = Similarity(1.1, np.array([[0., 0., 1.], [0., 1., 0.], [-1., 0., 0.]]), np.array([30., -20., 500.]))


@pytest.fixture(scope="module")
def face():
    """A Mesh with uvs and smooth colors, and its texture."""
    model = morphable.load("embedded").decimated(1500)
    vertices, triangles = model.mean_vertices.numpy(), model.triangles.numpy()
    colors = .5 + .15 * np.sin(vertices / 15. + [0., 1., 2.])
    mesh = Mesh(vertices, triangles, np.float32(colors))
    mesh = dataclasses.replace(mesh, uvs=uv_atlas.build(mesh))
    return mesh, texture_baking.bake(mesh)


def scanned(mesh, texture):
    """The same face as a scan, elsewhere and of another size."""
    return TexturedScan(Scan("it", Mesh(ONTO.apply(mesh.vertices), mesh.triangles, uvs=mesh.uvs), {}), texture)


def all_of(mesh):
    return np.ones(texture_baking.prepare(mesh.uvs)[0].shape[0], bool)


def test_a_texture_differs_from_a_scan_of_it_by_nothing_and_from_a_darker_one_by_a_factor(face):
    mesh, texture = face
    darker = images.to_pixels(.8 * texture / 255.)
    share, (same, other) = textured_scan.compare(mesh, all_of(mesh), [texture, darker], scanned(mesh, texture), ONTO)
    assert share == 1. and same.plain < .3 and same.scaled < .3
    assert other.plain > 8. and other.scaled < .3 * other.plain


def test_differences_are_those_of_another_library_in_cielab(face):
    mesh, _ = face
    own, found = np.uint8([200, 150, 130]), np.uint8([150, 140, 90])
    shape = [uv_atlas.SIZE, uv_atlas.SIZE, 3]
    scan = scanned(mesh, np.broadcast_to(own, [8, 8, 3]))
    _, (differences,) = textured_scan.compare(mesh, all_of(mesh), [np.broadcast_to(found, shape)], scan, ONTO)
    expected = skimage.color.deltaE_cie76(*(skimage.color.rgb2lab(color / 255.) for color in (own, found)))
    assert differences.plain == pytest.approx(expected, abs=.05) and differences.scaled < .05


def test_only_what_the_photo_shows_is_compared_and_only_where_there_is_a_scan(face):
    mesh, texture = face
    weights, nearest = texture_baking.prepare(mesh.uvs)
    shown = weights @ (mesh.vertices[mesh.uvs.owners(mesh.triangles), 0] > 0.) > .99
    spoiled = np.where(shown[nearest][..., None], texture, 255 - texture)
    share, (differences,) = textured_scan.compare(mesh, shown, [spoiled], scanned(mesh, texture), ONTO)
    assert share == shown.mean() and differences.plain < .3
    far = ONTO._replace(translation=ONTO.translation + 1000.)
    with pytest.raises(ValueError, match="nothing of the face where the scan is"):
        textured_scan.compare(mesh, shown, [spoiled], scanned(mesh, texture), far)


@pytest.mark.slow  # the network's calibration and a fit
def test_a_scan_that_is_a_face_of_the_model_is_found_again():
    loaded, model = reconstructor.load(), morphable.load("embedded")
    reader = loaded.reading(renderings=True, expected=True)
    subject, = synthetic_scans.subjects(model, 1, seed=3)
    scan = subject.scan()
    colors = model.instance(synthetic_scans.sample(model, 1, [5, 5]).coefficients.neutral())[1][0].numpy()
    mesh = dataclasses.replace(scan.mesh, colors=colors, uvs=loaded.uvs)
    textured = TexturedScan(dataclasses.replace(scan, mesh=mesh), texture_baking.bake(mesh))
    views, left_out = textured_scan.measure(Fitter(loaded, identity=True), reader, textured, [-20., 20.])
    assert not left_out
    for view in views:
        assert view.compared > .03 and view.texture.plain < 4. and view.texture.scaled < 2.
        assert all(errors.fitted < .7 * errors.mean_face for errors in view.geometry.values())
    report = tables.of_textured_scan(views, left_out)
    assert report.summary["views"] == 2 and report.summary["photo_scaled"] < 2.
    assert report.pictures["views"].ndim == 3 and "-20" in str(report)
