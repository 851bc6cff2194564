"""The same layer of two networks."""

import keras
import numpy as np
import pytest

import convscope
from convscope.errors import SelectionError
from convscope.pictures import read_provenance


@pytest.fixture(scope="module")
def trained(network):
    """Give the network with one kernel of its second layer changed."""
    model = keras.models.clone_model(network.model)
    model.set_weights(network.model.get_weights())
    model.name = "trained"
    kernel, bias = model.get_layer("conv").get_weights()
    bias[0] += 0.25
    kernel[..., 0] = np.abs(kernel[..., 0])
    kernel[..., 3] *= 2
    model.get_layer("conv").set_weights([kernel, bias])
    return convscope.open(model)


def test_the_difference_is_what_is_new_less_what_was(network, trained, photos):
    found = convscope.difference(network, trained, photos, "conv")
    one, other = (part.activations(photos, "conv")["conv"] for part in (network, trained))
    np.testing.assert_array_equal(found.maps["one"], one)
    np.testing.assert_array_equal(found.maps["other"], other)
    np.testing.assert_array_equal(found.maps["difference"], other.values - one.values)
    assert found.maps["difference"].dims == ("image", "channel", "y", "x")
    assert np.abs(found.maps["difference"]).max() > 0.1
    assert not found.maps["difference"].sel(channel=[1, 2]).any()


def test_both_have_one_scale_and_the_difference_is_around_zero(network, trained, photos, tmp_path):
    found = convscope.difference(network, trained, photos, "conv")
    drawing = found.drawing(1)
    words = [text.get_text() for text in drawing.figure.axes[0].texts]
    assert {"views", "trained", "trained less views", "conv, image 1", "one scale for both"} <= set(
        words
    )
    drawing.save(tmp_path / "difference.png")
    told = read_provenance(tmp_path / "difference.png")
    assert told["networks"] == ["views", "trained"]
    one, other, between = told["pictures"]
    image = found.maps.isel(image=1)
    both = np.stack([image["one"], image["other"]])
    for part in (one, other):
        assert (part["low"], part["high"]) == pytest.approx((both.min(), both.max()))
    largest = float(np.abs(image["difference"]).max())
    assert (between["low"], between["high"]) == pytest.approx((-largest, largest))
    assert between["colormap"] == "RdBu"


def test_networks_of_one_name_are_told_apart_by_their_files(network, photos, tmp_path):
    for name in ("early", "late"):
        network.model.save(tmp_path / f"{name}.keras")
    early, late, again = (
        convscope.open(tmp_path / f"{name}.keras") for name in ("early", "late", "late")
    )
    assert convscope.difference(early, late, photos, "conv").names == ("early.keras", "late.keras")
    assert convscope.difference(late, again, photos, "conv").names == ("views", "views (other)")
    assert convscope.difference(late, late, photos, "conv").names == ("views", "views")


@pytest.mark.parametrize("layer", ["signed", "mean", "classes", -1])
def test_layers_of_every_kind_are_drawn(network, photos, layer, tmp_path):
    """A network has nothing between itself and itself."""
    found = convscope.difference(network, network, photos, layer)
    assert not found.maps["difference"].any()
    found.drawing().save(tmp_path / "same.svg")


def test_what_cannot_be_compared(network, trained, photos):
    narrow = convscope.open(
        keras.Sequential(
            [keras.Input((10, 14, 3)), keras.layers.Conv2D(2, 1, name="conv")], name="narrow"
        )
    )
    cases = [
        (narrow, "conv", r"'conv' is 4 x 10 x 14 in views and 2 x 10 x 14 in narrow: choose"),
        (trained, "cnv", "no layer is called 'cnv'"),
        (trained, "conv,signed", "means 2 layers of views: give one"),
    ]
    for other, layer, words in cases:
        with pytest.raises(SelectionError, match=words):
            convscope.difference(network, other, photos, layer)
    with pytest.raises(SelectionError, match="no image 2: the 2 images have indices 0 to 1"):
        convscope.difference(network, trained, photos, "conv").drawing(2)


def test_a_pruned_network_differs_in_the_maps_that_are_gone(network, photos):
    import keras

    pruned = keras.models.clone_model(network.model)
    pruned.set_weights(network.model.get_weights())
    layer = next(one for one in pruned.layers if isinstance(one, keras.layers.Conv2D))
    kernel, *bias = layer.get_weights()
    kernel[..., 1] = 0
    layer.set_weights([kernel, *(np.where(np.arange(len(b)) == 1, 0, b) for b in bias)])
    found = convscope.difference(network, convscope.open(pruned), photos, layer.name).maps
    assert np.array_equal(found["difference"][:, 1], found["other"][:, 1] - found["one"][:, 1])
    assert np.abs(found["one"][:, 1]).max() > 0
    others = [channel for channel in range(kernel.shape[-1]) if channel != 1]
    assert np.abs(found["difference"][:, others]).max() == 0


def test_a_quantised_network_is_compared_with_the_whole_one(tmp_path):
    onnx = pytest.importorskip("onnx")
    quantization = pytest.importorskip("onnxruntime.quantization")
    runtime = pytest.importorskip("onnxruntime")
    rng = np.random.default_rng(0)
    make = onnx.helper
    kernel = onnx.numpy_helper.from_array(rng.normal(size=(4, 1, 3, 3)).astype("f4"), "kernel")
    graph = make.make_graph(
        [
            make.make_node("Conv", ["x", "kernel"], ["maps"], name="conv"),
            make.make_node("Relu", ["maps"], ["y"], name="relu"),
        ],
        "small",
        [make.make_tensor_value_info("x", 1, ["n", 1, 8, 8])],
        [make.make_tensor_value_info("y", 1, ["n", 4, 6, 6])],
        [kernel],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "whole.onnx")
    images = rng.random((3, 1, 8, 8), np.float32)

    class Seen(quantization.CalibrationDataReader):
        """Gives the images once."""

        def __init__(self):
            self.left = [{"x": images}]

        def get_next(self):
            return self.left.pop() if self.left else None

    quantization.quantize_static(
        tmp_path / "whole.onnx", tmp_path / "quantised.onnx", Seen(),
        quant_format=quantization.QuantFormat.QDQ,
    )  # fmt: skip
    one, other = (convscope.open(tmp_path / f"{name}.onnx") for name in ("whole", "quantised"))
    found = convscope.difference(one, other, images, "conv").maps["difference"].values
    # What ONNX Runtime itself says of both, before the rectifier where they are positive.
    outputs = [
        runtime.InferenceSession(tmp_path / f"{name}.onnx").run(None, {"x": images})[0]
        for name in ("whole", "quantised")
    ]
    positive = (outputs[0] > 0.1) & (outputs[1] > 0.1)
    step = np.abs(outputs[1]).max() / 255
    assert 0 < np.abs(found).max() < 4 * step
    np.testing.assert_allclose(
        found[positive], (outputs[1] - outputs[0])[positive], atol=1.5 * step
    )
