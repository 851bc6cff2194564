"""Files of Keras 2 that today's Keras does not open by itself, and what it would get wrong."""

import numpy as np
import pytest

import convscope
from convscope.errors import ConvscopeError

from .ages import correlated, functional, layer, sequential, values, write_archive, write_h5
from .expected import TOLERANCE
from .models import photos

CONV = {"kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "dilation_rate": [1, 1],
        "data_format": "channels_last", "activation": "linear", "use_bias": True,
        "kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 1.0}},
        "bias_initializer": {"class_name": "Zeros", "config": {}}}  # fmt: skip
INPUT = {"dtype": "float32", "sparse": False}


def given(name, *shape):
    return layer("InputLayer", name, [], batch_input_shape=[None, *shape], **INPUT)


def moving(maps):
    return np.moveaxis(maps, -1, 1)


def refusal(path, **options):
    with pytest.raises(ConvscopeError) as caught:
        convscope.open(path, **options)
    line = str(caught.value)
    assert "\n" not in line and len(line) < 600
    return line


def test_a_sequential_that_is_a_list(tmp_path):
    config = {
        "class_name": "Sequential",
        "config": [
            layer("Conv2D", "conv2d_1", batch_input_shape=[None, 6, 6, 1], filters=2, **CONV),
            layer("BatchNormalization", "bn", axis=-1, momentum=0.99, epsilon=0.001, scale=True,
                  center=True),
            layer("Activation", "activation_1", activation="relu"),
        ],
    }  # fmt: skip
    kernel, bias = values(3, 3, 1, 2), values(2, seed=1)
    gamma, beta, mean, variance = (values(2, seed=seed) + 0.7 for seed in range(2, 6))
    normal = {"bn/gamma:0": gamma, "bn/beta:0": beta, "bn/moving_mean:0": mean,
              "bn/moving_variance:0": variance}  # fmt: skip
    arrays = {"conv2d_1": {"conv2d_1/kernel:0": kernel, "conv2d_1/bias:0": bias}, "bn": normal,
              "activation_1": {}}  # fmt: skip
    network = convscope.open(write_h5(tmp_path / "model.h5", config, arrays))
    x = photos(2, 6, 6, 1)
    maps = (correlated(x, kernel, bias) - mean) / np.sqrt(variance + 0.001) * gamma + beta
    found = network.activations(x)
    assert list(found) == ["conv2d_1", "bn", "activation_1"]
    np.testing.assert_allclose(found["bn"], moving(maps), **TOLERANCE)
    np.testing.assert_allclose(found["activation_1"], np.maximum(moving(maps), 0), **TOLERANCE)


def depthwise(name, inbound=None, **config):
    settings = {key: CONV[key] for key in CONV if "kernel_" not in key}
    return layer("DepthwiseConv2D", name, inbound, kernel_size=[3, 3], depth_multiplier=1,
                 depthwise_initializer={"class_name": "VarianceScaling", "config": {}},
                 **(settings | {"groups": 1, "use_bias": False} | config))  # fmt: skip


def teachable():
    """Give a network as Teachable Machine exports it: a functional one nested in Sequentials."""
    inner = functional(
        given("input_1", 6, 6, 2),
        depthwise("dw", [[["input_1", 0, 0, {}]]]),
        layer("BatchNormalization", "dw_BN", [[["dw", 0, 0, {}]]], axis=[3], momentum=0.999,
              epsilon=0.001, center=True, scale=True, dtype="float32"),
        inputs=[["input_1", 0, 0]], outputs=[["dw_BN", 0, 0]], name="model1",
        class_name="Functional",
    )  # fmt: skip
    outer = sequential(
        layer("InputLayer", "model1_input", batch_input_shape=[None, 6, 6, 2], **INPUT),
        inner,
        layer("GlobalAveragePooling2D", "pool", data_format="channels_last"),
        name="sequential_1",
    )
    return sequential(
        layer("InputLayer", "x", batch_input_shape=[None, 6, 6, 2], **INPUT),
        outer,
        sequential(layer("Dense", "d", units=3, activation="linear", use_bias=False,
                         batch_input_shape=[None, 2]), name="sequential_3"),
        name="sequential_4",
    )  # fmt: skip


def test_depthwise_groups_in_nested_sequentials(tmp_path):
    kernel, dense = values(3, 3, 2, 1), values(2, 3, seed=9)
    gamma, beta, mean, variance = (values(2, seed=seed) + 0.7 for seed in range(2, 6))
    # What training changes comes first, of all the layers inside, then the statistics.
    inner = {"dw/depthwise_kernel:0": kernel, "dw_BN/gamma:0": gamma, "dw_BN/beta:0": beta,
             "dw_BN/moving_mean:0": mean, "dw_BN/moving_variance:0": variance}  # fmt: skip
    arrays = {"sequential_1": inner, "sequential_3": {"d/kernel:0": dense}}
    path = write_h5(tmp_path / "keras_model.h5", teachable(), arrays, version="2.4.0")
    network = convscope.open(path)
    assert list(network.layers) == [
        "sequential_1/model1/dw", "sequential_1/model1/dw_BN", "sequential_1/pool",
        "sequential_3/d",
    ]  # fmt: skip
    x = photos(1, 6, 6, 2)
    each = [correlated(x[..., [c]], kernel[:, :, [c]]) for c in range(2)]
    maps = (np.concatenate(each, -1) - mean) / np.sqrt(variance + 0.001) * gamma + beta
    found = network.activations(x)
    np.testing.assert_allclose(found["sequential_1/model1/dw_BN"], moving(maps), **TOLERANCE)
    np.testing.assert_allclose(found["sequential_3/d"], maps.mean((1, 2)) @ dense, **TOLERANCE)
    assert convscope.verify(network).ok


def test_depthwise_in_two_groups_is_refused(tmp_path):
    config = sequential(given("x", 6, 6, 2), depthwise("dw", groups=2))
    path = write_h5(
        tmp_path / "m.h5", config, {"dw": {"dw/depthwise_kernel:0": values(3, 3, 2, 1)}}
    )
    assert "layer 'dw' (DepthwiseConv2D) has groups=2" in refusal(path)


def recurrent(tmp_path, **config):
    common = {"units": 2, "activation": "tanh", "use_bias": True, "return_sequences": False}
    common |= {"recurrent_activation": "sigmoid", "unit_forget_bias": True, "implementation": 2}
    entry = layer("LSTM", "lstm", **(common | config))
    arrays = {"lstm/lstm_cell/kernel:0": values(3, 8), "lstm/lstm_cell/bias:0": values(8, seed=2),
              "lstm/lstm_cell/recurrent_kernel:0": values(2, 8, seed=1)}  # fmt: skip
    config = sequential(given("x", 4, 3), entry)
    return write_h5(tmp_path / "lstm.h5", config, {"lstm": arrays}, version="2.4.0"), arrays


def lstm(x, kernel, recurrent_kernel, bias, gate):
    h = c = np.zeros((len(x), 2))
    for step in np.moveaxis(x, 1, 0):
        i, f, g, o = np.split(step @ kernel + h @ recurrent_kernel + bias, 4, 1)
        c = gate(f) * c + gate(i) * np.tanh(g)
        h = gate(o) * np.tanh(c)
    return h


GATES = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    # Keras 3 opens such a file by itself, with clip(z / 6 + 0.5, 0, 1) instead.
    "hard_sigmoid": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
}


@pytest.mark.parametrize("gate", GATES)
def test_an_lstm_with_time_major(tmp_path, gate):
    path, arrays = recurrent(tmp_path, time_major=False, recurrent_activation=gate)
    x = photos(2, 4, 3) * 4
    kernel, bias, inner = arrays.values()
    found = convscope.open(path).activations(x)["lstm"]
    np.testing.assert_allclose(found, lstm(x, kernel, inner, bias, GATES[gate]), **TOLERANCE)


def test_time_first_is_refused(tmp_path):
    assert "time_major=True" in refusal(recurrent(tmp_path, time_major=True)[0])


def test_a_gru_from_before_reset_after(tmp_path):
    settings = {"units": 2, "activation": "tanh", "recurrent_activation": "sigmoid"}
    config = sequential(given("x", 3, 1), layer("GRU", "gru", **settings))
    kernel, inner, bias = values(1, 6), values(2, 6, seed=1), values(6, seed=2)
    arrays = {"gru/kernel:0": kernel, "gru/recurrent_kernel:0": inner, "gru/bias:0": bias}
    path = write_h5(tmp_path / "gru.h5", config, {"gru": arrays}, version="2.1.6")
    x = photos(2, 3, 1)
    h, sigmoid = np.zeros((2, 2)), GATES["sigmoid"]
    for step in np.moveaxis(x, 1, 0):
        z, r, n = np.split(step @ kernel + bias, 3, 1)
        z, r = sigmoid(z + h @ inner[:, :2]), sigmoid(r + h @ inner[:, 2:4])
        h = z * h + (1 - z) * np.tanh(n + (r * h) @ inner[:, 4:])
    np.testing.assert_allclose(convscope.open(path).activations(x)["gru"], h, **TOLERANCE)


@pytest.mark.parametrize("nested", ["Model", "Sequential"])
def test_a_submodel_that_appears_several_times(tmp_path, nested):
    dense = layer("Dense", "dense", units=2, activation="linear", use_bias=True)
    if nested == "Model":
        dense["inbound_nodes"] = [[["x", 0, 0, {}]]]
        shared = functional(given("x", 3), dense, inputs=[["x", 0, 0]],
                            outputs=[["dense", 0, 0]], name="shared")  # fmt: skip
    else:
        dense["config"]["batch_input_shape"] = [None, 3]
        shared = {"class_name": "Sequential", "config": [dense]}
    # The first call of a model is that of its making, so that those of the outer network are 1, 2.
    calls = [[["left", 0, 0, {}]], [["right", 0, 0, {}]]]
    config = functional(
        given("left", 3), given("right", 3),
        {**shared, "name": "shared", "inbound_nodes": calls},
        layer("Subtract", "difference", [[["shared", 1, 0, {}], ["shared", 2, 0, {}]]]),
        inputs=[["left", 0, 0], ["right", 0, 0]], outputs=[["difference", 0, 0]],
    )  # fmt: skip
    kernel = values(3, 2)
    arrays = {"shared": {"dense/kernel:0": kernel, "dense/bias:0": values(2)}}
    network = convscope.open(write_h5(tmp_path / "siamese.h5", config, arrays, version="2.2.2"))
    left, right = photos(2, 3), photos(2, 3, seed=5)
    found = network.activations({"left": left, "right": right})
    np.testing.assert_allclose(found["difference"], (left - right) @ kernel, **TOLERANCE)


def test_weights_go_to_their_names_where_the_order_differs(tmp_path):
    def dense(name, before):
        return layer("Dense", name, [[[before, 0, 0, {}]]], units=3, use_bias=False,
                     activation="linear")  # fmt: skip

    config = functional(
        given("x", 3), dense("second", "x"), dense("first", "x"),
        layer("Subtract", "out", [[["first", 0, 0, {}], ["second", 0, 0, {}]]]),
        inputs=[["x", 0, 0]], outputs=[["out", 0, 0]],
    )  # fmt: skip
    first, second = values(3, 3), values(3, 3, seed=1)
    arrays = {"first": {"first/kernel:0": first}, "second": {"second/kernel:0": second}}
    x = photos(2, 3)
    for names in (["first", "second"], ["second", "first"]):
        ordered = {name: arrays[name] for name in names}
        path = write_h5(tmp_path / f"{names[0]}.h5", config, ordered, version="2.2.2")
        found = convscope.open(path).activations(x)["out"]
        np.testing.assert_allclose(found, x @ (first - second), **TOLERANCE)


def archived(*names, module="keras.layers"):
    """Give a chain of 1 x 1 convolutions and rectifiers as Keras 2.13 writes it."""
    settings = CONV | {"kernel_size": [1, 1], "use_bias": False}
    before, layers = "x", [given("x", 4, 4, 2)]
    for name in names:
        cls, config = ("ReLU", {"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0})
        if name.startswith("c"):
            cls, config = "Conv2D", {"filters": 2, **settings}
        layers.append(layer(cls, name, [[[before, 0, 0, {}]]], **config))
        before = name
    for entry in layers:
        entry |= {"module": module, "registered_name": None}
        entry["build_config"] = {"input_shape": [None, 4, 4, 2]}
    found = functional(*layers, inputs=[["x", 0, 0]], outputs=[[before, 0, 0]], name="m",
                       class_name="Functional")  # fmt: skip
    return found | {"module": "keras.src.engine.functional", "registered_name": "Functional"}


def test_an_archive_of_keras_2_13(tmp_path):
    first, second, third = (values(1, 1, 2, 2, seed=seed) for seed in range(3))
    root = "_layer_checkpoint_dependencies"
    # A layer with weights counts twice: conv2d, conv2d_2, conv2d_4; one without counts once.
    stored = {
        f"{root}/input_layer/vars": None,
        f"{root}/conv2d/vars/0": first,
        f"{root}/re_lu/vars": None,
        f"{root}/conv2d_2/vars/0": second,
        f"{root}/re_lu_1/vars": None,
        f"{root}/conv2d_4/vars/0": third,
    }
    path = tmp_path / "model.keras"
    write_archive(path, archived("c1", "r1", "c2", "r2", "c3"), stored)
    x = photos(1, 4, 4, 2)
    one = np.maximum(x @ first[0, 0], 0)
    two = np.maximum(one @ second[0, 0], 0)
    found = convscope.open(path).activations(x)
    assert list(found) == ["c1", "r1", "c2", "r2", "c3"]
    np.testing.assert_allclose(found["r1"], moving(one), **TOLERANCE)
    np.testing.assert_allclose(found["c3"], moving(two @ third[0, 0]), **TOLERANCE)


def test_an_archive_whose_weights_are_of_another_network(tmp_path):
    root = "_layer_checkpoint_dependencies"
    path = tmp_path / "model.keras"
    write_archive(path, archived("c1", "r1", "c2"), {f"{root}/conv2d/vars/0": values(1, 1, 2, 2)})
    assert "conv2d" in refusal(path) and "do not fit" in refusal(path)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"d": {"d/kernel:0": values(4, 2), "d/bias:0": values(2)}}, "4 x 2 in the file"),
        ({"d": {"d/kernel:0": values(3, 2)}}, "wants 2 weights, and the file has 1"),
        ({"d": {"d/kernel:0": values(3, 2)}, "e": {"e/bias:0": values(2)}}, "'e' is only among"),
        ({"d": {}}, "'d' has no weights"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit(tmp_path, arrays, said):
    dense = layer("Dense", "d", batch_input_shape=[None, 3], units=2, use_bias=True)
    config = {"class_name": "Sequential", "config": [dense]}
    assert said in refusal(write_h5(tmp_path / "model.h5", config, arrays))


def test_a_call_on_what_is_not_there(tmp_path):
    dense = layer("Dense", "d", [[["y", 0, 0, {}]]], units=2, use_bias=False)
    config = functional(given("x", 3), dense, inputs=[["x", 0, 0]], outputs=[["d", 0, 0]])
    path = write_h5(tmp_path / "model.h5", config, {"d": {"d/kernel:0": values(3, 2)}})
    assert "'y'" in refusal(path) and "not in the file" in refusal(path)


def test_a_configuration_that_would_fill_the_memory(tmp_path):
    dense = layer("Dense", "d", batch_input_shape=[None, 3], units=10**12, use_bias=False)
    config = {"class_name": "Sequential", "config": [dense]}
    path = write_h5(tmp_path / "model.h5", config, {"d": {"d/kernel:0": values(3, 2)}})
    assert "wants weights of 3 x 1000000000000" in refusal(path)
