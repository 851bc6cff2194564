"""Which layers are meant."""

import pytest

import convscope
from convscope.errors import SelectionError

from .models import classifier

ALL = ["conv2d", "pool", "bn", "drop", "flatten", "dense", "dense_1"]


@pytest.fixture(scope="module")
def network():
    return convscope.open(classifier())


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        (None, ALL),
        ("pool", ["pool"]),
        ("dense*", ["dense", "dense_1"]),
        ("*", ALL),
        ("[bp]*", ["pool", "bn"]),
        ("kind:dense", ["dense", "dense_1"]),
        ("kind:conv,kind:pool", ["conv2d", "pool"]),
        ("kind:norm*", ["bn"]),
        (0, ["conv2d"]),
        ("0", ["conv2d"]),
        (-1, ["dense_1"]),
        ("-1", ["dense_1"]),
        ("0:4", ALL[:4]),
        (":2", ALL[:2]),
        ("-2:", ALL[-2:]),
        ("::3", ALL[::3]),
        (slice(1, 3), ALL[1:3]),
        ("dense_1, conv2d", ["conv2d", "dense_1"]),
        (["pool", 0, "pool"], ["conv2d", "pool"]),
        (["dense:linear", "dense"], ["dense:linear", "dense"]),
        ("dense*:linear", ["dense:linear", "dense_1:linear"]),
    ],
)
def test_what_is_chosen_in_execution_order(network, selector, names):
    assert [layer.name for layer in network.select(selector)] == names


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("conv2", "did you mean 'conv2d'"),
        ("xyz*", "no layer is called 'xyz\\*': one of: conv2d"),
        ("kind:convolution", "no layer is of kind 'convolution'"),
        (7, "there is no layer 7: the 7 layers have indices 0 to 6"),
        ("-8", "there is no layer -8"),
        ("9:12", "the slice 9:12 chooses none of the 7 layers"),
        ("pool:linear", "names no linear part"),
        ("conv2:linear", "did you mean 'conv2d'"),
        ("", "no layer is called ''"),
        ("::0", "the slice ::0 chooses none"),
    ],
)
def test_what_is_not_there(network, selector, said):
    with pytest.raises(SelectionError, match=said) as caught:
        network.select(selector)
    assert caught.value.status == 2 and "\n" not in str(caught.value)
