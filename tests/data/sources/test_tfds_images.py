"""Sources that are data sets of tensorflow-datasets: a split in its order, and what is not there is named."""
import io

import numpy as np
import PIL.Image
import pytest
import tensorflow_datasets as tfds

from morph3d.data import sources

COUNT = 12


def picture(number, kind="PNG"):
    stream = io.BytesIO()
    PIL.Image.fromarray(np.full([4, 5, 3], 10 * number, np.uint8)).save(stream, kind)
    return stream.getvalue()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The folder of three small data sets: of texts as labels in three files, of classes, and without labels or pictures."""
    folder = tmp_path_factory.mktemp("tensorflow_datasets")

    def prepare(name, features, examples, splits=("train",), files=1):
        class Faces(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version("1.2.3")

            def _info(self):
                return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

            def _split_generators(self, _):
                return {split: self._generate_examples() for split in splits}

            def _generate_examples(self):
                for number, example in enumerate(examples):
                    yield number, {name: io.BytesIO(value) if name == "image" else value for name, value in example.items()}

        Faces.name = name
        Faces(data_dir=folder).download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=files))

    image = tfds.features.Image(shape=(None, None, 3))
    with tfds.core.registered.skip_registration():
        prepare("named_faces", {"image": image, "label": tfds.features.Text()}, files=3, splits=("train", "test"), examples=[
            {"image": picture(number), "label": f"Ann_{number // 2}"} for number in range(COUNT)])
        prepare("class_faces", {"image": image, "label": tfds.features.ClassLabel(names=["Ann", "Bob"])}, [
            {"image": picture(number, "JPEG"), "label": number % 2} for number in range(COUNT)])
        prepare("nameless_faces", {"image": image}, [{"image": picture(number)} for number in range(COUNT)])
        prepare("no_faces", {"label": tfds.features.Text()}, [{"label": "Ann"}])
    return folder


@pytest.fixture(autouse=True)
def found_there(prepared, monkeypatch):
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(prepared))


def test_photos_of_a_split_in_its_order(prepared):
    listing = sources.find("tfds:named_faces")
    assert [photo.key for photo in listing.photos] == [f"named_faces/train#{number:02}" for number in range(COUNT)]
    assert [photo.location for photo in listing.photos] == [f"tfds:named_faces/train#{number}" for number in range(COUNT)]
    assert {(photo.version, photo.box) for photo in listing.photos} == {("1.2.3", None)}
    assert listing.rejects == []
    pictures = list(sources.contents(listing.photos))
    assert sorted(pictures) == sorted(map(picture, range(COUNT)))
    numbers = [[picture(number) for number in range(COUNT)].index(data) for data in pictures]
    assert [photo.person for photo in listing.photos] == [f"Ann_{number // 2}" for number in numbers]


def test_contents_of_any_selection(prepared):
    listed = sources.find("tfds:named_faces/test").photos
    pictures = list(sources.contents(listed))
    assert len(set(pictures)) == COUNT
    chosen = [5, 6, 7, 3, 3, 2, 11, 0]
    assert list(sources.contents(listed[number] for number in chosen)) == [pictures[number] for number in chosen]


def test_classes_are_named_and_pictures_keep_their_bytes(prepared):
    listed = sources.find("tfds:class_faces").photos
    jpegs = [picture(number, "JPEG") for number in range(COUNT)]
    shown = [jpegs.index(data) for data in sources.contents(listed)]
    assert [photo.person for photo in listed] == [["Ann", "Bob"][number % 2] for number in shown]
    assert sorted(shown) == list(range(COUNT))


def test_photos_without_labels_have_no_person(prepared):
    listed = sources.find("tfds:nameless_faces").photos
    assert [photo.person for photo in listed] == [""] * COUNT


def test_an_example_that_is_not_there_gives_an_error(prepared):
    listed = sources.find("tfds:nameless_faces").photos
    beyond = listed[-1]._replace(location=f"tfds:nameless_faces/train#{COUNT}")
    data, error = sources.contents([listed[-1], beyond])
    assert isinstance(data, bytes) and isinstance(error, OSError)


@pytest.mark.parametrize("source, message", [
    ("tfds:named_faces/validation", "tfds:named_faces/validation: no split 'validation'; it has test, train"),
    ("tfds:no_such_faces", "tfds:no_such_faces: tensorflow-datasets cannot load it: .*no_such_faces not found"),
    ("tfds:no_faces", "tfds:no_faces: no feature `image`; it has label"),
])
def test_what_is_not_there_is_named(prepared, source, message):
    with pytest.raises(ValueError, match=message):
        sources.find(source)


def test_a_data_set_that_cannot_be_downloaded_says_what_to_do(prepared, monkeypatch):
    def offline(*_, **__):
        raise ConnectionError("HTTPConnectionPool: no route\nand more")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", offline)
    with pytest.raises(ValueError, match=r"tfds:lfw: not prepared in .*lfw/0.1.1, and cannot be downloaded \(HTTPConnectionPool: "
                                         r"no route\); run `tfds build lfw`.*TFDS_DATA_DIR") as caught:
        sources.find("tfds:lfw")
    assert "\n" not in str(caught.value)
