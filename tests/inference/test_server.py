"""The web server, called over its socket as browsers and programs do."""
import concurrent.futures
import contextlib
import json
import resource
import socket
import threading
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
import skimage.data

from morph3d import images
from morph3d.inference import viewer

pytest.importorskip("fastapi", reason="comes with the extra serve")
uvicorn = pytest.importorskip("uvicorn")
ASTRONAUT = skimage.data.astronaut()
PHOTO = images.png(ASTRONAUT)
LARGEST = 2**20


@pytest.fixture(scope="module")
def address(tiny_reconstructor):
    """Of a running server, "http://127.0.0.1:PORT"."""
    from morph3d.inference import server
    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(server.app(tiny_reconstructor, ["127.0.0.1"], LARGEST), log_level="warning"))
    thread = threading.Thread(target=running.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()


def post(url, content, **headers):
    """-> the code of the answer, and the answer."""
    request = urllib.request.Request(url, content, headers)
    with contextlib.closing(_opened(request)) as answer:
        return answer.status, answer.read()


def _opened(request):
    try:
        return urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        return error


def test_the_numbers_are_those_of_the_face(address, tiny_reconstructor):
    code, answer = post(f"{address}/faces", PHOTO)
    found, face = json.loads(answer), tiny_reconstructor.reconstruct(ASTRONAUT)
    assert code == 200 and found["notes"] == []
    for name in "shape", "texture", "landmarks":
        np.testing.assert_allclose(found["faces"][0][name], getattr(face, name), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["faces"][0]["crop_from_photo"], face.framing.matrix, rtol=1e-5)


def test_all_faces_are_given_on_wish(address):
    two = images.png(np.hstack([ASTRONAUT, ASTRONAUT])[::2, ::2])
    one = json.loads(post(f"{address}/faces", two)[1])
    assert len(one["faces"]) == 1 and one["notes"] == ["1 other face was seen"]
    assert len(json.loads(post(f"{address}/faces?everybody=true", two)[1])["faces"]) == 2


def test_a_face_comes_as_glb_and_as_a_page(address, tiny_reconstructor, monkeypatch):
    code, glb = post(f"{address}/face.glb", PHOTO)
    assert code == 200 and glb.startswith(b"glTF")
    face = tiny_reconstructor.reconstruct(ASTRONAUT)
    assert post(f"{address}/faces.html", PHOTO) == (200, viewer.page({"face 1": (face, {})}).encode())


@pytest.mark.parametrize("content, code, words", [
    (b"", 415, "empty; give a photo"), (b"PK\x03\x04 a zip", 415, "not an image"), (PHOTO[:5000], 415, "damaged image"),
    (images.png(np.full([200, 200, 3], 90, np.uint8)), 422, "photo: no face found; give a photo with a face"),
    (images.png(np.zeros([9000, 9000, 3], np.uint8)), 413, "too many pixels: 9000 x 9000"),
    (b"x" * (LARGEST + 1), 413, f"found more than {LARGEST} bytes; give a smaller photo")],
    ids=["empty", "zip", "cut", "no face", "pixels", "bytes"])
@pytest.mark.parametrize("path", ["faces", "face.glb", "faces.html"])
def test_each_bad_input_has_its_answer(address, path, content, code, words):
    found, answer = post(f"{address}/{path}", content)
    assert found == code and json.loads(answer)["detail"].startswith(words)


def test_who_goes_away_while_sending_is_no_fault_of_the_server(address, caplog):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"POST /faces HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nhalf".encode())
        time.sleep(.2)
    assert post(f"{address}/faces", b"")[0] == 415
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_another_name_of_the_server_is_refused(address):
    code, answer = post(f"{address}/faces", PHOTO, Host="evil.example")
    assert code == 400 and b"host" in answer.lower()


def test_the_schema_tells_inputs_outputs_and_refusals(address):
    with urllib.request.urlopen(f"{address}/openapi.json") as answer:
        schema = json.load(answer)
    assert sorted(schema["paths"]) == ["/face.glb", "/faces", "/faces.html"]
    for path in schema["paths"].values():
        assert {"200", "413", "415", "422"} <= set(path["post"]["responses"])
        assert "image/*" in path["post"]["requestBody"]["content"]
    assert schema["components"]["schemas"]["Faces"]["required"] == ["faces", "notes"]


def test_eight_clients_at_once_get_each_their_own_face(address, tiny_reconstructor):
    photos = [np.uint8(ASTRONAUT * light) for light in np.linspace(.6, 1., 8)]
    alone = [tiny_reconstructor.reconstruct(photo).shape for photo in photos]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: post(f"{address}/faces", images.png(photos[number % 8])), range(32)))
    for number, (code, answer) in enumerate(answers):
        assert code == 200
        np.testing.assert_allclose(json.loads(answer)["faces"][0]["shape"], alone[number % 8], rtol=1e-4, atol=1e-4)
    assert len({tuple(shape) for shape in np.round(alone, 4).tolist()}) == 8


@pytest.mark.slow
def test_a_thousand_requests_leave_no_memory_behind(address):
    small = images.png(ASTRONAUT[:256, 100:356])
    used = []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert {code for code, _ in pool.map(lambda _: post(f"{address}/faces", small), range(200))} == {200}
            time.sleep(1.)
            used.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.)
    assert used[-1] < used[0] + 60.  # MiB
