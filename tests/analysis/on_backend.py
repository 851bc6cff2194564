"""The tests of this room that ask a framework, on the backend of this interpreter.

Run by `test_backends` in an interpreter of its own, where Convscope has chosen the backend. What
is expected is the same everywhere: formulas written out with jax and NumPy, weights that were set
to zero in Keras, sums and boxes by hand.
"""

import sys
from pathlib import Path

import keras
import pytest

TESTS = Path(__file__).resolve().parents[1]

ASKED = [
    # Formulas of the eleven heat maps, and scores of every kind.
    "analysis/attribution/test_formulas.py",
    "analysis/attribution/test_heads.py",
    # Mute, solo, to zero and to the mean; ablation.
    "analysis/test_muting.py",
    "analysis/test_contributions.py::test_a_share_before_linear_layers_is_what_muting_costs",
    "analysis/test_contributions.py::test_ablation_of_more_channels_than_pass_at_once",
    # Units of every kind taken apart, all units compared, blank maps and what the bias gives.
    "analysis/test_arithmetic.py::test_convolutions",
    "analysis/test_arithmetic.py::test_poolings",
    "analysis/test_arithmetic.py::test_dense",
    "analysis/test_arithmetic.py::test_merges",
    "analysis/test_explanation.py",
    "analysis/test_verification.py",
    "views/test_maps.py::test_blank_maps_are_named_for_what_they_are",
    # The box and the effective field within it; images that excite.
    "analysis/test_receptive_field.py",
    "analysis/test_maximisation.py",
]
# Large networks, real files and what NumPy does alone: the same on every backend.
LEFT_OUT = ["published", "applications", "real_images", "corrupted", "altered", "unclipped",
            "enlarging"]  # fmt: skip


def main():
    assert keras.backend.backend() == sys.argv[1]
    asked = [str(TESTS / place) for place in ASKED]
    chosen = " and ".join(f"not {word}" for word in LEFT_OUT)
    status = pytest.main([*asked, "-k", chosen, "-p", "no:cacheprovider"])
    if status != pytest.ExitCode.OK:
        sys.exit(int(status))
    print("analysis agrees on", keras.backend.backend())
