"""A local web server that makes faces of photos: a page to drop them on, and a JSON API with its schema at /openapi.json.

Nothing is kept: photos and faces live as long as their request.
"""
import functools
import pathlib

import anyio
import fastapi
import pydantic
from fastapi import responses
from fastapi.middleware.trustedhost import TrustedHostMiddleware

from morph3d import __version__
from morph3d.inference import face_files, viewer
from morph3d.photos import decoding, sightings

LARGEST = 32 * 2**20  # bytes of a photo
AT_A_TIME = 2  # requests that are worked on; the others wait
TOO_LARGE, NO_PHOTO, NO_FACE = 413, 415, 422  # what HTTP calls "content too large", "unsupported media type", "unprocessable"
REFUSALS = {TOO_LARGE: "The file has too many bytes or pixels.", NO_PHOTO: "The file is not a photo that can be read.",
            NO_FACE: "The photo shows no face, or none that is large enough."}
BODY = {"requestBody": {"required": True, "description": "A photo, in whatever format morph3d-reconstruct takes.",
                        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}}


class FaceNumbers(pydantic.BaseModel):
    """A reconstructed neutral face in numbers."""
    shape: list[float] = pydantic.Field(description="coefficients of shape, in standard deviations")
    texture: list[float] = pydantic.Field(description="coefficients of texture, in standard deviations")
    landmarks: list[tuple[float, float, float]] = pydantic.Field(
        description="the 68 of iBUG in mm; +x the subject's left, +y up, +z out of the face")
    crop_size: int = pydantic.Field(description="side of the square that the network saw, pixels")
    crop_from_photo: list[list[float]] = pydantic.Field(description="2 x 3 matrix from the photo's pixels to the crop's")


class Faces(pydantic.BaseModel):
    """What was made of a photo."""
    faces: list[FaceNumbers]
    notes: list[str] = pydantic.Field(description="what its owner may want to know: other faces, a photo that is turned")


def app(reconstructor, hosts, largest=LARGEST):
    """The application, for uvicorn or another ASGI server.

    Args:
      reconstructor: Reconstructor.
      hosts: the names that the server may be called by; a page of somebody else's cannot reach it under another.
      largest: bytes of a photo; more are refused.
    """
    server = fastapi.FastAPI(title="morph3d", version=__version__, docs_url=None, redoc_url=None, description=__doc__)
    server.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    limiter = anyio.CapacityLimiter(AT_A_TIME)

    async def made(request, everybody):
        photo = await _body(request, largest)
        return await anyio.to_thread.run_sync(_reconstruct, reconstructor, photo, everybody, limiter=limiter)

    post = functools.partial(server.post, responses={code: {"description": words} for code, words in REFUSALS.items()},
                             openapi_extra=BODY)

    @server.get("/", response_class=responses.HTMLResponse, include_in_schema=False)
    def page():
        return pathlib.Path(__file__).with_name("server.html").read_text("utf-8")

    @post("/faces")
    async def faces(request: fastapi.Request, everybody: bool = False) -> Faces:
        """The main face of a photo in numbers, or, with `everybody`, all of them from left to right."""
        found, notes = await made(request, everybody)
        return Faces(faces=[face_files.numbers(face) for face in found], notes=notes)

    @post("/face.glb", response_class=responses.Response)
    async def glb(request: fastapi.Request, number: pydantic.NonNegativeInt = 0):
        """The main face of a photo, or the one of a `number` from left to right, as a GLB file, with a texture and blendshapes."""
        found, _ = await made(request, number > 0)
        if number > len(found):
            raise fastapi.HTTPException(NO_FACE, f"found {len(found)} faces, expected a number of at most as many: {number}")
        content = await anyio.to_thread.run_sync(face_files.glb, found[max(number - 1, 0)], limiter=limiter)
        return responses.Response(content, media_type="model/gltf-binary")

    @post("/faces.html", response_class=responses.HTMLResponse)
    async def shown(request: fastapi.Request, everybody: bool = False):
        """A page with the main face of a photo, or all of them, to turn, light and move."""
        found, notes = await made(request, everybody)
        named = {f"face {number + 1}": (face, {}) for number, face in enumerate(found)}
        return await anyio.to_thread.run_sync(viewer.page, named, "; ".join(notes) or "morph3d", limiter=limiter)

    return server


async def _body(request, largest):
    """The bytes of a request; more than `largest` are not even read."""
    content, more = bytearray(), True
    while more:
        part = await request.receive()
        if part["type"] == "http.disconnect":  # nobody hears the answer; Starlette's own reading has it be a fault of the server
            raise fastapi.HTTPException(NO_PHOTO, "cut off; give a photo")
        content += part.get("body", b"")
        if len(content) > largest:
            raise fastapi.HTTPException(TOO_LARGE, f"found more than {largest} bytes; give a smaller photo")
        more = part.get("more_body", False)
    return bytes(content)


def _reconstruct(reconstructor, photo, everybody):
    """The bytes of a photo -> its faces and notes, or the HTTPException that says why there are none."""
    try:
        pixels = decoding.decode(photo)
    except ValueError as error:
        code = TOO_LARGE if str(error).startswith("too many pixels") else NO_PHOTO
        raise fastapi.HTTPException(code, f"{error}; give a photo") from None
    seen, = sightings.look([("photo", pixels)], reconstructor, everybody)
    if isinstance(seen, Exception):
        raise fastapi.HTTPException(NO_FACE, str(seen))
    return reconstructor.faces(reconstructor.encode(seen.crops), seen.crops, seen.framings), seen.notes
