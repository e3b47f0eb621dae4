"""The web server, called over its socket as browsers and programs do."""
import base64
import concurrent.futures
import contextlib
import json
import resource
import socket
import threading
import time
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest
import skimage.data

from morph3d import images
from morph3d.inference import face_files, viewer

pytest.importorskip("fastapi", reason="comes with the extra serve")
uvicorn = pytest.importorskip("uvicorn")
ASTRONAUT = skimage.data.astronaut()
PHOTO = images.png(ASTRONAUT)
LARGEST = 2**20
TAKE = """{
  const taken = new DataTransfer(), frame = document.getElementById("face");
  for (const name of NAMES) taken.items.add(new File([Uint8Array.from(atob("BYTES"), each => each.charCodeAt(0))], name));
  delete frame.contentDocument.documentElement.dataset.ready;
  HOW
  until(() => frame.hidden ? document.querySelector(".wrong") : frame.contentDocument.documentElement?.dataset.ready)
}"""
CHOOSE = 'const input = document.getElementById("file"); input.files = taken.files; input.dispatchEvent(new Event("change"));'
DROP = 'WHERE.dispatchEvent(new DragEvent("drop", {dataTransfer: taken, cancelable: true}));'
SAY = 'console.log(document.getElementById("said").textContent, getComputedStyle(document.getElementById("said")).color)'
SAVE = """
  HTMLAnchorElement.prototype.click = async function() {
    console.log(this.download, (await (await fetch(this.href)).text()).slice(0, 4));
    window.saved = true;
  };
  document.getElementById("save").click();
  until(() => window.saved)
"""


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
    assert len(one["faces"]) == 1 and one["notes"] == ["2 faces were seen: the main one is taken; ask for all to have each"]
    assert len(json.loads(post(f"{address}/faces?everybody=true", two)[1])["faces"]) == 2


def test_a_face_comes_as_glb_and_as_a_page(address, tiny_reconstructor):
    code, glb = post(f"{address}/face.glb", PHOTO)
    face = tiny_reconstructor.reconstruct(ASTRONAUT)
    assert code == 200 and glb == face_files.glb(face)
    assert post(f"{address}/faces.html", PHOTO) == (200, viewer.page({"face 1": (face, {})}).encode())


def test_any_face_of_a_photo_comes_as_glb(address, tiny_reconstructor):
    two = np.hstack([ASTRONAUT, ASTRONAUT[:, ::-1]])[::2, ::2]
    expected = [face_files.glb(face) for face in tiny_reconstructor.reconstruct_all(two)]
    assert [post(f"{address}/face.glb?number={number}", images.png(two))[1] for number in (1, 2)] == expected
    assert expected[0] != expected[1]
    code, answer = post(f"{address}/face.glb?number=3", images.png(two))
    assert code == 422 and json.loads(answer)["detail"] == "found 2 faces, expected a number of at most as many: 3"


@pytest.mark.parametrize("content, code, words", [
    (b"", 415, "empty; give a photo"), (b"PK\x03\x04 a zip", 415, "not an image"), (PHOTO[:5000], 415, "damaged image"),
    (images.png(np.full([200, 200, 3], 90, np.uint8)), 422, "photo: no face found; give a photo with a face"),
    (images.png(np.zeros([9000, 9000], np.uint8)), 413, "too many pixels: 9000 x 9000"),
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


@pytest.mark.slow  # brings a browser from npm, 120 MB
def test_a_browser_shows_the_face_of_a_photo_that_is_chosen_or_dropped_and_saves_it(address, browse):
    choose, drop = taking(ASTRONAUT, CHOOSE, "me.jpg"), taking(ASTRONAUT[:, ::-1], on("document"), "a.jpg", "b.jpg")
    two = taking(np.hstack([ASTRONAUT, ASTRONAUT]), on("frame.contentDocument"), "two.jpg")
    pick = 'document.getElementById("face").contentDocument.querySelectorAll("nav button")[1].click()'
    found = browse(f"{address}/", choose, SAY, drop, SAY, two, SAY, pick, SAVE)
    black = "rgb(0, 0, 0)"
    assert found["said"] == [f"me.jpg {black}", f"a.jpg (the first of 2 files: one at a time) {black}", f"two.jpg {black}",
                             "two_2.glb glTF"]
    assert found["asked"] == []
    first, _, second, _, third, *_ = found["looks"]
    assert min(look["colors"] for look in (first, second, third)) > 100 and first != second


@pytest.mark.slow
def test_a_browser_says_in_a_red_line_what_is_bad_and_hides_the_old_face(address, browse):
    zipped, me = taking(b"PK\x03\x04 a zip", on("document"), "bad.jpg"), taking(ASTRONAUT, CHOOSE, "me.jpg")
    found = browse(f"{address}/", me, zipped, SAY, me, SAY)
    failed = "Failed to load resource: the server responded with a status of 415 (Unsupported Media Type)"
    assert found["said"] == [failed, "bad.jpg: not an image; give a photo rgb(170, 34, 34)", "me.jpg rgb(0, 0, 0)"]
    face, hidden, *_, again = found["looks"]
    assert face == again and hidden is None


def taking(photo, how, *names):
    """A step in which the page gets files of these names with a photo, pixels or bytes."""
    content = photo if isinstance(photo, bytes) else cv2.imencode(".jpg", photo[::2, ::2, ::-1])[1].tobytes()
    step = TAKE.replace("HOW", how).replace("NAMES", json.dumps(names))
    return step.replace("BYTES", base64.b64encode(content).decode())


def on(where):
    return DROP.replace("WHERE", where)
