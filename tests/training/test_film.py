"""A film holds what the network made of its images at each step, and leaves the training alone."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from filming import IMAGES, X, Y, built, fitted, made_by_keras
from PIL import Image

import convscope
from convscope.errors import (
    ConvscopeError,
    ConvscopeWarning,
    InputError,
    OutputError,
    SelectionError,
)
from convscope.training.film_pictures import film_pictures
from convscope.training.film_store import Contents, FilmedLayer, FilmStore
from convscope.training.frame import Seen, next_frame, relative


class Witness:
    """Keeps what Keras itself says of the weights at the end of every epoch."""

    def __init__(self):
        import keras

        self.weights = []
        self.callback = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_, **__: self.weights.append(self.callback.model.get_weights())
        )


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """Train for two epochs with a film; give its path, the model and the weights of each epoch."""
    path = tmp_path_factory.mktemp("film") / "film.zarr"
    model = built()
    initial = model.get_weights()
    witness = Witness()
    film = convscope.Film(IMAGES, path=path)
    fitted(model, film.callback(), witness.callback)
    return path, model, [initial, *witness.weights]


@pytest.mark.parametrize("every", ["epoch", 1])
def test_a_training_ends_with_the_same_weights_with_a_film(every, tmp_path):
    bare = fitted(built())
    film = convscope.Film(IMAGES, path=tmp_path / "film.zarr")
    model = fitted(built(), film.callback(every=every))
    assert film.last_step == 6
    for one, other in zip(bare.variables, model.variables, strict=True):
        assert np.array_equal(one.numpy(), other.numpy()), one.path
    for one, other in zip(bare.optimizer.variables, model.optimizer.variables, strict=True):
        assert np.array_equal(one.numpy(), other.numpy()), one.path


def test_frames_hold_what_keras_gives_with_the_weights_of_each_epoch(filmed):
    path, model, weights = filmed
    film = convscope.open_film(path)
    assert list(film) == ["conv", "norm", "relu", "flatten", "dropout", "dense"]
    assert film.steps.tolist() == [0, 3, 6]
    for name in ("conv", "norm", "relu", "dense"):
        maps = film[name]["maps"]
        assert maps.dtype == np.float16
        for frame, value in enumerate(made_by_keras(model, now, name) for now in weights):
            np.testing.assert_allclose(maps[frame], value, rtol=1e-3, atol=1e-4)
    assert film["relu"]["maps"].dims == ("step", "image", "channel", "y", "x")
    assert film["dense"]["maps"].dims == ("step", "image", "channel")
    assert film["relu"].sel(step=3)["maps"].shape == (3, 4, 6, 6)


def test_change_is_that_of_numpy(filmed):
    path, model, weights = filmed
    change = convscope.open_film(path)["relu"]["change"]
    assert np.isnan(change[0]).all()
    maps = [made_by_keras(model, now, "relu") for now in weights]
    for frame in (1, 2):
        for image in range(3):
            for channel in range(4):
                old, new = maps[frame - 1][image, channel], maps[frame][image, channel]
                expected = np.linalg.norm(new - old) / np.linalg.norm(old)
                np.testing.assert_allclose(change[frame, image, channel], expected, rtol=1e-3)


def test_update_is_how_far_the_last_step_moved_each_kernel(tmp_path):
    import keras

    kernels = []
    witness = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: (
            getattr(witness.model, "jax_state_sync", lambda: None)(),
            kernels.append(witness.model.get_layer("conv").kernel.numpy()),
        )
    )
    film = convscope.Film(IMAGES, ["conv", "relu", "dense"], path=tmp_path / "film.zarr")
    fitted(built(), film.callback(), witness)
    opened = convscope.open_film(film.path)
    update = opened["conv"]["update"].values
    assert np.isnan(update[0]).all()
    for frame, step in ((1, 3), (2, 6)):
        old, new = (kernels[place - 1].reshape(-1, 4) for place in (step - 1, step))
        expected = np.linalg.norm(new - old, axis=0) / np.linalg.norm(old, axis=0)
        np.testing.assert_allclose(update[frame], expected, rtol=1e-4)
    assert "update" not in opened["relu"]
    assert opened["dense"]["update"].shape == (3, 3)


def test_a_channel_is_dead_that_is_zero_on_all_images(tmp_path):
    model = built()
    network = convscope.open(model)
    film = convscope.Film(IMAGES, "relu", path=tmp_path / "film.zarr")
    film.record(network, 0)
    scale, offset, *_ = model.get_layer("norm").weights
    scale.assign([1, 0, 1, 1])
    offset.assign([0, -1, 0.5, 0])
    film.record(network, 1)
    opened = convscope.open_film(film.path)
    assert opened["relu"]["dead"].values.tolist() == [[False] * 4, [False, True, False, False]]
    pictures = film_pictures(opened, "relu")
    assert [pictures[frame].words[1] for frame in (0, 1)] == ["active", "dead"]
    assert pictures.caption(1) == ("step 1", "1 of 4 dead")
    assert pictures[1].title == "step 1, 1 of 4 dead   relu"


def test_steps_count_over_several_trainings(tmp_path):
    film = convscope.Film(IMAGES, "conv", path=tmp_path / "film.zarr")
    callback = film.callback(every=2)
    model = fitted(built(), callback, epochs=3)
    fitted(model, callback, epochs=1)
    assert convscope.open_film(film.path).steps.tolist() == [0, 2, 4, 6, 8, 10, 12]


def test_an_iterator_without_length_has_its_updates_from_the_second_epoch_on(tmp_path):
    def batches():
        for start in range(0, 24, 8):
            yield X[start : start + 8], Y[start : start + 8]

    film = convscope.Film(IMAGES, "conv", path=tmp_path / "film.zarr")
    callback, model = film.callback(), built()
    model.fit(batches(), epochs=1, verbose=0, callbacks=[callback])
    model.fit(X, Y, batch_size=8, epochs=1, verbose=0, callbacks=[callback])
    found = convscope.open_film(film.path)["conv"]
    assert found["step"].values.tolist() == [0, 3, 6]
    known = ~np.isnan(found["update"].values).any(axis=1)
    assert known.tolist() == [False, False, True]


def test_an_interrupted_epoch_counts(tmp_path):
    import keras

    def stop(batch, logs=None):
        if batch == 1:
            raise KeyboardInterrupt

    film = convscope.Film(IMAGES, "conv", path=tmp_path / "film.zarr")
    callback, model = film.callback(), built()
    with pytest.raises(KeyboardInterrupt):
        fitted(model, callback, keras.callbacks.LambdaCallback(on_train_batch_end=stop))
    fitted(model, callback, epochs=1)
    assert convscope.open_film(film.path).steps.tolist() == [0, 5]


def test_a_loop_of_pytorch_is_filmed(tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.ReLU())
    network = convscope.open(module, input_shape=(1, 8, 8))
    images = np.moveaxis(IMAGES, -1, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    film = convscope.Film(images, "0", path=tmp_path / "film.zarr")
    film.record(network, 0)
    before = module[0].weight.detach().numpy().copy()
    film.remember(network)
    module(torch.from_numpy(images)).sum().backward()
    optimizer.step()
    film.record(network, 1)
    with torch.no_grad():
        expected = module[0](torch.from_numpy(images)).numpy()
    found = convscope.open_film(film.path)["0"]
    np.testing.assert_allclose(found["maps"][1], expected, rtol=1e-3, atol=1e-4)
    after = module[0].weight.detach().numpy()
    moved = np.linalg.norm((after - before).reshape(3, -1), axis=1)
    expected = moved / np.linalg.norm(before.reshape(3, -1), axis=1)
    np.testing.assert_allclose(found["update"][1], expected, rtol=1e-4)


def test_relative_change_where_there_is_nothing():
    before, now = np.array([[0.0, 0], [0, 0], [3, 4]]), np.array([[0.0, 0], [1, 0], [3, 4]])
    assert relative(before, now, 1).tolist() == [0, np.inf, 0]


LAYER = FilmedLayer("conv", "conv", ("channel", "y", "x"), (2, 3, 3))


def store_of(path, layer=LAYER):
    store = FilmStore(path)
    about = {"network": "n", "source": "s", "images": ["a"], "labels": [None], "preparation": ""}
    about |= {"class_names": [""], "description": {}}
    store.create(Contents([layer], [], {"input": np.zeros((1, 2))}, {}, about))
    return store


def frame_of(step):
    """Make a frame whose every value tells its step."""
    return next_frame(step, Seen({"conv": np.full((1, 2, 3, 3), step, np.float32)}))


def test_half_precision_keeps_finite_values_finite(tmp_path):
    store = store_of(tmp_path / "film.zarr")
    maps = np.zeros((1, 2, 3, 3), np.float32)
    maps[0, 0, 0] = [1e9, -1e9, 1 / 3]
    maps[0, 1, 0] = [np.inf, -np.inf, np.nan]
    store.append(next_frame(0, Seen({"conv": maps})))
    found = convscope.open_film(store.path)["conv"]["maps"][0, 0, :, 0].values
    third = np.float16(1 / 3)
    assert np.array_equal(
        found, [[65504, -65504, third], [np.inf, -np.inf, np.nan]], equal_nan=True
    )


def test_a_film_grows_beyond_its_first_room(tmp_path):
    store = store_of(tmp_path / "film.zarr")
    for step in range(130):
        store.append(frame_of(step))
    film = convscope.open_film(store.path)
    assert film.steps.tolist() == list(range(130))
    assert np.array_equal(film.maps("conv")[:, 1, 2, 2], np.arange(130))


WRITER = """
import sys
sys.path.insert(0, {folder!r})
from test_film import frame_of, store_of
store = store_of({path!r})
for step in range(2000):
    store.append(frame_of(step))
"""


def test_whole_frames_alone_are_seen_while_and_after_a_killed_training(tmp_path, request):
    path = tmp_path / "film.zarr"
    code = WRITER.format(folder=str(request.path.parent), path=str(path))
    with subprocess.Popen([sys.executable, "-c", code]) as writer:
        seen = -1
        while seen < 70:
            assert writer.poll() is None
            try:
                film = convscope.open_film(path)
            except InputError:
                time.sleep(0.02)
                continue
            count = len(film.steps)
            assert film.steps.tolist() == list(range(count))
            assert np.array_equal(film.maps("conv")[:, 1, 0, 0], np.arange(count))
            assert count >= seen
            seen = count
        writer.send_signal(signal.SIGKILL)
    film = convscope.open_film(path)
    assert len(film.steps) >= seen
    assert np.array_equal(film.maps("conv")[:, 0, 2, 2], film.steps)


def test_a_full_disk_ends_the_film_and_not_the_training(tmp_path, monkeypatch):
    film = convscope.Film(IMAGES, "conv", path=tmp_path / "film.zarr")

    def fails(*_):
        raise OutputError("'film.zarr' cannot be written (No space left on device): free some")

    callback = film.callback()
    model = fitted(built(), callback, epochs=1)
    monkeypatch.setattr(FilmStore, "append", fails)
    with pytest.warns(ConvscopeWarning, match="the film ends here, the training goes on: .*space"):
        fitted(model, callback)
    assert convscope.open_film(film.path).steps.tolist() == [0, 3]


def fails(kind, words, action):
    with pytest.raises(kind) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    assert words in message, message


def test_what_cannot_be_filmed_is_said_in_one_line(tmp_path):
    network = convscope.open(built())

    def film(layers=None, name="new.zarr"):
        return convscope.Film(IMAGES, layers, path=tmp_path / name)

    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    fails(OutputError, "name another path, or delete it", lambda: film(name="there"))
    fails(OutputError, "name a folder", lambda: convscope.Film(IMAGES, path="s3://a/b.zarr"))
    fails(SelectionError, "did you mean 'conv'", lambda: film("cnv").record(network, 0))
    fails(SelectionError, "give 'epoch', or a number", lambda: film().callback(every="step"))
    fails(SelectionError, "give 'epoch', or a number", lambda: film().callback(every=0))
    begun = film()
    begun.record(network, 5)
    fails(SelectionError, "cannot follow one of step 5", lambda: begun.record(network, 5))
    fails(OutputError, "there is something", film)
    import keras

    other = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, name="conv")])
    fails(
        SelectionError,
        "begin another film for another",
        lambda: begun.record(convscope.open(other), 6),
    )


def test_what_is_no_film_is_said_in_one_line(tmp_path, filmed):
    import zarr

    def opened(name):
        return lambda: convscope.open_film(tmp_path / name)

    fails(InputError, "is no film: give the folder that convscope.Film wrote", opened("none"))
    assert not (tmp_path / "none").exists()
    zarr.open_group(tmp_path / "group", mode="w")
    fails(InputError, "is a Zarr group and no film", opened("group"))
    store_of(tmp_path / "empty")
    fails(InputError, "has no frame yet: look later", opened("empty"))
    film = convscope.open_film(filmed[0])
    fails(SelectionError, "did you mean 'conv'", lambda: film["cnv"])
    assert film.get("cnv") is None
    fails(SelectionError, "there is no image 3: the 3 images", lambda: film.maps("conv", 3))
    fails(SelectionError, "there is no layer 6", lambda: film_pictures(film, 6))
    fails(ConvscopeError, "end the name in .gif or .png", lambda: film_pictures(film).save("a.mp4"))


def test_without_zarr_the_line_says_which_extra():
    code = "import sys\nsys.modules['zarr'] = None\nimport convscope\nconvscope.open_film('f.zarr')"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.endswith(
        "a film needs zarr, which is not installed: pip install 'convscope[survey]'"
    )


def test_all_frames_are_drawn_on_one_scale(filmed):
    film = convscope.open_film(filmed[0])
    pictures = film_pictures(film, "conv", 1)
    maps = film["conv"]["maps"][:, 1].values.astype(np.float32)
    end = np.abs(maps).max()
    for frame, picture in enumerate(pictures):
        assert picture.signed
        assert picture.span == (-end, end)
        row, column = np.argwhere(maps[frame, 2] == maps[frame, 2].max())[0]
        top, left, *_ = picture.box(2)
        level = picture.levels[top // picture.zoom + row, left // picture.zoom + column]
        share = (maps[frame, 2].max() + end) / (2 * end)
        # Half precision moves a value by less than a level.
        assert abs(int(level) - share * 239) <= 1
    assert [pictures.caption(frame) for frame in (0, 2)] == [
        ("step 0", "0 of 4 dead"),
        ("step 6", "0 of 4 dead"),
    ]


@pytest.fixture
def command(capsys):
    from convscope.cli.main import main

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(["film", *map(str, arguments)])
        return stopped.value.code or 0, capsys.readouterr()

    return run


def test_the_command_writes_a_gif_of_every_frame(filmed, tmp_path, command):
    path = tmp_path / "film.gif"
    status, printed = command(filmed[0], "-o", path, "--layer", "relu", "--image", 2)
    assert (status, printed.out) == (0, f"{path}\n")
    assert "3 frames of small" in printed.err
    pictures = film_pictures(convscope.open_film(filmed[0]), "relu", 2)
    with Image.open(path) as moving:
        assert moving.n_frames == 3
        for frame, picture in enumerate(pictures):
            moving.seek(frame)
            shown = np.asarray(moving.convert("RGB"))
            drawn = picture.palette[picture.places()]
            assert np.array_equal(shown[: drawn.shape[0], : drawn.shape[1]], drawn)


@pytest.mark.parametrize(
    ("dims", "shape"),
    [
        (("channel",), (5,)),
        (("channel", "x"), (3, 20)),
        (("channel", "y", "x"), (40, 2, 300)),
        (("channel", "z", "y", "x"), (2, 3, 4, 5)),
    ],
    ids=["units", "signals", "planes", "volumes"],
)
@pytest.mark.parametrize("count", [1, 2])
def test_layers_of_any_rank_are_drawn_with_missing_values_too(dims, shape, count, tmp_path):
    layer = FilmedLayer("any", "conv", dims, shape)
    store = store_of(tmp_path / "film.zarr", layer)
    for step in range(count):
        maps = np.random.default_rng(step).random((1, *shape), np.float32)
        maps.flat[:2] = np.nan, np.inf
        store.append(next_frame(step, Seen({"any": maps})))
    pictures = film_pictures(convscope.open_film(store.path))
    assert 0 < pictures.bounds[0] < pictures.bounds[1] <= 1
    for name, frames in (("film.gif", count), ("film.png", 1)):
        pictures.save(tmp_path / name)
        with Image.open(tmp_path / name) as saved:
            assert getattr(saved, "n_frames", 1) == frames
            assert saved.width < 1500 or shape[-1] == 300


def test_the_command_writes_a_strip_of_frames(filmed, tmp_path, command):
    path = tmp_path / "film.png"
    status, printed = command(filmed[0], "-o", path, "-q")
    assert (status, printed.out, printed.err) == (0, "", "")
    with Image.open(path) as strip:
        places = np.asarray(strip)
    from convscope.pictures import read_provenance

    said = read_provenance(path)
    assert said["layer"] == "conv"
    assert said["frames"] == [f"step {step} 0 of 4 dead" for step in (0, 3, 6)]
    levels = film_pictures(convscope.open_film(filmed[0]), "conv")[2].levels
    zoom = int(said["zoom"])
    tall, wide = (size * zoom for size in levels.shape)
    enlarged = levels.repeat(zoom, axis=0).repeat(zoom, axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(places, (tall, wide))
    first = windows[:, :, 0, :8] == enlarged[0, :8]
    assert any(np.array_equal(windows[y, x], enlarged) for y, x in np.argwhere(first.all(axis=-1)))


def test_the_command_fails_in_one_line(filmed, tmp_path, command):
    for arguments, words in (
        ([filmed[0], "-o", "film.mp4"], "end the name in .gif or .png"),
        ([filmed[0], "-o", "film.gif", "--layer", "cnv"], "did you mean 'conv'"),
        ([filmed[0], "-o", "film.gif", "--image", 9], "there is no image 9"),
        ([tmp_path, "-o", "film.gif"], "is no film"),
    ):
        status, printed = command(*arguments)
        assert status in (1, 2)
        assert printed.err.count("\n") == 1
        assert words in printed.err
