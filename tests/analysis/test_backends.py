"""What the room says does not depend on the backend."""

import pytest
from interpreters import NAMES, on_backend


@pytest.mark.parametrize("name", NAMES)
def test_analysis_is_the_same_on_every_backend(name):
    # The networks are small: several threads would only wait for each other.
    said = on_backend(name, "analysis", KERAS_BACKEND=name, OMP_NUM_THREADS="1")
    assert said == f"analysis agrees on {name}"
