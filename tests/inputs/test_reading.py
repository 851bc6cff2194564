"""One or many images, from whatever names or holds them."""

import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

from convscope.errors import ConvscopeError, ConvscopeWarning, InputError, SelectionError
from convscope.inputs import Image, read


def names(images):
    return [image.name for image in images]


def refusal(source, kind):
    with pytest.raises(ConvscopeError) as caught:
        read(source)
    assert isinstance(caught.value, kind)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def npz(tmp_path):
    images = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    np.savez(
        tmp_path / "my.npz", x_test=images, y_test=[2, 0, 1], x_train=images, y_train=[0, 1, 2]
    )
    return tmp_path / "my.npz"


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((6, 7), [(6, 7, 1)]),
        ((6, 7, 1), [(6, 7, 1)]),
        ((6, 7, 3), [(6, 7, 3)]),
        ((6, 7, 4), [(6, 7, 3)]),
        ((2, 6, 7), [(6, 7, 1)] * 2),
        ((3, 6, 7), [(6, 7, 1)] * 3),
        ((2, 6, 7, 1), [(6, 7, 1)] * 2),
        ((2, 6, 7, 3), [(6, 7, 3)] * 2),
        ((2, 6, 7, 4), [(6, 7, 3)] * 2),
    ],
)
def test_arrays_and_stacks(shape, sizes):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    images = read(array)
    assert [image.pixels.shape for image in images] == sizes
    assert names(images) == [f"image {place}" for place in range(len(sizes))]
    if shape == (2, 6, 7):
        np.testing.assert_array_equal(images[1].pixels[:, :, 0], array[1])


def test_a_dark_image_of_a_stack_is_taken_as_the_others():
    stack = np.zeros((2, 5, 5))
    stack[0] = 200
    stack[1] = 1
    with pytest.warns(ConvscopeWarning, match=r"0\.\.255"):
        images = read(stack)
    assert images[1].pixels.max() == 1


def test_files_and_pictures(tmp_path):
    PIL.Image.new("L", (3, 2), 9).save(tmp_path / "a.png")
    assert names(read(tmp_path / "a.png")) == ["a.png"]
    assert names(read(str(tmp_path / "a.png"))) == ["a.png"]
    several = read([tmp_path / "a.png", PIL.Image.new("RGB", (3, 2)), np.zeros((2, 3, 3, 1), bool)])
    assert names(several) == ["a.png", "image 1", "image 2", "image 3"]
    assert [image.pixels.shape[2] for image in several] == [1, 3, 1, 1]
    assert read(several) == several
    assert read(several[0]) == several[:1]
    assert read(iter(several[:2])) == several[:2]
    assert read([]) == []
    assert read(Image(np.zeros((1, 1, 1), np.uint8), "mine", 3))[0].label == 3


def test_arrays_of_other_libraries():
    torch = pytest.importorskip("torch")
    assert read(torch.zeros(6, 7, 3, dtype=torch.uint8))[0].pixels.shape == (6, 7, 3)
    gradient = torch.zeros(6, 7, requires_grad=True)
    assert "cannot be made an array" in refusal(gradient, InputError)


def test_dataset_items(npz):
    images = read([f"{npz}:0", f"{npz}/train:2", f"{npz}:2"])
    assert names(images) == ["my.npz:0", "my.npz/train:2", "my.npz:2"]
    assert [image.label for image in images] == [2, 2, 1]
    np.testing.assert_array_equal(images[2].pixels[:, :, 0].ravel(), np.arange(40, 60))
    assert "indices 0 to 2" in refusal(f"{npz}:3", SelectionError)
    assert "has no image -1" in refusal(f"{npz}:-1", SelectionError)


def test_dataset_is_opened_once(npz, monkeypatch):
    from convscope.inputs import reading

    opened = []
    open_dataset = reading.open_dataset
    monkeypatch.setattr(
        reading, "open_dataset", lambda name: opened.append(name) or open_dataset(name)
    )
    assert len(read([f"{npz}:{index}" for index in range(3)])) == 3
    assert opened == [str(npz)]


def test_items_of_folders(shared):
    images = read([f"{shared}/data/fashion_mnist:0", f"{shared}/data/mnist/train:0"])
    assert names(images) == ["fashion_mnist:0", "mnist/train:0"]
    assert [image.label for image in images] == [9, 5]
    (cat,) = read(f"{shared}/data/cats_dogs/test:3")
    assert (cat.name, cat.label) == ("cats_dogs:3", 0)


def test_items_of_names():
    pytest.importorskip("sklearn")
    assert names(read(["digits:3", "digits/train:3"])) == ["digits:3", "digits/train:3"]
    assert "did you mean 'digits'" in refusal("digts:3", SelectionError)
    assert "give a whole number, such as digits:0" in refusal("digits:x", SelectionError)
    assert "give one of it, as digits:0" in refusal("digits", SelectionError)
    assert "has no split 'tran'" in refusal("digits/tran:0", SelectionError)


def test_file_whose_name_has_a_colon_is_a_path(tmp_path):
    PIL.Image.new("L", (3, 2)).save(tmp_path / "digits:3", format="PNG")
    assert names(read(str(tmp_path / "digits:3"))) == ["digits:3"]


def test_drive_of_windows_is_a_path():
    for path in (r"C:\pictures\a.png", "C:5"):
        assert "there is no file" in refusal(path, InputError)


def test_names_that_no_file_can_have():
    for name in ("x" * 6000, "x" * 6000 + ":3", "a\0b:3", "a\0b"):
        assert refusal(name, ConvscopeError)


def test_url():
    assert "URLs are not fetched" in refusal("http://localhost:80", InputError)


@pytest.mark.parametrize("thing", [None, {"a": 1}, 3, [3], ["a.png", None][1:], b"bytes", [[1, 2]]])
def test_other_things(thing):
    assert "give a path, DATASET:INDEX, a PIL image, an array" in refusal(thing, InputError)


def test_importing_is_light():
    program = "import sys, convscope.inputs; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "PIL.Image" in found
    heavy = {
        "matplotlib",
        "xarray",
        "keras",
        "pandas",
        "sklearn",
        "jax",
        "tensorflow",
        "torch",
        "h5py",
    }
    assert not heavy & set(found)


def test_an_array_of_two_channels_is_refused():
    with pytest.raises(InputError, match=r"two channels.*\[\.\.\., None\]"):
        read(np.zeros((28, 28, 2), np.uint8))


def test_channels_first_is_taken_as_a_stack_with_a_warning():
    with pytest.warns(ConvscopeWarning, match="moveaxis"):
        assert len(read(np.zeros((3, 40, 40), np.uint8))) == 3
