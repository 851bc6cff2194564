"""What a recipe reads: the order of its batches, and data that it cannot take."""

import numpy as np
import PIL.Image
import pytest

from convscope.errors import InputError
from convscope.inputs.preparation import Preparation
from convscope.training.distortion import Distortion
from convscope.training.recipes import RECIPES
from convscope.training.samples import Samples, open_splits

CATS = RECIPES["cats-vs-dogs"]


def few(count=10):
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    return Samples(images, np.arange(count), Preparation((2, 2), 1))


def taken(batches, count):
    found = [next(batches) for _ in range(count)]
    for images, labels in found:
        assert images.dtype == np.float32
        np.testing.assert_allclose(images[:, 0, 0, 0], labels / 255, rtol=1e-6)
    return [labels.tolist() for _, labels in found]


def test_every_image_once_an_epoch_in_a_new_order():
    batches = taken(few().drawn(4, 3, None, np.random.default_rng(0)), 6)
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    first, second = ([*a, *b, *c] for a, b, c in (batches[:3], batches[3:]))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second != list(range(10))


def test_fewer_steps_take_part_of_the_images():
    batches = taken(few().drawn(4, 2, None, np.random.default_rng(0)), 4)
    assert [len(set(batch)) for batch in batches] == [4, 4, 4, 4]
    assert not set(batches[0]) & set(batches[1])


def test_in_order():
    samples = few()
    assert [labels.tolist() for _, labels in samples.in_order(4)] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]


def test_distortion_reaches_the_batches():
    batches = few().drawn(10, 1, Distortion(shift=0.5), np.random.default_rng(0))
    images, labels = next(batches)
    assert not np.allclose(images[:, 0, 0, 0], labels / 255)


def test_a_folder_in_three_splits(make_folder):
    folder = make_folder()
    splits = open_splits(CATS, folder)
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [8, 8, 8]
    assert splits.train.images.shape == (8, 150, 150, 3)
    assert splits.labels == ("cat", "dog")
    np.testing.assert_array_equal(splits.test.labels, [0] * 4 + [1] * 4)
    with PIL.Image.open(folder / "train" / "DOG" / "DOG.1.jpg") as picture:
        plain = picture.resize((150, 150), PIL.Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(splits.train.images[5], np.asarray(plain))


def test_without_a_test_split_validation_is_the_test(make_folder):
    splits = open_splits(CATS, make_folder(("train", "validation"), ("cats", "dogs")))
    assert splits.test is splits.validation
    assert splits.labels == ("cat", "dog")


def test_other_classes_keep_their_names(make_folder):
    splits = open_splits(CATS, make_folder(("train", "test"), ("horses", "humans")))
    assert splits.labels == ("horses", "humans")
    assert splits.validation is None


def test_idx_folder(shared):
    splits = open_splits(RECIPES["fashion-mnist"], shared / "data" / "fashion_mnist")
    assert splits.train.images.shape == (60_000, 28, 28, 1)
    # The first ten labels, as printed in many a lesson.
    assert splits.test.labels[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert splits.labels[9] == "Ankle boot"


def refusal(data, recipe=CATS):
    with pytest.raises(InputError) as caught:
        open_splits(recipe, data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_offline_without_data(tmp_path, monkeypatch):
    import keras

    def load_data():
        raise Exception("URL fetch failure")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", load_data)
    message = refusal(None, RECIPES["mnist"])
    assert "mnist is not cached and could not be downloaded" in message
    assert message.endswith("(a folder is given with --data DIR)")


def test_a_folder_without_splits(make_folder):
    message = refusal(make_folder(("all",)) / "all")
    assert "holds no splits" in message
    assert "give a folder with train/ and test/" in message


def test_a_folder_with_training_images_alone(make_folder):
    message = refusal(make_folder(("train",)))
    assert "holds train, and training needs train and test (or val)" in message


def test_three_classes_for_two(make_folder):
    message = refusal(make_folder(("train", "test"), ("cat", "cow", "dog")))
    assert "has 3 classes, and cats-vs-dogs tells 2 apart (cat, dog)" in message


def test_two_classes_for_ten(make_folder):
    message = refusal(make_folder(("train", "test")), RECIPES["mnist"])
    assert "has 2 classes, and mnist tells 10 apart (0, 1, 2, 3, 4, 5, ...)" in message


def test_splits_with_other_folders(make_folder):
    folder = make_folder(("train", "test"))
    (folder / "test" / "CAT").rename(folder / "test" / "BAT")
    message = refusal(folder)
    assert "(test) has the classes BAT, DOG where train has CAT, DOG" in message
    assert "give every split the same folders" in message


def test_no_labels(tmp_path):
    path = tmp_path / "bare.npz"
    images = np.zeros((3, 28, 28), np.uint8)
    np.savez(path, x_train=images, x_test=images)
    assert "has no labels: give data that has" in refusal(path, RECIPES["mnist"])


def test_a_damaged_picture(make_folder):
    folder = make_folder()
    (folder / "val" / "CAT" / "CAT.2.jpg").write_bytes(b"no picture")
    assert "CAT.2.jpg" in refusal(folder)
