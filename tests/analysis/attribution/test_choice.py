"""Which layer is looked at, how images come together, and what cannot be explained."""

import keras
import numpy as np
import pytest
from keras import layers

import convscope
from convscope.analysis.attribution import METHODS
from convscope.analysis.attribution.rows import MOST, pieces, rows_at_once
from convscope.analysis.attribution.trials import window_of
from convscope.errors import InputError, SelectionError

from .networks import images, settled

GRADIENT_FREE = ("eigen-cam", "score-cam", "ablation-cam", "occlusion")


@pytest.mark.parametrize("method", METHODS)
def test_several_images_are_as_one_at_a_time(rectified, photos, method):
    classifier = rectified
    target = None if method == "eigen-cam" else 1
    together = convscope.heatmap(classifier.network, photos, target, method)
    for image in range(3):
        one = convscope.heatmap(classifier.network, photos[image : image + 1], target, method)
        np.testing.assert_allclose(one.values[0], together.values[image], rtol=1e-3, atol=1e-5)
        assert one.words[0] == together.words[image]
    assert together.images == ("image 0", "image 1", "image 2")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_names_its_paper(classifier, photos, method):
    found = convscope.heatmap(classifier.network, photos[:1], None, method)
    assert found.method == method
    assert found.reference[-4:].isdigit()
    assert found.values.attrs["method"] == method
    assert (found.layer is None) == (found.values.shape[1:] == (12, 16))


def test_more_images_than_pass_at_once(classifier, monkeypatch):
    from convscope.analysis.attribution import question

    photos = images(5, 12, 16, 3, seed=9)
    whole = convscope.heatmap(classifier.network, photos, 0)
    monkeypatch.setattr(question, "rows_at_once", lambda *_, **__: 2)
    pieced = convscope.heatmap(classifier.network, photos, 0)
    np.testing.assert_allclose(pieced.values, whole.values, atol=1e-5)
    np.testing.assert_allclose(pieced.score, whole.score, atol=1e-5)
    ablated = convscope.heatmap(classifier.network, photos[:1], 0, "ablation-cam")
    monkeypatch.undo()
    again = convscope.heatmap(classifier.network, photos[:1], 0, "ablation-cam")
    np.testing.assert_allclose(ablated.values, again.values, atol=1e-5)


@pytest.mark.parametrize(("count", "most"), [(1, 64), (64, 64), (65, 64), (130, 64), (7, 3)])
def test_pieces_are_of_one_length_and_hold_every_number(count, most):
    found = list(pieces(count, most))
    assert len({len(piece) for piece in found}) == 1
    assert len(found[0]) <= most
    assert len(found) == -(-count // most)
    joined = np.concatenate(found)
    np.testing.assert_array_equal(joined[:count], np.arange(count))
    assert (joined[count:] == count - 1).all()


def test_fewer_rows_where_activations_are_large(classifier):
    assert rows_at_once(classifier.network, (12, 16), backward=True) == MOST
    wide = convscope.open(
        keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(64, 3), layers.Conv2D(1, 3)])
    )
    # 64 channels of 1024 x 1024 in float32 are a quarter of a gigabyte.
    assert rows_at_once(wide, (1024, 1024), backward=False) == 1
    assert 1 <= rows_at_once(wide, (300, 300), backward=True) < MOST


@pytest.mark.parametrize(("length", "size"), [(224, 28), (150, 19), (12, 2), (1, 1)])
def test_the_window_covers_everything(length, size):
    window, starts = window_of(length)
    assert window == size
    assert starts[0] == 0
    assert starts[-1] + window == length
    assert np.diff(starts).max(initial=1) <= max(1, window // 2)


def test_the_default_layer_leads_to_the_head_and_is_larger_than_one_unit():
    given = keras.Input((8, 8, 3), name="photo")
    used = layers.Conv2D(4, 3, activation="relu", name="used")(given)
    pooled = layers.GlobalAveragePooling2D(keepdims=True, name="pooled")(used)
    kind = layers.Dense(2, name="kind")(layers.Flatten()(pooled))
    other = layers.Conv2D(2, 1, name="beside")(used)
    mask = layers.Conv2D(2, 1, name="mask")(other)
    network = convscope.open(settled(keras.Model(given, {"kind": kind, "mask": mask})))
    assert next(iter(network.heads)) == "kind"
    for method in ("grad-cam", "eigen-cam"):
        found = convscope.heatmap(network, images(1, 8, 8, 3), None, method)
        assert found.layer == "used"
    found = convscope.heatmap(network, images(1, 8, 8, 3), convscope.Target(output="mask"))
    assert found.layer == "beside"


class Hidden(keras.layers.Layer):
    """A block whose way inside is unknown: its second convolution is computed and thrown away."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.kept = layers.Conv2D(3, 3, name="kept")
        self.lost = layers.Conv2D(3, 3, name="lost")

    def call(self, x):
        kept = self.kept(x)
        self.lost(kept)
        return keras.ops.mean(keras.ops.tanh(kept), axis=(1, 2))


@pytest.mark.parametrize("method", ["layer-cam", "score-cam"])
def test_where_the_graph_is_hidden_the_gradient_tells_the_default_layer(method):
    model = keras.Sequential([keras.Input((8, 8, 1)), Hidden(name="block"), layers.Dense(2)])
    network = convscope.open(settled(model))
    assert [name for name in network.layers if name.endswith("lost")]
    found = convscope.heatmap(network, images(1, 8, 8, 1), 0, method)
    assert found.layer.endswith("kept") or "tanh" in found.layer


def test_a_layer_is_named_or_counted(classifier, photos):
    for layer in ("early", 0, "0"):
        assert convscope.heatmap(classifier.network, photos[:1], layer=layer).layer == "early"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"method": "gradcam"}, "no method 'gradcam': did you mean 'grad-cam'"),
        ({"method": "lime"}, "one of: grad-cam, .*occlusion"),
        ({"target": 3}, "no class 3: its classes are 0 to 2"),
        ({"target": "beee"}, "no class 'beee': did you mean 'bee'"),
        ({"target": ("ant", "ant")}, "class ant against itself"),
        ({"layer": "map"}, "no layer is called 'map': did you mean 'maps'"),
        ({"layer": "hidden"}, r"'hidden' \(6\) has no maps \(y, x\).*one of: early, maps"),
        ({"layer": "early,maps"}, "one layer, and 'early,maps' means 2: give one of early, maps"),
        ({"method": "saliency", "layer": "maps"}, "saliency looks at the input.*grad-cam"),
        ({"method": "eigen-cam", "target": 1}, "eigen-cam knows no class"),
    ],
)
def test_what_cannot_be_explained(classifier, photos, given, words):
    with pytest.raises(SelectionError, match=words) as raised:
        convscope.heatmap(classifier.network, photos[:1], **given)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("method", METHODS)
def test_without_gradients_the_methods_that_need_none_work(classifier, photos, method, monkeypatch):
    network = classifier.network
    before = convscope.heatmap(network, photos[:1], method=method)

    def refuse(*_, **__):
        raise AssertionError("gradients were asked for")

    monkeypatch.setattr(type(network), "differentiable", False)
    monkeypatch.setattr(type(network), "gradients", refuse)
    if method in GRADIENT_FREE:
        found = convscope.heatmap(network, photos[:1], method=method)
        np.testing.assert_array_equal(found.values, before.values)
        assert found.layer == before.layer
    else:
        meant = "choose eigen-cam, score-cam, ablation-cam or occlusion"
        with pytest.raises(SelectionError, match=f"{method.replace('+', '.')} needs .*{meant}"):
            convscope.heatmap(network, photos[:1], method=method)


def test_a_network_without_maps():
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(2)])
    network = convscope.open(model)
    with pytest.raises(SelectionError, match="no layer of .* choose saliency, smoothgrad"):
        convscope.heatmap(network, images(1, 6, 6, 1))
    assert convscope.heatmap(network, images(1, 6, 6, 1), method="saliency").values.size == 36


@pytest.mark.parametrize("shape", [(32, 2), (4, 6, 6, 1), (7,)])
def test_signals_and_volumes_have_no_picture(shape):
    first = layers.Conv1D(2, 1) if len(shape) == 2 else layers.Dense(2)
    network = convscope.open(
        keras.Sequential([keras.Input(shape), first, layers.Flatten(), layers.Dense(2)])
    )
    with pytest.raises(InputError, match=r"a heat map lies over a picture \(y, x\)"):
        convscope.heatmap(network, images(1, *shape))


def test_maps_of_signals_inside_a_network_of_pictures():
    model = keras.Sequential(
        [
            keras.Input((6, 8, 1)),
            layers.Conv2D(2, 1, name="plane"),
            layers.Reshape((6, 16)),
            layers.Conv1D(3, 3, name="line"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    network = convscope.open(model)
    with pytest.raises(SelectionError, match=r"'line' \(3 x 4\) has no maps.*plane"):
        convscope.heatmap(network, images(1, 6, 8, 1), layer="line")
    assert convscope.heatmap(network, images(1, 6, 8, 1)).layer == "plane"


def test_images_of_unlike_size():
    model = keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D()]
    )
    network = convscope.open(model)
    several = [np.zeros((9, 9, 3), np.uint8), np.zeros((9, 12, 3), np.uint8)]
    with pytest.raises(InputError, match="differ in size.*one by one"):
        convscope.heatmap(network, several)
    assert convscope.heatmap(network, several[1:]).upsampled.shape == (1, 9, 12)


def test_two_inputs_of_which_one_is_a_picture():
    photo, beside = keras.Input((6, 8, 3), name="photo"), keras.Input((4,), name="beside")
    maps = layers.Conv2D(3, 3, activation="relu", name="maps")(photo)
    joined = layers.Concatenate()([layers.Flatten()(maps), beside])
    network = convscope.open(settled(keras.Model([photo, beside], layers.Dense(2)(joined))))
    given = {"photo": images(2, 6, 8, 3), "beside": images(2, 4)}
    for method in METHODS:
        found = convscope.heatmap(network, given, method=method)
        assert found.values.shape[0] == 2
        assert np.isfinite(found.values).all()


def test_grey_planes_and_pictures_with_channels_first():
    plane = keras.Sequential(
        [keras.Input((6, 8)), layers.Reshape((6, 8, 1)), layers.Conv2D(2, 3, name="maps"),
         layers.Flatten(), layers.Dense(1)]
    )  # fmt: skip
    network = convscope.open(settled(plane))
    photo = np.random.default_rng(0).integers(0, 256, (6, 8), np.uint8)
    for method in METHODS:
        found = convscope.heatmap(network, photo, method=method)
        assert found.upsampled.shape == (1, 6, 8)
    found = convscope.heatmap(network, photo, method="integrated-gradients")
    assert abs(float(found.gap[0])) < 1e-4


def test_the_order_of_the_axes_does_not_matter():
    photo = images(2, 8, 9, 3)
    networks = []
    for order in ("channels_last", "channels_first"):
        shape = (8, 9, 3) if order == "channels_last" else (3, 8, 9)
        model = keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(4, 3, activation="tanh", data_format=order, name="maps"),
                layers.Conv2D(2, 3, activation="tanh", data_format=order, name="late"),
                layers.GlobalAveragePooling2D(data_format=order),
                layers.Dense(2),
            ]
        )
        networks.append(convscope.open(settled(model)))
    last, first = networks
    assert first.inputs[0].channels_first and not last.inputs[0].channels_first
    turned = np.ascontiguousarray(np.moveaxis(photo, -1, 1))
    for method, entry in METHODS.items():
        layer = "maps" if entry.of_layer else None
        found = convscope.heatmap(first, turned, method=method, layer=layer)
        expected = convscope.heatmap(last, photo, method=method, layer=layer)
        if method == "smoothgrad":  # the noise falls on other pixels
            assert found.values.shape == expected.values.shape
        else:
            np.testing.assert_allclose(found.values, expected.values, atol=1e-5)


def test_whole_numbers_have_no_gradients():
    given = keras.Input((6, 6, 3), dtype="uint8")
    maps = layers.Conv2D(2, 3, name="maps")(layers.Rescaling(1 / 255)(given))
    network = convscope.open(keras.Model(given, layers.GlobalAveragePooling2D()(maps)))
    photo = np.random.default_rng(0).integers(0, 256, (1, 6, 6, 3), np.uint8)
    with pytest.raises(SelectionError, match="pictures as uint8.*choose occlusion"):
        convscope.heatmap(network, photo, method="saliency")
    assert convscope.heatmap(network, photo).layer == "maps"


def test_progress_rises_to_one(classifier, photos):
    told = []
    convscope.heatmap(classifier.network, photos, 0, "ablation-cam", progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_negative_score_keeps_the_meaning_of_ablation():
    """What raises a score is bright, whatever the sign of the score."""
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Conv2D(1, 1, name="maps"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )
    model.get_layer("maps").set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    model.layers[-1].set_weights([np.ones((1, 1)), np.array([-9.0])])
    photo = images(1, 4, 4, 1)
    found = convscope.heatmap(convscope.open(model), photo, 0, "ablation-cam")
    assert float(found.score[0]) < 0
    ratio = photo.mean() / (9 - photo.mean())
    np.testing.assert_allclose(found.values[0], ratio * photo[0, ..., 0], rtol=1e-4)
