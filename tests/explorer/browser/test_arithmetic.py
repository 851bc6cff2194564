"""arithmetic.js takes units apart as convscope.explain does, whatever the layer."""

import os

import numpy as np
import pytest

from convscope.explorer.session import Session
from convscope.networks import open_network

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

_TAKE_APART = """async (cases) => {
    const { accountOf } = await import("/arithmetic.js");
    const { strongestOf } = await import("/sums.js");
    const { accountFrom } = await import("/told.js");
    return cases.map(({ recipe, inputs, place, told, logits }) => {
        const given = recipe.kernel && { shape: recipe.kernel.shape, data: Float32Array.from(recipe.kernel.data) };
        const own = { ...recipe, kernel: given };
        const described = (account) => {
            const { strongest, others, rest } = strongestOf(account, 4);
            return { value: account.value, sum: account.sum, bias: account.bias, scale: account.scale, winner: account.winner,
                products: [...account.products].map((one) => (Number.isNaN(one) ? null : one)),
                patch: [...account.part(strongest[0] ?? 0).patch].map((one) => (Number.isNaN(one) ? null : one)),
                top: strongest.map((at) => [account.from(at), account.products[at]]), others, rest };
        };
        const volumes = inputs.map((one) => ({ ...one, values: Float32Array.from(one.values) }));
        const account = accountOf(own, volumes, recipe.channel, place, logits);
        return [account && described(account), described(accountFrom(told, own))];
    });
}"""  # noqa: E501


def _image_model():
    """Give a network with one of every kind of layer that maps have."""
    layers = keras.layers
    start = keras.Input((9, 10, 3), name="image")
    first = layers.Conv2D(8, 3, name="first")(start)
    ends = [
        layers.Conv2D(6, 3, padding="same", strides=2, activation="relu", name="same")(first),
        layers.Conv2D(4, 3, dilation_rate=2, activation="tanh", name="dilated")(first),
        layers.Conv2D(8, (1, 3), groups=4, activation="elu", name="grouped")(first),
        layers.DepthwiseConv2D(3, depth_multiplier=2, activation="gelu", name="depthwise")(first),
        layers.SeparableConv2D(5, 3, activation="silu", name="separable")(first),
        layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="selu", name="wide")(
            first
        ),
        layers.Dense(7, activation="sigmoid", name="everywhere")(first),
        layers.MaxPooling2D(3, strides=2, padding="same", name="largest")(first),
        layers.AveragePooling2D(3, strides=2, padding="same", name="average")(first),
        layers.GlobalAveragePooling2D(name="mean_of_all")(first),
        layers.GlobalMaxPooling2D(name="largest_of_all")(first),
        layers.ZeroPadding2D(((1, 2), (0, 3)), name="padded")(first),
        layers.UpSampling2D(2, name="twice")(first),
        layers.ReLU(max_value=0.5, negative_slope=0.1, name="bent")(first),
        layers.PReLU(shared_axes=[1, 2], alpha_initializer="glorot_uniform", name="slopes")(first),
        layers.Activation("softplus", name="soft")(first),
    ]
    normed = layers.BatchNormalization(name="normed")(first)
    ends += [
        merge(name=name)([first, normed])
        for name, merge in {
            "plus": layers.Add,
            "minus": layers.Subtract,
            "times": layers.Multiply,
            "between": layers.Average,
            "greater": layers.Maximum,
            "smaller": layers.Minimum,
            "joined": layers.Concatenate,
        }.items()
    ]
    ends.append(layers.Concatenate(axis=1, name="below")([first, normed]))
    flat = layers.Flatten(name="flat")(first)
    scores = layers.Dense(5, activation="softmax", name="scores")(flat)
    return keras.Model(start, [scores, *ends])


def _signal_model():
    layers = keras.layers
    start = keras.Input((20, 3), name="signal")
    first = layers.Conv1D(4, 3, name="first")(start)
    causal = layers.Conv1D(4, 3, dilation_rate=2, padding="causal", name="causal")(first)
    pooled = layers.MaxPooling1D(3, name="largest")(first)
    return keras.Model(start, [causal, pooled])


def _volume_model():
    layers = keras.layers
    start = keras.Input((5, 6, 7, 2), name="volume")
    first = layers.Conv3D(3, 2, name="first")(start)
    second = layers.Conv3D(4, (2, 3, 2), padding="same", strides=(1, 2, 1), name="second")(first)
    pooled = layers.AveragePooling3D(2, name="average")(first)
    return keras.Model(start, [second, pooled])


def _numbers(reply, buffers):
    """Put the arrays of a reply in their places."""
    if isinstance(reply, dict) and "buffer" in reply:
        data = np.frombuffer(buffers[reply["buffer"]], np.dtype(reply["dtype"]).newbyteorder("<"))
        return {"shape": reply["shape"], "data": data.tolist()}
    if isinstance(reply, dict):
        return {key: _numbers(one, buffers) for key, one in reply.items()}
    return [_numbers(one, buffers) for one in reply] if isinstance(reply, list) else reply


def _cases(model, skipped=("first",)):
    """Ask a session of a model for units of all its layers, and for what the page has then."""
    for weights in model.weights:
        seed = sum(map(ord, weights.path))
        drawn = np.random.default_rng(seed).normal(size=weights.shape) * 0.4
        weights.assign(np.abs(drawn) + 0.5 if "variance" in weights.path else drawn)
    network = open_network(model)
    shape = (1, *model.inputs[0].shape[1:])
    picture = np.random.default_rng(5).random(shape).astype(np.float32)
    session = Session(network, {network.inputs[0].name: picture})

    def ask(**message):
        reply, buffers = session.answer({"id": 1, **message})
        assert reply["type"] != "error", reply
        return _numbers(reply, buffers)

    run = ask(type="run", image=0)
    logits = run["logits"] and run["logits"]["data"]
    maps = {name: ask(type="layer", run=run["run"], layer=name) for name in network.layers}
    recorded = session.runs.get(run["run"])
    for name, layer in network.layers.items():
        if maps[name]["depth"]:
            # Of a volume the page holds one slice; here all of it is taken apart.
            maps[name]["values"]["data"] = recorded.values(layer).ravel().tolist()
    found = []
    for name, own in maps.items():
        if name in skipped:
            continue
        count, height, width = own["shape"]
        for channel, y, x in {(0, 0, 0), (count - 1, height // 2, width // 3)}:
            recipe = ask(type="weights", layer=name, channel=channel)
            told = ask(type="unit", run=run["run"], layer=name, channel=channel, unit=[y, x])
            inputs = [
                {
                    "values": maps[source]["values"]["data"],
                    "channels": maps[source]["shape"][0],
                    "space": maps[source]["space"],
                }
                for source in recipe["sources"]
            ]
            found.append(
                {
                    "recipe": recipe,
                    "inputs": inputs,
                    "place": told["unit"],
                    "told": told,
                    "logits": logits if name == "scores" else None,
                }
            )
    return found


@pytest.mark.parametrize("make", [_image_model, _signal_model, _volume_model])
def test_takes_units_apart_as_python_does(make, open_page):
    cases = _cases(make())
    page = open_page()
    found = page.evaluate(_TAKE_APART, cases)
    computed = set()
    for case, (own, read) in zip(cases, found, strict=True):
        told, recipe = case["told"], case["recipe"]
        label = f"{recipe['layer']} {recipe['channel']} {case['place']}"
        # The two kernels of a separable convolution come as one, in float32.
        near = 1e-9 if recipe["operation"] != "separable convolution" else 1e-6
        for account in filter(None, (own, read)):
            # The page shows the slope of a PReLU as its function, Python as its product.
            if told["activation"] != "prelu" or account is read:
                assert account["sum"] == pytest.approx(told["sum"], rel=near, abs=1e-12), label
            assert account["value"] == pytest.approx(told["value"], rel=near, abs=1e-12), label
            assert account["bias"] == pytest.approx(told["bias"], abs=1e-12), label
            assert account["winner"] == told["winner"], label
            _check_products(account, told, recipe["kernel"], near, label)
        if own is None:
            continue
        computed.add(recipe["layer"])
        # The framework computed it in float32.
        assert abs(own["value"] - told["recorded"]) <= told["tolerance"] * own["scale"], label
    unknown = {case["recipe"]["layer"] for case in cases} - computed
    # How a reshape moves values is known in Python alone.
    assert unknown <= {"flat"}


def _check_products(account, told, kernel, near, label):
    """Every product is Python's, and with the bias they add up to the sum."""
    ranked = [one["product"] for one in told["products"]]
    count = kernel["shape"][0] if kernel else len(ranked)
    assert np.allclose([one for _, one in account["top"]], ranked[:4], rtol=near, atol=1e-12), label
    assert account["others"] == max(0, count - 4), label
    if told["computes"] in {"convolution", "transposed convolution", "separable convolution",
                            "dense", "affine", "sum"}:  # fmt: skip
        froms = [one["from"] for one in told["products"]][:4]
        sizes = np.abs([*ranked, 0.0])
        # Products of one size may stand in any order.
        if told["computes"] != "sum" and len(np.unique(sizes.round(9))) == len(sizes):
            assert [name for name, _ in account["top"]] == froms, label
        total = sum(one for _, one in account["top"]) + account["rest"] + account["bias"]
        assert total == pytest.approx(account["sum"], rel=1e-9, abs=1e-12), label


def test_applies_activation_functions_as_keras_does(open_page):
    names = ["relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish",
             "sigmoid", "hard_sigmoid", "log_sigmoid", "sparse_sigmoid", "hard_silu", "tanh",
             "hard_tanh", "tanh_shrink", "soft_shrink", "hard_shrink", "softplus", "sparse_plus",
             "squareplus", "softsign", "exponential", "linear"]  # fmt: skip
    x = np.concatenate([np.linspace(-6, 6, 97), [-30.0, 30.0, 0.5, -0.5, 1e-6]])
    found = open_page().evaluate(
        """async ([names, x]) => {
            const { activate } = await import("/activate.js");
            return names.map((name) => x.map((one) => activate(name, {}, one)));
        }""",
        [names, x.tolist()],
    )
    for name, values in zip(names, found, strict=True):
        wanted = np.asarray(keras.activations.get(name)(keras.ops.convert_to_tensor(x, "float32")))
        assert np.allclose(values, wanted, rtol=2e-5, atol=2e-6), name


def test_written_numbers_add_up(open_page):
    draw = np.random.default_rng(0)
    terms = [(draw.normal(size=6) * 10.0 ** draw.integers(-3, 3)).tolist() for _ in range(200)]
    found = open_page().evaluate(
        """async (all) => {
            const { roundedToSum } = await import("/sums.js");
            return all.map((terms) => roundedToSum(terms, terms.reduce((sum, one) => sum + one, 0), 2));
        }""",  # noqa: E501
        terms,
    )
    for given, rounded in zip(terms, found, strict=True):
        whole = np.round(np.array(rounded["terms"]) * 100).astype(int)
        assert whole.sum() == round(rounded["total"] * 100)
        assert abs(rounded["total"] - sum(given)) <= 0.005 + 1e-9
        assert np.abs(np.array(rounded["terms"]) - given).max() < 0.01
