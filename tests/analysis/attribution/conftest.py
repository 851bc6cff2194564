import pytest

from .networks import Classifier, images


@pytest.fixture(scope="session")
def classifier():
    return Classifier()


@pytest.fixture(scope="session")
def rectified():
    return Classifier(rectified=True)


@pytest.fixture(scope="session")
def photos():
    return images(3, 12, 16, 3)
