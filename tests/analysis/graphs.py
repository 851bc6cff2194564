"""Small random graphs of everything that has a window."""

import keras
import numpy as np
from hypothesis import strategies as st
from keras import layers

SIZE = (12, 10)

_PADDING = st.sampled_from(["valid", "same"])
_LINEAR = {
    "conv": st.tuples(st.integers(1, 3), st.integers(1, 3), _PADDING),
    "dilated": st.tuples(st.integers(2, 3), st.integers(2, 3), _PADDING),
    "depthwise": st.tuples(st.integers(1, 3), st.integers(1, 2), _PADDING),
    "transposed": st.tuples(st.integers(1, 3), st.integers(1, 3), _PADDING),
    "mean": st.tuples(st.integers(1, 3), st.integers(1, 3), _PADDING),
    "nearest": st.tuples(st.integers(1, 2), st.integers(1, 3)),
    "bilinear": st.tuples(st.integers(1, 2), st.integers(1, 3)),
    "frame": st.tuples(st.integers(0, 2), st.integers(0, 2)),
    "crop": st.tuples(st.integers(0, 1), st.integers(0, 1)),
    "slice": st.tuples(st.integers(0, 2), st.integers(1, 2)),
    "beside": st.none(),
    "below": st.none(),
    "sum": st.none(),
    "channels": st.none(),
}
_OTHER = {
    "max": st.tuples(st.integers(1, 3), st.integers(1, 3), _PADDING),
    "relu": st.none(),
    "softmax": st.none(),
    "bicubic": st.tuples(st.integers(1, 2), st.integers(1, 3)),
}
if keras.backend.backend() != "torch":  # Keras has no Lanczos there.
    _OTHER["lanczos3"] = st.tuples(st.integers(1, 2), st.integers(1, 3))


def steps(*, linear):
    """Draw up to five steps, each with the place of the value it takes, counted from the last."""
    kinds = _LINEAR if linear else _LINEAR | _OTHER
    one = st.sampled_from(sorted(kinds)).flatmap(
        lambda kind: st.tuples(st.just(kind), kinds[kind], st.integers(1, 3))
    )
    return st.lists(one, min_size=1, max_size=5)


def graph(drawn, *, positive):
    """Build the model; with positive weights every input that a unit sees changes it."""
    inputs = keras.Input((*SIZE, 2))
    values = [inputs]
    for kind, given, back in drawn:
        source = values[-min(back, len(values))]
        value = _step(kind, given, source, values[-1])
        if value is not None and min(value.shape[1:3]) > 0 and max(value.shape[1:3]) <= 60:
            values.append(value)
    if len(values) == 1:
        values.append(layers.Conv2D(2, 3)(inputs))
    model = keras.Model(inputs, values[-1])
    rng = np.random.default_rng(0)
    low = 0.2 if positive else -1.0
    for variable in model.variables:
        variable.assign(rng.uniform(low, 1.0, variable.shape))
    return model


def _step(kind, given, source, last):
    space, others = source.shape[1:3], last.shape[1:3]
    match kind:
        case "conv" | "depthwise" | "mean" | "max" | "dilated":
            reach = (given[0] - 1) * (given[1] if kind == "dilated" else 1)
            if given[2] == "valid" and reach >= min(space):
                return None
    match kind:
        case "conv":
            return layers.Conv2D(2, given[0], given[1], given[2])(source)
        case "dilated":
            return layers.Conv2D(2, given[0], 1, given[2], dilation_rate=given[1])(source)
        case "depthwise":
            return layers.DepthwiseConv2D(given[0], given[1], given[2])(source)
        case "transposed":
            return layers.Conv2DTranspose(2, given[0], given[1], given[2])(source)
        case "mean":
            return layers.AveragePooling2D(*given)(source)
        case "max":
            return layers.MaxPooling2D(*given)(source)
        case "nearest" | "bilinear" | "bicubic" | "lanczos3":
            return layers.UpSampling2D(given, interpolation=kind)(source)
        case "frame":
            return layers.ZeroPadding2D((given, given[::-1]))(source)
        case "crop":
            return None if min(space) < 4 else layers.Cropping2D((given, given[::-1]))(source)
        case "slice":
            start, stride = given
            return None if min(space) < 4 else source[:, start::stride, :-1, :]
        case "relu":
            return layers.ReLU()(source)
        case "softmax":
            return layers.Softmax(axis=-1)(source)
        case "beside" if space[0] == others[0] and source.shape[3] == last.shape[3]:
            return layers.Concatenate(axis=2)([source, last])
        case "below" if space[1] == others[1] and source.shape[3] == last.shape[3]:
            return layers.Concatenate(axis=1)([last, source])
        case "sum" if source.shape == last.shape:
            return layers.Add()([source, last])
        case "channels" if space == others:
            return layers.Concatenate()([source, last])
    return None
