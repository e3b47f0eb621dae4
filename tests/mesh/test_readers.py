"""Files of meshes: what is written comes back in the same order; a bad file gets one clear line."""
import gzip

import numpy as np
import pytest
import trimesh

from morph3d import images
from morph3d.mesh import readers

VERTICES = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [.5, .5, 2]])
QUAD_AND_TRIANGLE = [[0, 1, 2], [0, 2, 3], [0, 1, 4]]
VTK = "# vtk DataFile Version 3.0\na title\nASCII\nDATASET POLYDATA\nPOINTS 5 float\n0 0 0 1 0 0\n1 1 0\n0 1 0 .5 .5 2\n"
WRL = """#VRML V2.0 utf8
# a comment with a { brace
Shape { geometry DEF face IndexedFaceSet {
  coord DEF points Coordinate { point [ 0 0 0, 1 0 0, 1 1 0,
    0 1 0, .5 .5 2 ] }
  coordIndex [ 0, 1, 2, 3, -1, 0, 1, 4, -1 ] } }
"""


def triangles_of(mesh):
    """As sets of corners in turn from the smallest, since a polygon may be cut from any corner."""
    return sorted(tuple(np.roll(corners, -int(np.argmin(corners)))) for corners in mesh.triangles.tolist())


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def expect_pyramid(mesh):
    np.testing.assert_array_equal(mesh.vertices, VERTICES)
    got = triangles_of(mesh)
    assert (0, 1, 4) in got and len(got) == 3
    halves = ([0, 1, 2], [0, 2, 3], [0, 1, 3], [1, 2, 3], [0, 1, 4])
    assert {frozenset(corners) for corners in got} <= set(map(frozenset, halves))


def obj(*between):
    points = [f"v {x} {y} {z}" for x, y, z in VERTICES.tolist()]
    return "\n".join([*points, "vt 0 0", "vt 1 0", "vt 1 1", "vt .5 .5", *between]) + "\n"


def test_obj_keeps_its_vertices_also_where_textures_have_seams_and_materials_change(tmp_path):
    text = obj("usemtl a", "g one", "f 1/1 2/2 3/3 4/4", "usemtl b", "o two", "f 1/4 2/3 5/1")
    mesh = readers.read(write(tmp_path, "a.obj", text))
    expect_pyramid(mesh)
    assert mesh.colors is None


def test_colors_of_vertices_are_kept(tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (5, 3)).astype(np.uint8)
    trimesh.Trimesh(VERTICES, QUAD_AND_TRIANGLE, vertex_colors=colors, process=False).export(tmp_path / "a.ply")
    np.testing.assert_allclose(readers.read(tmp_path / "a.ply").colors, colors / 255., atol=1e-6)
    text = "".join("v {} {} {} {} {} {}\n".format(*v, *c) for v, c in zip(VERTICES.tolist(), (colors / 255.).tolist()))
    np.testing.assert_allclose(readers.read(write(tmp_path, "a.obj", text + "f 1 2 3\n")).colors, colors / 255., atol=2e-3)


@pytest.mark.parametrize("ending", ["ply", "obj", "off", "glb", "PLY"])
def test_what_trimesh_writes_comes_back(tmp_path, ending):
    sphere = trimesh.creation.icosphere(2, radius=90.)
    path = tmp_path / f"a.{ending}"
    content = sphere.export(file_type=ending.lower())
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    mesh = readers.read(path)
    np.testing.assert_allclose(mesh.vertices, sphere.vertices, atol=1e-4)
    np.testing.assert_array_equal(mesh.triangles, sphere.faces)


@pytest.mark.parametrize("cells", [
    "POLYGONS 2 9\n4 0 1 2 3\n3 0 1 4\n", "POLYGONS 1 4\n3 0 1 4\nTRIANGLE_STRIPS 1 5\n4 0 1 3 2\n",
    "VERTICES 1 2\n1 0\nLINES 1 3\n2 0 1\nPOLYGONS 2 9\n4 0 1 2 3 3 0 1\n4\n",
    "METADATA\nINFORMATION 1\nNAME x\n\nPOLYGONS 3 7\nOFFSETS vtktypeint64\n0 4 7\nCONNECTIVITY vtktypeint64\n0 1 2 3 0 1 4\n"])
def test_vtk_ascii(tmp_path, cells):
    expect_pyramid(readers.read(write(tmp_path, "a.vtk", VTK + cells)))


def test_vtk_binary_with_colors(tmp_path):
    header = b"# vtk DataFile Version 3.0\nt\nBINARY\nDATASET POLYDATA\nPOINTS 5 double\n"
    cells = b"\nPOLYGONS 2 9\n" + np.array([4, 0, 1, 2, 3, 3, 0, 1, 4], ">i4").tobytes()
    colors = np.arange(20, dtype=np.uint8).reshape(5, 4)
    data = b"\nPOINT_DATA 5\nCOLOR_SCALARS rgba 4\n" + colors.tobytes() + b"\n"
    mesh = readers.read(write(tmp_path, "a.vtk", header + VERTICES.astype(">f8").tobytes() + cells + data))
    expect_pyramid(mesh)
    np.testing.assert_allclose(mesh.colors, colors[:, :3] / 255., atol=1e-6)


@pytest.mark.parametrize("binary", [False, True])
def test_vtk_of_pyvista(tmp_path, binary):
    pyvista = pytest.importorskip("pyvista")
    sphere = trimesh.creation.icosphere(2)
    pyvista.make_tri_mesh(sphere.vertices, sphere.faces).save(tmp_path / "a.vtk", binary=binary)
    mesh = readers.read(tmp_path / "a.vtk")
    np.testing.assert_allclose(mesh.vertices, sphere.vertices, atol=1e-6)
    np.testing.assert_array_equal(mesh.triangles, sphere.faces)


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode()),
                                  lambda text: text.replace("\n", "\r\n").encode()], ids=["plain", "gzip", "Windows"])
def test_vrml(tmp_path, pack):
    expect_pyramid(readers.read(write(tmp_path, "a.wrl", pack(WRL))))


def test_vrml_shapes_are_joined_share_points_and_keep_colors(tmp_path):
    colored = WRL.replace("  coordIndex", "  color Color { color [ 1 0 0 0 1 0 0 0 1 0 0 0 1 1 1 ] }\n  coordIndex")
    again = "Shape { geometry IndexedFaceSet { ccw FALSE coord USE points coordIndex [ 0 2 1 ] } }\n"
    mesh = readers.read(write(tmp_path, "a.wrl", colored + again))
    assert mesh.colors is None and len(mesh.vertices) == 10
    assert mesh.triangles[-1].tolist() == [6, 7, 5]
    np.testing.assert_array_equal(mesh.vertices[5:], VERTICES)
    np.testing.assert_array_equal(readers.read(write(tmp_path, "b.wrl", colored)).colors[:3], np.eye(3))


@pytest.mark.parametrize("name, content, message", [
    ("a.foo", "", 'a.foo: found the ending ".foo", expected .obj'),
    ("a.obj", "v 0 0 0\nv 1 0 0\n", "a.obj: found no faces, expected a surface"),
    ("a.ply", "ply\nformat ascii 1.0\nelement vertex 3\n", "a.ply: cannot be read as PLY"),
    ("a.obj", "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "a.obj: vertices has 1 values that are not finite"),
    ("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "a.obj: cannot be read as OBJ"),
    ("a.vtk", "solid", 'a.vtk: cannot be read as VTK .*the first line is not "# vtk DataFile Version'),
    ("a.vtk", VTK.replace("POLYDATA", "UNSTRUCTURED_GRID"), "found DATASET UNSTRUCTURED_GRID, expected DATASET POLYDATA"),
    ("a.vtk", VTK + "POLYGONS 2 9\n4 0 1", "the file ends after 3 of 9 numbers"),
    ("a.vtk", VTK, "a.vtk: found no faces"),
    ("a.wrl", "#VRML V1.0 ascii\n", "expected #VRML V2.0"),
    ("a.wrl", "#VRML V2.0 utf8\nTransform { scale 1000 1000 1000 children [] }", "a Transform moves its shapes"),
    ("a.wrl", WRL[:-20], "a brace is not closed: the file ends early"),
    ("a.wrl", WRL.replace("4, -1", "7, -1"), r"a.wrl: triangles must be indices in 0..4, found 0..7")])
def test_a_bad_file_gets_one_clear_line(tmp_path, name, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        readers.read(write(tmp_path, name, content))
    assert "\n" not in str(caught.value)


def test_no_file():
    with pytest.raises(ValueError, match="nowhere.obj: found no such file"):
        readers.read("nowhere.obj")


def test_real_scans_keep_their_vertices(data_folder):
    path = data_folder / "scans" / "lee_perry_smith.obj"
    lines = [line.split()[1:4] for line in path.read_text().splitlines() if line.startswith("v ")]
    np.testing.assert_allclose(readers.read(path).vertices, np.float32(lines))


def test_a_texture_with_a_seam_is_read_with_its_mesh(tmp_path):
    """Two triangles of one square, of which the texture has each somewhere else."""
    picture = np.uint8(np.random.default_rng(0).integers(0, 256, [4, 6, 3]))
    images.write_png(tmp_path / "skin.png", picture)
    write(tmp_path, "scan.mtl", "newmtl skin\nmap_Kd skin.png\n")
    corners = [[[0., 0.], [.5, 0.], [.5, .5]], [[.5, .5], [1., 1.], [.5, 1.]]]
    lines = ["v {} {} {}".format(*vertex) for vertex in VERTICES[:4]]
    lines += ["vt {} {}".format(*uv) for uv in np.reshape(corners, [-1, 2])]
    path = write(tmp_path, "scan.obj", "\n".join(["mtllib scan.mtl", "usemtl skin", *lines, "f 1/1 2/2 3/3", "f 1/4 3/5 4/6"]))
    mesh, texture = readers.read_textured(path)
    np.testing.assert_array_equal(mesh.vertices, VERTICES[:4])
    np.testing.assert_allclose(mesh.uvs.uvs[mesh.uvs.corners], corners, atol=1e-6)
    np.testing.assert_array_equal(texture, picture)


def test_a_mesh_without_a_texture_is_refused_where_one_is_needed(tmp_path):
    path = write(tmp_path, "bare.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    with pytest.raises(ValueError, match="bare.obj: found no texture, or several, expected one; an OBJ needs its MTL"):
        readers.read_textured(path)
