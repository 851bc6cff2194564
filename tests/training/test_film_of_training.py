"""What a film knows of the training itself: gradients, training mode, outputs; and its own end."""

import copy
import signal
import subprocess
import sys
import threading
import time
from io import BytesIO

import keras
import numpy as np
import pytest
from filming import IMAGES, X, Y, built, fitted, made_by_keras
from PIL import Image

import convscope
from convscope.errors import ConvscopeError, InputError, OutputError
from convscope.training.film_pictures import film_pictures

ON_JAX = pytest.mark.skipif(keras.backend.backend() != "jax", reason="asks jax for gradients")

OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.01),
    "adam clipped": lambda: keras.optimizers.Adam(0.01, global_clipnorm=0.1),
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
    "nadam": lambda: keras.optimizers.Nadam(0.01),
    "adamax": lambda: keras.optimizers.Adamax(0.01),
    "lion": lambda: keras.optimizers.Lion(0.01),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
    "sgd": lambda: keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)),
    "sgd with momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
}


def plain():
    """Build a network whose gradient is the same in every pass."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.Conv2DTranspose(3, 2, name="spread"),
            layers.Flatten(name="flatten"),
            layers.Dense(3, activation="softmax", name="dense"),
        ]
    )


def gradients_by_jax(model, weights, x, y):
    """Give the gradient of the loss for every trainable weight, by path."""
    import jax

    model.set_weights(weights)
    values = [variable.value for variable in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]

    def loss(trainable):
        out, _ = model.stateless_call(trainable, others, x, training=True)
        return keras.losses.SparseCategoricalCrossentropy()(y, out)

    found = jax.grad(loss)(values)
    return {
        variable.path: np.asarray(value)
        for variable, value in zip(model.trainable_variables, found, strict=True)
    }


@ON_JAX
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_gradients_are_those_that_jax_computes_for_the_batch(name, tmp_path):
    model = plain()
    optimizer = OPTIMIZERS[name]()
    model.compile(optimizer, "sparse_categorical_crossentropy")
    weights = [model.get_weights()]
    witness = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: (
            witness.model.jax_state_sync(),
            weights.append(witness.model.get_weights()),
        )
    )
    film = convscope.Film(IMAGES, path=tmp_path / "film.zarr")
    model.fit(
        X, Y, batch_size=8, verbose=0, shuffle=False, callbacks=[film.callback(every=1), witness]
    )
    opened = convscope.open_film(film.path)
    assert opened.steps.tolist() == [0, 1, 2, 3]
    last = model.get_weights()
    # Where the output channel is in the weights of Keras.
    axes = {"conv": 3, "spread": 2, "dense": 1}
    for step in (1, 2, 3):
        batch = slice(8 * (step - 1), 8 * step)
        gradients = gradients_by_jax(model, weights[step - 1], X[batch], Y[batch])
        if name == "adam clipped":
            norm = np.sqrt(sum(np.square(one).sum() for one in gradients.values()))
            assert norm > 0.1
            gradients = {path: one * 0.1 / norm for path, one in gradients.items()}
        for layer, axis in axes.items():
            (gradient,) = (
                one for path, one in gradients.items() if path.endswith(f"{layer}/kernel")
            )
            by_channel = np.moveaxis(gradient, axis, 0).reshape(gradient.shape[axis], -1)
            expected = np.linalg.norm(by_channel, axis=1)
            found = opened[layer]["gradient"][step]
            # A small difference of squares is rounded, and its root is not small.
            least = 1e-5 if name == "rmsprop" else 1e-6
            np.testing.assert_allclose(found, expected, rtol=2e-3, atol=least)
    assert np.isnan(opened["conv"]["gradient"][0]).all()
    assert "gradient" not in opened["flatten"]
    model.set_weights(last)


def test_gradients_that_nothing_tells_are_left_out(tmp_path):
    model = plain()
    model.compile(keras.optimizers.Ftrl(0.1), "sparse_categorical_crossentropy")
    film = convscope.Film(IMAGES, "conv", path=tmp_path / "film.zarr")
    fitted(model, film.callback(), epochs=1)
    found = convscope.open_film(film.path)["conv"]
    assert "gradient" not in found
    assert "update" in found


def test_several_updates_at_once_tell_no_gradient(tmp_path):
    model = plain()
    model.compile("adam", "sparse_categorical_crossentropy", steps_per_execution=3)
    film = convscope.Film(IMAGES, "conv", path=tmp_path / "film.zarr")
    fitted(model, film.callback(), epochs=1)
    assert "gradient" not in convscope.open_film(film.path)["conv"]


def test_gradients_of_pytorch_are_those_it_left(tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.ReLU(), torch.nn.ConvTranspose2d(3, 2, 2)
    )
    network = convscope.open(module, input_shape=(1, 8, 8))
    images = np.moveaxis(IMAGES, -1, 1)
    film = convscope.Film(images, path=tmp_path / "film.zarr")
    film.record(network, 0)
    module(torch.from_numpy(images)).square().sum().backward()
    film.remember(network)
    gradients = [module[0].weight.grad.clone(), module[2].weight.grad.clone()]
    torch.optim.SGD(module.parameters(), lr=0.1).step()
    module.zero_grad()
    film.record(network, 1)
    opened = convscope.open_film(film.path)
    for layer, expected in zip(
        ("0", "2"), (gradients[0], gradients[1].transpose(0, 1)), strict=True
    ):
        norms = expected.flatten(1).norm(dim=1).numpy()
        np.testing.assert_allclose(opened[layer]["gradient"][1], norms, rtol=1e-5)


def test_maps_in_training_mode_take_the_statistics_of_the_batch(tmp_path):
    model = built()
    film = convscope.Film(IMAGES, path=tmp_path / "film.zarr")
    fitted(model, film.callback())
    before = [value.copy() for value in model.get_weights()]
    opened = convscope.open_film(film.path)
    assert opened.in_training == {"norm", "relu", "flatten", "dropout", "dense"}
    assert "training" not in opened["conv"]
    conv = made_by_keras(model, before, "conv")
    scale, offset, _, _ = (np.asarray(one)[:, None, None] for one in
                           model.get_layer("norm").get_weights())  # fmt: skip
    mean, variance = (
        statistic(axis=(0, 2, 3), keepdims=True)[0] for statistic in (conv.mean, conv.var)
    )
    expected = (conv - mean) / np.sqrt(variance + model.get_layer("norm").epsilon) * scale + offset
    np.testing.assert_allclose(opened["norm"]["training"][-1], expected, rtol=1e-2, atol=2e-3)
    in_inference = made_by_keras(model, before, "norm")
    assert not np.allclose(expected, in_inference, atol=0.05)
    np.testing.assert_allclose(opened["norm"]["maps"][-1], in_inference, rtol=1e-3, atol=1e-4)
    flat, dropped = (opened[name]["training"][-1].values for name in ("flatten", "dropout"))
    gone = (dropped == 0) & (flat != 0)
    assert 0.1 < gone.mean() / (flat != 0).mean() < 0.5
    np.testing.assert_allclose(dropped[dropped != 0], flat[dropped != 0] / 0.7, rtol=1e-2)


def test_training_mode_leaves_a_module_as_it_was(tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.Dropout(0.5)
    )
    module[1].running_mean += 1
    module[3].eval()
    images = np.moveaxis(IMAGES, -1, 1)
    other = copy.deepcopy(module)
    network = convscope.open(module, input_shape=(1, 8, 8))
    film = convscope.Film(images, path=tmp_path / "film.zarr")
    state, modes, random = (
        {name: value.clone() for name, value in module.state_dict().items()},
        [part.training for part in module.modules()],
        torch.get_rng_state(),
    )
    film.record(network, 0)
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert [part.training for part in module.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)
    opened = convscope.open_film(film.path)
    with torch.no_grad():
        expected = other(torch.from_numpy(images)).numpy()
    # The dropout is frozen, and stays so.
    np.testing.assert_allclose(opened["3"]["training"][0], expected, rtol=1e-3, atol=2e-3)
    assert not np.allclose(opened["3"]["maps"][0], expected, atol=0.1)


def test_onnx_has_no_training_mode():
    from convscope.networks import Network

    class Still(Network):
        name = "still"
        inputs = layers = heads = parameters = preparation = None
        run = gradients = sums = None

    Still.__abstractmethods__ = frozenset()
    network = Still()
    assert not network.trains
    with pytest.raises(ConvscopeError, match="still has no training mode: open the model"):
        network.run_in_training(None, ["conv"])


def test_outputs_and_what_was_fed_are_kept(tmp_path):
    model = built()
    film = convscope.Film(IMAGES, "conv", path=tmp_path / "film.zarr")
    fitted(model, film.callback(), epochs=1)
    opened = convscope.open_film(film.path)
    (output,) = opened.outputs(1).values()
    expected = made_by_keras(model, model.get_weights(), "dense")
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-6)
    (fed,) = opened.inputs.values()
    assert np.array_equal(fed, IMAGES)


def test_ends_are_those_over_all_frames(tmp_path):
    film = convscope.Film(IMAGES, "norm", path=tmp_path / "film.zarr")
    fitted(built(), film.callback())
    opened = convscope.open_film(film.path)
    maps = opened.maps("norm", 1)
    low, high = opened.ends("norm", 1)
    np.testing.assert_allclose(low, maps.min(axis=(0, 2, 3)), rtol=1e-3)
    np.testing.assert_allclose(high, maps.max(axis=(0, 2, 3)), rtol=1e-3)


@ON_JAX
def test_others_look_on_while_fit_runs(tmp_path):
    from convscope.explorer import Session

    model = built()
    network = convscope.open(model)
    session = Session(network, IMAGES)
    film = convscope.Film(IMAGES, path=tmp_path / "film.zarr")
    replies, done = [], threading.Event()

    def look():
        while not done.is_set():
            away = model.get_layer("conv").kernel._value is None
            reply, _ = session.answer({"type": "run", "image": 0})
            replies.append((away, reply))
            if reply["type"] == "run":
                unit = {"layer": "conv", "channel": 0, "unit": [1, 1], "run": reply["run"]}
                told, _ = session.answer({"type": "unit", **unit})
                replies.append((away, told))

    class Slow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            time.sleep(0.02)

    session.answer({"type": "run", "image": 0})
    film.record(network, 0)
    callback = film.callback()
    thread = threading.Thread(target=look)
    model.fit(X, Y, batch_size=8, epochs=1, verbose=0, callbacks=[callback])
    thread.start()
    model.fit(X, Y, batch_size=8, epochs=12, verbose=0, callbacks=[callback, Slow()])
    done.set()
    thread.join()
    while_away = [reply for away, reply in replies if away]
    assert len(while_away) > 10
    # A run may be followed by the next weights before its unit is asked for.
    wrong = [r for _, r in replies if r["type"] == "error" and r["code"] != "gone"]
    assert not wrong, wrong[:2]
    assert sum(reply["type"] == "run" for _, reply in replies) > 20
    last = session.answer({"type": "run", "image": 0})[0]["predictions"]
    expected = made_by_keras(model, model.get_weights(), "dense")[0]
    for row in last:
        assert row["score"] == pytest.approx(expected[row["index"]], rel=1e-4)


TRAINING = """
import sys
sys.path.insert(0, {folder!r})
from filming import IMAGES, built, fitted
import convscope
film = convscope.Film(IMAGES, path={path!r})
fitted(built(), film.callback(every=1), epochs=100_000)
"""


def test_a_killed_training_leaves_its_frames(tmp_path, request):
    path = tmp_path / "film.zarr"
    code = TRAINING.format(folder=str(request.path.parent), path=str(path))
    with subprocess.Popen([sys.executable, "-c", code]) as training:
        seen = 0
        while seen < 6:
            assert training.poll() is None
            time.sleep(0.05)
            try:
                seen = len(convscope.open_film(path).steps)
            except InputError:
                continue
        training.send_signal(signal.SIGKILL)
    left = convscope.open_film(path)
    assert left.steps.tolist() == list(range(len(left.steps)))
    assert len(left.steps) >= seen
    # The same training, to its end.
    film = convscope.Film(IMAGES, path=tmp_path / "whole.zarr")
    fitted(built(), film.callback(every=1), epochs=2)
    whole = convscope.open_film(film.path)
    for name in left:
        for variable in left[name]:
            np.testing.assert_array_equal(left[name][variable][:6], whole[name][variable][:6])


def test_tensorboard_gets_the_same_mosaics_and_the_curves(tmp_path):
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    film = convscope.Film(IMAGES[:2], ["conv", "relu"], path=tmp_path / "film.zarr")
    fitted(built(), film.callback())
    folder = film.to_tensorboard(tmp_path / "logs")
    read = event_accumulator.EventAccumulator(str(folder), size_guidance={"images": 0})
    read.Reload()
    opened = convscope.open_film(film.path)
    pictures = film_pictures(opened, "relu", 1)
    events = read.Images(f"relu/{opened.images[1]}")
    assert [event.step for event in events] == opened.steps.tolist() == [0, 3, 6]
    for event, picture in zip(events, pictures, strict=True):
        with Image.open(BytesIO(event.encoded_image_string)) as drawn:
            assert drawn.size == (event.width, event.height)
            assert np.array_equal(drawn.convert("RGB"), picture.image().convert("RGB"))
    assert f"relu in training/{opened.images[1]}" in read.Tags()["images"]
    assert f"conv in training/{opened.images[1]}" not in read.Tags()["images"]
    dead = [event.value for event in read.Scalars("dead channels/relu")]
    assert dead == opened["relu"]["dead"].sum("channel").values.tolist()
    found = {event.step: event.value for event in read.Scalars("gradient/conv")}
    assert list(found) == [3, 6]
    expected = np.linalg.norm(opened["conv"]["gradient"].sel(step=6))
    assert found[6] == pytest.approx(expected, rel=1e-5)
    assert "gradient/relu" not in read.Tags()["scalars"]


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path):
    pytest.importorskip("tensorboard")
    film = convscope.Film(IMAGES, "conv", path=tmp_path / "film.zarr")
    film.record(convscope.open(built()), 0)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written .*: name another folder"):
        film.to_tensorboard(tmp_path / "file")


def test_the_film_is_drawn_in_training_mode_too(tmp_path):
    film = convscope.Film(IMAGES, ["conv", "norm"], path=tmp_path / "film.zarr")
    fitted(built(), film.callback(), epochs=1)
    opened = convscope.open_film(film.path)
    drawn = film_pictures(opened, "norm", training=True)
    np.testing.assert_allclose(drawn.maps, opened["norm"]["training"][:, 0], rtol=1e-6)
    assert np.array_equal(film_pictures(opened, "conv", training=True).maps, opened.maps("conv"))
