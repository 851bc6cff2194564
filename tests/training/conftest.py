"""Small sets of pictures, made for the tests of training."""

import numpy as np
import PIL.Image
import pytest


@pytest.fixture
def make_folder(tmp_path):
    """Give a function that writes coloured JPEGs into class folders of splits."""

    def make(splits=("train", "val", "test"), classes=("CAT", "DOG"), count=4, name="photographs"):
        rng = np.random.default_rng(0)
        folder = tmp_path / name
        for split in splits:
            for label, part in enumerate(classes):
                (folder / split / part).mkdir(parents=True)
                for index in range(count):
                    pixels = rng.integers(0, 60, (40, 50, 3), dtype=np.uint8)
                    pixels[:, :, label % 3] += 180
                    picture = PIL.Image.fromarray(pixels)
                    picture.save(folder / split / part / f"{part}.{index}.jpg")
        return folder

    return make
