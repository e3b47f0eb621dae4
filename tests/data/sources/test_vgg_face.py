"""Sources with VGG-Face's lists: every usual layout is found, and every line without a picture and every other file is named."""
import hypothesis
import pytest
from hypothesis import strategies

from morph3d.data import sources
from morph3d.data.sources import vgg_face

BOX = (119.19, 99.49, 295.47, 275.78)
LINE = "{:08} http://aplive.net/uploads/2014/07/{}.jpg?w=3 119.19 99.49 295.47 275.78 3.00 2.31 1\n"
NAMES = ("Aamir_Khan", "A.J._Buckley")
LISTS = {name: "".join(LINE.format(number, f"{name.lower()}-{number}") for number in (1, 2, 30)) for name in NAMES}


@pytest.fixture
def source(tmp_path):
    """Gives the folder of lists {Name: text or bytes} and pictures [path]; a picture's bytes are its path."""
    def write(pictures, lists=LISTS, where="files"):
        for name, text in lists.items():
            path = tmp_path / where / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        for picture in pictures:
            (tmp_path / picture).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / picture).write_bytes(picture.encode())
        return tmp_path
    return write


@pytest.mark.parametrize("lists, picture", [
    ("files", "images/{name}/{number:08}.jpg"),
    ("files", "images/{name}/{number}.jpg"),
    ("files", "images/{name}/{number}.jfif"),
    ("files", "{name}/{number:08}.png"),
    ("files", "dataset/{name}/{number:08}.jpg"),
    ("files", "vgg_face_download/images/{name}/{number:08}.jpg?w=3"),
    ("files", "images/{name}_{number:08}.jpg"),
    ("files", "images/{plain}_{number:08}.jpg"),
    ("files", "images/{name}/{lower}-{number}.jpg?w=3"),
    ("raw-txt", "raw/{name}/{lower}-{number}.jpg?w=3"),
    ("vgg_face_dataset/files", "vgg_face_dataset/images/{name}/{number:08}.jpg"),
])
def test_every_usual_layout_gives_its_pictures_with_their_boxes(source, lists, picture):
    paths = {(name, number): picture.format(name=name, number=number, lower=name.lower(),
                                            plain={"Aamir_Khan": "aamir_khan", "A.J._Buckley": "a_j__buckley"}[name])
             for name in NAMES for number in (1, 30)}
    listing = sources.find(source([*paths.values(), "notes.jpg"], where=lists))
    assert [(photo.key, photo.person, photo.box) for photo in listing.photos] == [
        (f"{name}/{number:08}", name, BOX) for name, number in sorted(paths)]
    assert list(sources.contents(listing.photos)) == [paths[which].encode() for which in sorted(paths)]
    assert dict(listing.rejects) == {"notes.jpg": "in no list"} | {f"{lists}/{name}.txt:2": "not on disk" for name in NAMES}


def test_unpadded_ids_find_padded_files(source):
    text = LISTS["Aamir_Khan"].replace("00000001 ", "1 ").replace("00000002 ", "2 ").replace("00000030 ", "30 ")
    assert [photo.key for photo in sources.find(source(["images/Aamir_Khan/00000030.jpg"], {"Aamir_Khan": text})).photos] == [
        "Aamir_Khan/30"]


@pytest.mark.parametrize("below", ["", "files"])
def test_pictures_among_the_lists_are_cut_already_and_have_no_box(source, below):
    folder = source(["files/Aamir_Khan/00000001.png", "files/Aamir_Khan/00000002.err"])
    photos = sources.find(folder / below).photos
    assert [(photo.key, photo.box) for photo in photos] == [("Aamir_Khan/00000001", None)]


def test_a_field_before_the_address_shifts_the_others(source):
    shifted = LISTS["Aamir_Khan"].replace(" http", " uid17 http")
    photos = sources.find(source(["images/Aamir_Khan/00000001.jpg"], {"Aamir_Khan": shifted})).photos
    assert [(photo.key, photo.box) for photo in photos] == [("Aamir_Khan/00000001", BOX)]


def test_the_folder_with_the_most_pictures_is_taken(source):
    folder = source(["aligned/Aamir_Khan/5d41402abc.png", "aligned/Aamir_Khan/00000001.png",
                     "raw/Aamir_Khan/00000001.jpg", "raw/Aamir_Khan/00000002.jpg"])
    assert all("/raw/" in photo.location for photo in sources.find(folder).photos)


def test_lines_that_share_a_picture_give_one_photo_without_a_box(source):
    text = LINE.format(1, "same") + LINE.format(2, "same") + LINE.format(3, "other")
    listing = sources.find(source(["raw/A/same.jpg?w=3", "raw/A/other.jpg?w=3"], {"A": text}))
    assert [(photo.key, photo.box) for photo in listing.photos] == [("A/00000001", None), ("A/00000003", BOX)]
    assert listing.rejects == [("files/A.txt:2", "listed twice: as in line 1")]


BROKEN = {
    "00000002": "no id and address",
    "http://a/b.jpg 1 2 3 4": "no id and address",
    "00000002 http://a/b.jpg 1 2 3": "too few fields",
    "00000002 http://a/b.jpg 1 2 x 4 3.00 2.31 1": "could not convert",
    "00000002 http://a/b.jpg 1 2 nan 4 3.00 2.31 1": "no box: left 1, top 2, right nan, bottom 4",
    "00000002 http://a/b.jpg 1 2 1 4 3.00 2.31 1": "no box: left 1, top 2, right 1, bottom 4",
    "00000002 http://a/b.jpg 1 4 3 2 3.00 2.31 1": "no box: left 1, top 4, right 3, bottom 2",
    "\xff\xfe\x00": "no id and address",
    "\0": "no id and address",
}


@pytest.mark.parametrize("line", BROKEN)
def test_a_broken_line_is_a_reject_with_its_file_and_number(source, line):
    text = LINE.format(1, "one").encode() + b"\r\n" + line.encode("latin-1") + b"\r\n" + LINE.format(4, "four").encode()
    listing = sources.find(source(["images/A/00000001.jpg", "images/A/00000004.jpg"], {"A": text}))
    assert [photo.key for photo in listing.photos] == ["A/00000001", "A/00000004"]
    assert [(key, BROKEN[line] in reason) for key, reason in listing.rejects] == [("files/A.txt:3", True)]
    assert listing.rejects[0][1].startswith("broken line: ")


def test_an_address_in_another_encoding_does_no_harm(source):
    text = LINE.format(1, "fa\xe7ade").encode("latin-1")
    listing = sources.find(source(["images/A/00000001.jpg"], {"A": text}))
    assert listing.photos[0].box == BOX and listing.rejects == []


@hypothesis.given(strategies.binary() | strategies.text().map(str.encode) | strategies.lists(strategies.sampled_from(
    [b"1", b"http://a/b", b"nan", b"-1e999", b"3.5", b"\xff", b"\0", "\u0663".encode(), b"1_0", b"..", b"\x85"])).map(b" ".join))
def test_no_line_crashes_the_parser(text):
    try:
        line = vgg_face.parse(1, text)
    except ValueError as error:
        assert str(error).startswith("broken line: ") and "\n" not in str(error)
    else:
        left, top, right, bottom = line.box
        assert left < right and top < bottom and line.id and "http" in line.url.lower()


def test_a_list_that_cannot_be_read_is_a_reject(source):
    folder = source(["images/Aamir_Khan/00000001.jpg"])
    (folder / "files" / "Folder.txt").mkdir()
    assert ("files/Folder.txt", "cannot be read: Is a directory") in sources.find(folder).rejects


def test_lists_without_any_picture_say_what_was_looked_for(source):
    with pytest.raises(ValueError, match=r"none of their pictures; looked for <Name>/<id>.jpg.*images/<Name>"):
        sources.find(source(["images/somebody.jpg"]))


def test_texts_that_are_no_lists_make_no_vgg_face_source(source):
    folder = source(["files/1.jpg"], {"notes": "see http://example.org\n"})
    assert [photo.key for photo in sources.find(folder).photos] == ["files/1.jpg"]
