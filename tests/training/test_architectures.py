"""The networks have the layers, shapes and parameter counts that are published."""

import pytest

from convscope.training.recipes import RECIPES

POOLED = ["conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1"]
HEAD = ["flatten", "dense", "dense_1"]

LAYERS = {
    "digits": POOLED + HEAD,
    "mnist": POOLED + HEAD,
    "fashion-mnist": POOLED + HEAD,
    "cats-vs-dogs": [
        *POOLED,
        "conv2d_2",
        "max_pooling2d_2",
        "conv2d_3",
        "max_pooling2d_3",
        *HEAD,
    ],
    "embedded": [
        "conv1",
        "conv2",
        "pool1",
        "conv3",
        "conv4",
        "pool2",
        "flatten",
        "dense1",
        "dense2",
    ],
}


@pytest.fixture(scope="module")
def models():
    return {name: recipe.build() for name, recipe in RECIPES.items()}


def test_the_recipes_are_these():
    assert list(RECIPES) == ["digits", "mnist", "fashion-mnist", "cats-vs-dogs", "embedded"]
    assert all(recipe.name == name and recipe.makes for name, recipe in RECIPES.items())
    with pytest.raises(TypeError):
        RECIPES["mine"] = RECIPES["mnist"]


@pytest.mark.parametrize("name", LAYERS)
def test_layer_names(models, name):
    assert [layer.name for layer in models[name].layers] == LAYERS[name]


def test_layer_names_do_not_depend_on_what_was_built_before():
    names = [layer.name for layer in RECIPES["mnist"].build().layers]
    assert names == [layer.name for layer in RECIPES["mnist"].build().layers] == LAYERS["mnist"]


# 243,786 and 3,453,121 are published with the lessons; the others are sums of kernels and biases.
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("fashion-mnist", 243_786),
        ("cats-vs-dogs", 3_453_121),
        ("mnist", 5 * 32 + (4 * 32 + 1) * 32 + (6 * 6 * 32 + 1) * 500 + 501 * 10),
        ("digits", 10 * 16 + (9 * 16 + 1) * 32 + (2 * 2 * 32 + 1) * 64 + 65 * 10),
        (
            "embedded",
            10 * 8
            + (9 * 8 + 1) * 16
            + (9 * 16 + 1) * 32
            + (9 * 32 + 1) * 32
            + (4 * 4 * 32 + 1) * 64
            + 65 * 10,
        ),
    ],
)
def test_parameters(models, name, count):
    assert models[name].count_params() == count


def test_published_shapes(models):
    fashion = [layer.output.shape[1:] for layer in models["fashion-mnist"].layers]
    assert fashion == [
        (26, 26, 64),
        (13, 13, 64),
        (11, 11, 64),
        (5, 5, 64),
        (1600,),
        (128,),
        (10,),
    ]
    cats = [layer.output.shape[1:] for layer in models["cats-vs-dogs"].layers]
    assert cats[::2][:4] == [(148, 148, 32), (72, 72, 64), (34, 34, 128), (15, 15, 128)]
    assert cats[1::2][:4] == [(74, 74, 32), (36, 36, 64), (17, 17, 128), (7, 7, 128)]
    assert cats[8:] == [(6272,), (512,), (1,)]
    assert models["mnist"].layers[0].output.shape[1:] == (27, 27, 32)


def test_the_networks_take_what_the_preparations_give(models):
    for name, recipe in RECIPES.items():
        preparation = recipe.preparation
        assert models[name].input_shape == (None, *preparation.size, preparation.channels)
        assert (preparation.low, preparation.high) == (0, 1)
        assert models[name].output_shape[1] == (1 if name == "cats-vs-dogs" else 10)


def test_channels_first_in_the_settings_of_keras_changes_nothing():
    import keras

    keras.config.set_image_data_format("channels_first")
    try:
        assert RECIPES["fashion-mnist"].build().count_params() == 243_786
    finally:
        keras.config.set_image_data_format("channels_last")
