"""The line of an error that says why."""

import pytest

from convscope.networks.reasons import reason_of

KERAS_CALL = (
    "Exception encountered when calling Dense.call().\n\n\x1b[1mIncompatible shapes: 3 and 4"
    "\x1b[0m\n\nArguments received by Dense.call():\n  • inputs=..."
)
KERAS_FILE = (
    "<class 'Dense'> could not be deserialized properly.\n\nconfig={...}.\n\n"
    "Exception encountered: Error when deserializing\n\n"
    "Exception encountered: Could not locate function 'steep'. Make"
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no data\nmore"), "no data"),
        (ValueError("\n\n  wide   spaces \n"), "wide spaces"),
        (ValueError(), "ValueError"),
        (ValueError(KERAS_CALL), "Incompatible shapes: 3 and 4"),
        (ValueError(KERAS_FILE), "Could not locate function 'steep'. Make"),
        (ValueError("x" * 500), "x" * 237 + "..."),
    ],
)
def test_why(error, reason):
    assert reason_of(error) == reason
