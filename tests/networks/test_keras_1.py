"""Files of Keras 1: its words, its order of axes, Theano's mirrored kernels."""

import numpy as np
import pytest

import convscope
from convscope.errors import ConvscopeError, ConvscopeWarning

from .ages import convolved, correlated, functional, layer, sequential, values, write_h5
from .expected import TOLERANCE
from .models import photos

KERNEL, BIAS = values(4, 2, 3, 3, seed=1), values(4, seed=2)


def convolutional(ordering, shape):
    """Give a small classifier in the words of Keras 1, whose Sequential is a list."""
    common = {"trainable": True, "dim_ordering": ordering, "border_mode": "valid"}
    return {
        "class_name": "Sequential",
        "config": [
            layer(
                "Convolution2D", "convolution2d_1", batch_input_shape=[None, *shape], nb_filter=4,
                nb_row=3, nb_col=3, subsample=[1, 1], activation="relu", bias=True, init="glorot",
                W_regularizer=None, b_regularizer=None, activity_regularizer=None,
                W_constraint=None, b_constraint=None, input_dtype="float32", input_dim=None,
                **common,
            ),
            layer("MaxPooling2D", "maxpooling2d_1", pool_size=[2, 2], strides=[2, 2], **common),
            layer("Dropout", "dropout_1", p=0.25, trainable=True),
            layer("Flatten", "flatten_1", trainable=True),
            layer("Dense", "dense_1", output_dim=3, activation="linear", bias=True, init="uniform",
                  W_regularizer=None, input_dim=None),
        ],
    }  # fmt: skip


def weights(kernel, units):
    dense = {"dense_1_W": values(units, 3, seed=3), "dense_1_b": values(3, seed=4)}
    return {
        "convolution2d_1": {"convolution2d_1_W": kernel, "convolution2d_1_b": BIAS},
        "maxpooling2d_1": {},
        "dropout_1": {},
        "flatten_1": {},
        "dense_1": dense,
    }


def pooled(maps):
    """Give the largest of every 2 x 2 of (image, channel, y, x)."""
    n, c, y, x = maps.shape
    return maps.reshape(n, c, y // 2, 2, x // 2, 2).max((3, 5))


def test_theano_s_channels_first_kernels_are_turned_around(tmp_path):
    path = write_h5(
        tmp_path / "th.h5",
        convolutional("th", (2, 8, 8)),
        weights(KERNEL, 36),
        version="1.2.2",
        backend="theano",
    )
    x = photos(2, 2, 8, 8)
    maps = np.maximum(convolved(x, KERNEL, BIAS), 0)
    # Flatten goes through channels first, then rows: the order of the file's dense weights.
    flat = pooled(maps).reshape(2, -1)
    network = convscope.open(path)
    found = network.activations(x)
    assert next(entry.kind for entry in network.layers.values()) == "conv"
    np.testing.assert_allclose(found["convolution2d_1"], maps, **TOLERANCE)
    np.testing.assert_allclose(found["maxpooling2d_1"], pooled(maps), **TOLERANCE)
    dense = weights(KERNEL, 36)["dense_1"]
    np.testing.assert_allclose(
        found["dense_1"], flat @ dense["dense_1_W"] + dense["dense_1_b"], **TOLERANCE
    )
    assert convscope.verify(network).ok


def test_channels_first_on_tensorflow_is_a_correlation(tmp_path):
    path = write_h5(
        tmp_path / "th.h5", convolutional("th", (2, 8, 8)), weights(KERNEL, 36), version="1.2.2"
    )
    x = photos(2, 2, 8, 8)
    kernel = KERNEL.transpose(2, 3, 1, 0)
    maps = np.moveaxis(correlated(np.moveaxis(x, 1, -1), kernel, BIAS), -1, 1)
    found = convscope.open(path).activations(x)["convolution2d_1"]
    np.testing.assert_allclose(found, np.maximum(maps, 0), **TOLERANCE)


def test_a_file_that_names_no_backend_is_opened_with_a_warning(tmp_path):
    path = write_h5(
        tmp_path / "old.h5", convolutional("th", (2, 8, 8)), weights(KERNEL, 36), version=None,
        backend=None,
    )  # fmt: skip
    with pytest.warns(ConvscopeWarning, match="'backend'.*'theano'"):
        network = convscope.open(path)
    kernel = np.asarray(network.model.layers[0].kernel)
    np.testing.assert_array_equal(kernel, KERNEL.transpose(2, 3, 1, 0))


def test_subsample_is_a_stride_and_output_dim_a_width(tmp_path):
    kernel, matrix = values(3, 3, 1, 2), values(8, 4)
    layers = (
        layer("Convolution2D", "c", batch_input_shape=[None, 6, 6, 1], nb_filter=2, nb_row=3,
              nb_col=3, subsample=[2, 2], border_mode="valid", dim_ordering="tf", bias=False,
              activation="linear", input_dtype="float32"),
        layer("Flatten", "f"),
        layer("Dense", "d", output_dim=4, input_dim=8, bias=False, activation="linear"),
    )  # fmt: skip
    weights = {"c": {"c_W": kernel}, "f": {}, "d": {"d_W": matrix}}
    path = write_h5(tmp_path / "m.h5", sequential(*layers), weights, version="1.2.2")
    x = photos(2, 6, 6, 1)
    found = convscope.open(path).activations(x)
    strided = correlated(x, kernel)[:, ::2, ::2]
    np.testing.assert_allclose(found["c"], strided.transpose(0, 3, 1, 2), **TOLERANCE)
    np.testing.assert_allclose(found["d"], strided.reshape(2, -1) @ matrix, **TOLERANCE)


def test_tensorflow_s_order_of_keras_1(tmp_path):
    kernel = values(3, 3, 2, 4, seed=1)
    path = write_h5(
        tmp_path / "tf.h5", convolutional("tf", (8, 8, 2)), weights(kernel, 36), version="1.2.2"
    )
    x = photos(2, 8, 8, 2)
    network = convscope.open(path)
    maps = np.maximum(correlated(x, kernel, BIAS), 0)
    found = network.activations(x)
    np.testing.assert_allclose(found["convolution2d_1"], np.moveaxis(maps, -1, 1), **TOLERANCE)
    assert list(network.layers) == [
        "convolution2d_1", "maxpooling2d_1", "dropout_1", "flatten_1", "dense_1",
    ]  # fmt: skip


def test_a_theano_file_of_keras_2_is_not_left_to_keras_which_would_not_turn_it(tmp_path):
    kernel = values(3, 3, 1, 2, seed=1)
    config = {
        "class_name": "Sequential",
        "config": [
            layer("Conv2D", "conv", batch_input_shape=[None, 6, 6, 1], filters=2,
                  kernel_size=[3, 3], strides=[1, 1], padding="valid", dilation_rate=[1, 1],
                  data_format="channels_last", activation="linear", use_bias=True)
        ],
    }  # fmt: skip
    arrays = {"conv": {"conv/kernel:0": kernel, "conv/bias:0": np.zeros(2)}}
    path = write_h5(tmp_path / "model.h5", config, arrays, version="2.0.8", backend="theano")
    x = photos(1, 6, 6, 1)
    expected = convolved(np.moveaxis(x, -1, 1), kernel.transpose(3, 2, 0, 1))
    np.testing.assert_allclose(convscope.open(path).activations(x)["conv"], expected, **TOLERANCE)


def lstm(x, gates):
    """Compute an LSTM in NumPy with the hard sigmoid of Keras 1; the last step."""

    def hard(z):
        return np.clip(0.2 * z + 0.5, 0, 1)

    (wi, ui, bi), (wc, uc, bc), (wf, uf, bf), (wo, uo, bo) = gates
    h = c = np.zeros((len(x), ui.shape[0]))
    for step in np.moveaxis(x, 1, 0):
        i, f = hard(step @ wi + h @ ui + bi), hard(step @ wf + h @ uf + bf)
        o = hard(step @ wo + h @ uo + bo)
        c = f * c + i * np.tanh(step @ wc + h @ uc + bc)
        h = o * np.tanh(c)
    return h


def test_an_lstm_of_twelve_arrays_and_the_old_hard_sigmoid(tmp_path):
    gates = [
        (values(3, 5, seed=3 * g) * 4, values(5, 5, seed=3 * g + 1), values(5, seed=3 * g + 2))
        for g in range(4)
    ]
    config = {
        "class_name": "Sequential",
        "config": [
            layer("LSTM", "lstm_1", batch_input_shape=[None, 4, 3], output_dim=5,
                  activation="tanh", inner_activation="hard_sigmoid", init="glorot_uniform",
                  inner_init="orthogonal", forget_bias_init="one", dropout_W=0.0, dropout_U=0.0,
                  W_regularizer=None, U_regularizer=None, b_regularizer=None, input_dim=3,
                  input_length=4, return_sequences=False, go_backwards=False, stateful=False,
                  unroll=False, consume_less="cpu")
        ],
    }  # fmt: skip
    names = [f"lstm_1_{part}_{gate}" for gate in "icfo" for part in "WUb"]
    arrays = dict(zip(names, (array for gate in gates for array in gate), strict=True))
    path = write_h5(tmp_path / "lstm.h5", config, {"lstm_1": arrays}, version="1.2.2")
    x = photos(2, 4, 3) * 3
    found = convscope.open(path).activations(x)["lstm_1"]
    np.testing.assert_allclose(found, lstm(x, gates), **TOLERANCE)


def test_a_convolution_along_one_axis(tmp_path):
    kernel = values(3, 1, 2, 4)
    config = {
        "class_name": "Sequential",
        "config": [
            layer("Convolution1D", "conv", batch_input_shape=[None, 9, 2], nb_filter=4,
                  filter_length=3, border_mode="valid", subsample_length=2, activation="linear",
                  bias=True, input_dim=2, input_length=9),
            layer("MaxPooling1D", "pool", pool_length=2, stride=2, border_mode="valid"),
        ],
    }  # fmt: skip
    arrays = {"conv": {"conv_W": kernel, "conv_b": np.zeros(4)}, "pool": {}}
    path = write_h5(tmp_path / "model.h5", config, arrays, version="1.2.2")
    x = photos(1, 9, 2)
    steps = [np.tensordot(x[0, at : at + 3], kernel[:, 0], 2) for at in (0, 2, 4, 6)]
    found = convscope.open(path).activations(x)
    np.testing.assert_allclose(found["conv"][0].T, steps, **TOLERANCE)
    best = [np.maximum(steps[0], steps[1]), np.maximum(steps[2], steps[3])]
    np.testing.assert_allclose(found["pool"][0].T, best, **TOLERANCE)


@pytest.mark.parametrize(
    ("mode", "function"), [("sum", np.add), ("mul", np.multiply), ("max", np.maximum)]
)
def test_merges_of_keras_1(tmp_path, mode, function):
    merge = layer(
        "Merge",
        "m",
        [[["a", 0, 0], ["b", 0, 0]]],
        mode=mode,
        concat_axis=-1,
        dot_axes=-1,
        mode_type="raw",
        output_shape=None,
        arguments={},
    )
    inputs = [
        layer("InputLayer", name, [], batch_input_shape=[None, 3], input_dtype="float32")
        for name in "ab"
    ]
    config = functional(*inputs, merge, inputs=[["a", 0, 0], ["b", 0, 0]], outputs=[["m", 0, 0]])
    path = write_h5(tmp_path / "m.h5", config, {"a": {}, "b": {}, "m": {}}, version="1.2.2")
    a, b = photos(2, 3), photos(2, 3, seed=5)
    found = convscope.open(path).activations({"a": a, "b": b})["m"]
    np.testing.assert_allclose(found, function(a, b), **TOLERANCE)


def test_what_today_s_keras_cannot_do_is_named(tmp_path):
    config = {
        "class_name": "Sequential",
        "config": [
            layer("BatchNormalization", "bn", batch_input_shape=[None, 3], mode=2, axis=-1,
                  epsilon=1e-3, momentum=0.9)
        ],
    }  # fmt: skip
    path = write_h5(tmp_path / "bn.h5", config, {"bn": {"bn_gamma": np.ones(3)}}, version="1.2.2")
    with pytest.raises(ConvscopeError, match=r"layer 'bn' \(BatchNormalization\) has mode=2"):
        convscope.open(path)
