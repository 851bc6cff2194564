"""Every formula against values and gradients that jax and NumPy compute by themselves."""

import jax
import numpy as np
import pytest

import convscope
from convscope.analysis.attribution.enlarging import enlarged

CLASS = 2


def relu(values):
    return np.maximum(values, 0)


def grad_cam(maps, gradients):
    total = np.zeros(maps.shape[1:])
    for map_, gradient in zip(maps, gradients, strict=True):
        total += gradient.sum() / gradient.size * map_
    return relu(total)


def grad_cam_plus_plus(maps, gradients):
    total = np.zeros(maps.shape[1:])
    for map_, gradient in zip(maps, gradients, strict=True):
        weight = 0.0
        for g in gradient.ravel():
            if g:
                weight += g**2 / (2 * g**2 + map_.sum() * g**3) * max(g, 0)
        total += weight * map_
    return relu(total)


def hires_cam(maps, gradients):
    return sum(m * g for m, g in zip(maps, gradients, strict=True))


def layer_cam(maps, gradients):
    return relu(sum(m * relu(g) for m, g in zip(maps, gradients, strict=True)))


FORMULAS = {
    "grad-cam": grad_cam,
    "grad-cam++": grad_cam_plus_plus,
    "hires-cam": hires_cam,
    "layer-cam": layer_cam,
}


@pytest.mark.parametrize("method", FORMULAS)
def test_gradient_cams(rectified, photos, method):
    classifier = rectified
    found = convscope.heatmap(classifier.network, photos, "cow", method)
    assert found.layer == "maps"
    assert found.values.dims == ("image", "y", "x")
    assert found.values.shape == (3, 8, 12)
    for image, photo in enumerate(photos):
        expected = FORMULAS[method](*classifier.at_maps(photo, CLASS))
        assert expected.max() > 0
        np.testing.assert_allclose(found.values[image], expected, rtol=1e-4, atol=1e-5)


def test_grad_cam_of_another_layer_and_of_a_contrast(classifier, photos):
    photo = photos[0]
    early = np.tanh(np.asarray(classifier_early(classifier, photo)))

    def score(values):
        from .networks import conv

        logits = classifier.scores(conv(values, classifier.weights("maps")))[0]
        return logits[0] - logits[1]

    gradient = np.asarray(jax.grad(score)(early))
    expected = grad_cam(*(np.moveaxis(part[0], -1, 0) for part in (early, gradient)))
    found = convscope.heatmap(classifier.network, photos[:1], ("ant", "bee"), layer="early")
    assert found.layer == "early"
    assert found.words == ("logit of ant - logit of bee",)
    np.testing.assert_allclose(found.values[0], expected, atol=1e-5)
    assert float(found.score[0]) == pytest.approx(float(score(early)), abs=1e-4)


def classifier_early(classifier, photo):
    from .networks import conv

    return conv(photo[None], classifier.weights("early"))


def test_the_linear_part_of_a_layer_can_be_looked_at(classifier, photos):
    found = convscope.heatmap(classifier.network, photos[:1], 0, "hires-cam", "early:linear")

    def score(linear):
        from .networks import conv

        maps = conv(jax.numpy.tanh(linear), classifier.weights("maps"))
        return classifier.scores(maps)[0, 0]

    linear = classifier_early(classifier, photos[0])
    expected = (np.asarray(linear) * np.asarray(jax.grad(score)(linear))).sum(axis=-1)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert found.signed


def test_hires_cam_sums_to_the_layers_part_of_the_score():
    """Draelos and Carin: after global pooling and a dense layer only the bias is missing."""
    import keras

    from .networks import images, settled

    model = settled(
        keras.Sequential(
            [
                keras.Input((6, 7, 1)),
                keras.layers.Conv2D(3, 3, activation="relu", name="maps"),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(2, name="score"),
            ]
        )
    )
    photo = images(1, 6, 7, 1)
    found = convscope.heatmap(convscope.open(model), photo, 1, "hires-cam")
    bias = model.get_layer("score").get_weights()[1][1]
    logit = float(keras.ops.convert_to_numpy(model(photo))[0, 1])
    assert float(found.values.sum()) + bias == pytest.approx(logit, abs=1e-5)


def test_eigen_cam(classifier, photos):
    found = convscope.heatmap(classifier.network, photos, method="eigen-cam")
    for image, photo in enumerate(photos):
        maps = np.asarray(classifier.maps(photo[None])[0], np.float64)
        rows = maps.reshape(-1, 5)
        _, directions = np.linalg.eigh(rows.T @ rows)
        expected = (rows @ directions[:, -1]).reshape(8, 12)
        expected *= np.sign(expected.sum())
        np.testing.assert_allclose(found.values[image], expected, atol=1e-4)
    assert found.score is None
    assert found.words[0].startswith("no class")


def test_ablation_cam(classifier, photos):
    found = convscope.heatmap(classifier.network, photos, CLASS, "ablation-cam")
    for image, photo in enumerate(photos):
        maps = np.asarray(classifier.maps(photo[None]))
        score = float(classifier.scores(maps)[0, CLASS])
        total = np.zeros((8, 12))
        for channel in range(5):
            without = maps.copy()
            without[..., channel] = 0
            lost = score - float(classifier.scores(without)[0, CLASS])
            total += lost / abs(score) * maps[0, ..., channel]
        np.testing.assert_allclose(found.values[image], relu(total), rtol=1e-3, atol=1e-4)
        assert float(found.score[image]) == pytest.approx(score, abs=1e-4)


def test_score_cam(classifier, photos):
    found = convscope.heatmap(classifier.network, photos, CLASS, "score-cam")
    black = np.zeros((1, 12, 16, 3), "float32")
    baseline = float(classifier.scores(classifier.maps(black))[0, CLASS])
    for image, photo in enumerate(photos):
        maps = np.asarray(classifier.maps(photo[None])[0])
        increases = []
        for channel in range(5):
            mask = np.asarray(jax.image.resize(maps[..., channel], (12, 16), "linear"))
            mask = (mask - mask.min()) / (mask.max() - mask.min())
            seen = classifier.maps((photo * mask[..., None])[None])
            increases.append(float(classifier.scores(seen)[0, CLASS]) - baseline)
        weights = np.exp(increases) / np.exp(increases).sum()
        np.testing.assert_allclose(found.values[image], relu(maps @ weights), rtol=1e-3, atol=1e-4)


def test_score_cam_leaves_flat_maps_out():
    import keras

    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(2, 1, name="maps"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    model.get_layer("maps").set_weights(
        [np.array([1.0, 0]).reshape(1, 1, 1, 2), np.array([0.0, 7])]
    )
    photo = np.random.default_rng(0).uniform(0, 1, (1, 6, 6, 1)).astype("float32")
    found = convscope.heatmap(convscope.open(model), photo, 0, "score-cam")
    np.testing.assert_allclose(found.values[0], photo[0, ..., 0], atol=1e-6)
    flat = convscope.heatmap(convscope.open(model), np.ones_like(photo), 0, "score-cam")
    assert float(flat.values.max()) == 0


def test_saliency(classifier, photos):
    found = convscope.heatmap(classifier.network, photos, CLASS, "saliency")
    assert found.layer is None
    assert found.upsampled is found.values
    for image, photo in enumerate(photos):
        expected = np.abs(classifier.at_input(photo, CLASS)).max(axis=-1)
        np.testing.assert_allclose(found.values[image], expected, atol=1e-5)


def test_integrated_gradients_are_those_of_a_fine_sum_and_are_complete(classifier, photos):
    found = convscope.heatmap(classifier.network, photos, CLASS, "integrated-gradients")
    assert found.signed
    score = lambda y: classifier.scores(classifier.maps(y[None]))[0, CLASS]  # noqa: E731
    slope = jax.jit(jax.vmap(jax.grad(score)))
    steps = (np.arange(400, dtype="float32") + 0.5) / 400
    ends = [classifier.scores(classifier.maps(part))[:, CLASS] for part in (photos, 0 * photos)]
    for image, photo in enumerate(photos):
        gradients = np.asarray(slope(steps[:, None, None, None] * photo))
        expected = (photo * gradients.mean(axis=0)).sum(axis=-1)
        np.testing.assert_allclose(found.values[image], expected, atol=1e-4)
        difference = float(ends[0][image] - ends[1][image])
        assert float(found.values[image].sum()) == pytest.approx(difference, abs=1e-3)
        gap = float(found.values[image].values.sum(dtype="float64")) - difference
        assert float(found.gap[image]) == pytest.approx(gap, abs=1e-4)


def test_the_gap_of_a_kink_is_told():
    """A score that is zero up to a threshold: no quadrature of 50 points is exact for it."""
    import keras

    model = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1, activation="relu")]
    )
    model.layers[-1].set_weights([np.ones((4, 1)), np.array([-1.0])])
    photo = np.full((1, 2, 2, 1), 0.75, "float32")
    found = convscope.heatmap(convscope.open(model), photo, method="integrated-gradients")
    # The sum is 3, from a = 1/3 on the gradient is 1 at every pixel: exact would be 2.
    nodes, weights = np.polynomial.legendre.leggauss(50)
    share = weights[(nodes + 1) / 2 > 1 / 3].sum() / 2
    assert float(found.values.sum()) == pytest.approx(3 * share, abs=1e-5)
    assert float(found.gap[0]) == pytest.approx(3 * share - 2, abs=1e-5)
    assert abs(float(found.gap[0])) > 1e-3


def squares():
    """Make a network whose score is the sum of w x^2 over the pixels."""
    import keras

    given = keras.Input((20, 20, 1))
    square = keras.layers.Multiply()([given, given])
    score = keras.layers.Dense(1, use_bias=False)(keras.layers.Flatten()(square))
    model = keras.Model(given, score)
    weights = np.random.default_rng(4).uniform(0.5, 1, (400, 1)).astype("float32")
    model.layers[-1].set_weights([weights])
    return convscope.open(model), weights.reshape(20, 20)


def test_smoothgrad_averages_over_noise_of_the_size_it_says():
    network, weights = squares()
    photo = np.random.default_rng(5).uniform(0.5, 1, (1, 20, 20, 1)).astype("float32")
    found = convscope.heatmap(network, photo, 0, "smoothgrad").values.values[0]
    # The gradient is 2 w (x + noise): what is left over 2 w is the mean of 50 noises a pixel.
    noise = found / (2 * weights) - photo[0, ..., 0]
    expected = 0.15 * (photo.max() - photo.min()) / np.sqrt(50)
    assert noise.std() == pytest.approx(expected, rel=0.1)
    assert abs(noise.mean()) < 4 * expected / 20


def test_noise_begins_with_the_seed(classifier, photos):
    first, again, other = (
        convscope.heatmap(classifier.network, photos[:1], 0, "smoothgrad", seed=seed).values.values
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-4


def test_integrated_gradients_of_squares_are_exact():
    network, weights = squares()
    photo = np.random.default_rng(5).uniform(0, 1, (1, 20, 20, 1)).astype("float32")
    found = convscope.heatmap(network, photo, 0, "integrated-gradients")
    np.testing.assert_allclose(found.values[0], weights * photo[0, ..., 0] ** 2, atol=1e-5)
    assert abs(float(found.gap[0])) < 1e-3


def linear(pixel_range=(0.0, 1.0)):
    import keras

    model = keras.Sequential(
        [keras.Input((16, 24, 3)), keras.layers.Flatten(), keras.layers.Dense(1, use_bias=False)]
    )
    weights = np.random.default_rng(6).normal(0, 1, (16 * 24 * 3, 1)).astype("float32")
    model.layers[-1].set_weights([weights])
    return convscope.open(model, pixel_range=pixel_range), weights.reshape(16, 24, 3)


def test_the_baseline_is_a_black_image_and_the_cover_is_grey():
    """In a network that takes -1..1, black is -1 and grey is 0."""
    network, weights = linear((-1.0, 1.0))
    photo = np.random.default_rng(7).integers(0, 256, (16, 24, 3), np.uint8)
    prepared = photo / 255.0 * 2 - 1
    found = convscope.heatmap(network, photo, method="integrated-gradients")
    expected = (weights * (prepared + 1)).sum(axis=-1)
    np.testing.assert_allclose(found.values[0], expected, atol=1e-4)
    # The window of 16 x 24 is 2 x 3 and moves by 1: a corner lies under one window alone.
    found = convscope.heatmap(network, photo, method="occlusion").values.values[0]
    part = weights * prepared
    assert found[0, 0] == pytest.approx(part[:2, :3].sum(), abs=1e-3)
    assert found[-1, -1] == pytest.approx(part[-2:, -3:].sum(), abs=1e-3)


def test_occlusion_against_direct_calls(classifier, photos):
    import keras

    body = keras.Model(classifier.model.inputs, classifier.model.get_layer("hidden").output)
    kernel, bias = classifier.weights("classes")

    def logit(photo):
        hidden = keras.ops.convert_to_numpy(body(photo[None]))
        return float((hidden @ kernel + bias)[0, CLASS])

    photo = photos[0]
    total, times = np.zeros((12, 16)), np.zeros((12, 16))
    for top in range(11):
        for left in range(15):
            covered = photo.copy()
            covered[top : top + 2, left : left + 2] = 0.5
            total[top : top + 2, left : left + 2] += logit(photo) - logit(covered)
            times[top : top + 2, left : left + 2] += 1
    found = convscope.heatmap(classifier.network, photos[:1], CLASS, "occlusion")
    np.testing.assert_allclose(found.values[0], total / times, atol=1e-4)
    assert found.signed


@pytest.mark.parametrize("size", [(5, 5), (30, 41), (7, 64), (3, 2)])
def test_enlarging_is_what_jax_does(size):
    maps = np.random.default_rng(8).normal(size=(2, 3, 5)).astype("float32")
    for wanted in (size, (3, 5)):
        if min(wanted[0] - 3, wanted[1] - 5) < 0:
            continue
        expected = jax.image.resize(maps, (2, *wanted), "linear")
        np.testing.assert_allclose(enlarged(maps, wanted), expected, atol=1e-5)


def test_upsampled_has_the_size_of_the_input(classifier, photos):
    found = convscope.heatmap(classifier.network, photos, 0)
    assert found.upsampled.shape == (3, 12, 16)
    expected = jax.image.resize(found.values.values, (3, 12, 16), "linear")
    np.testing.assert_allclose(found.upsampled, expected, atol=1e-6)
    assert list(found.upsampled.coords["image"].values) == ["image 0", "image 1", "image 2"]


def test_a_map_that_is_not_a_number_says_so():
    from convscope.analysis.attribution.cams import eigen_cam

    maps = np.ones((2, 2, 3, 3), np.float32)
    maps[1, 0, 0, 0] = np.nan
    found = eigen_cam(maps)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()
