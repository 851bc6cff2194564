"""Files as every age of Keras wrote them, made by hand with h5py and zipfile."""

import io
import json
import zipfile

import h5py
import numpy as np


def write_h5(path, config, weights, *, version="2.1.6", backend="tensorflow", top=False):
    """Write an HDF5 file.

    Parameters
    ----------
    path : Path
    config : object or None
        The architecture; None for a file of weights.
    weights : dict of str to dict of str to array
        By layer, then by the name of the weight, such as ``conv/kernel:0``.
    version, backend : str or None
        None where Keras did not say.
    top : bool
        Whether the weights lie at the top of the file, as ``save_weights`` puts them.
    """
    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
        group = file if top else file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for key, value in (("keras_version", version), ("backend", backend)):
            if value is not None:
                group.attrs[key] = value.encode()
        for layer, arrays in weights.items():
            inside = group.create_group(layer)
            inside.attrs["weight_names"] = [name.encode() for name in arrays]
            for name, array in arrays.items():
                inside.create_dataset(name, data=np.asarray(array, "float32"))
    return path


def write_archive(path, config, stored, *, version="2.13.1"):
    """Write a ``.keras`` archive of Keras 2.12 or 2.13.

    Parameters
    ----------
    path : Path
    config : dict
    stored : dict of str to array
        By the place in the tree: ``_layer_checkpoint_dependencies/conv2d/vars/0``.
    version : str
    """
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for place, array in stored.items():
            if array is None:
                file.create_group(place)
            else:
                file.create_dataset(place, data=np.asarray(array, "float32"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", held.getvalue())
    return path


def layer(class_name, name, inbound=None, **config):
    """Give the entry of one layer; `inbound` lists its calls in a functional model."""
    entry = {"class_name": class_name, "config": {"name": name, **config}, "name": name}
    return entry if inbound is None else {**entry, "inbound_nodes": inbound}


def sequential(*layers, name="sequential_1"):
    """Give the configuration of a Sequential as Keras 2.2.3 and later write it."""
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def functional(*layers, inputs, outputs, name="model_1", class_name="Model"):
    """Give the configuration of a functional model."""
    config = {"name": name, "layers": list(layers)}
    config |= {"input_layers": inputs, "output_layers": outputs}
    return {"class_name": class_name, "config": config}


def values(*shape, seed=0):
    """Give weights that are neither zero nor one."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype("float32")


def correlated(x, kernel, bias=0.0):
    """Slide a kernel (y, x, in, out) over (image, y, x, in), as TensorFlow does: "valid"."""
    high, wide = kernel.shape[:2]
    rows, columns = x.shape[1] - high + 1, x.shape[2] - wide + 1
    out = np.zeros((len(x), rows, columns, kernel.shape[3]))
    for row in range(rows):
        for column in range(columns):
            patch = x[:, row : row + high, column : column + wide]
            out[:, row, column] = np.tensordot(patch, kernel, ([1, 2, 3], [0, 1, 2]))
    return out + bias


def convolved(x, kernel, bias=0.0):
    """Convolve (image, in, y, x) with (out, in, y, x) as mathematics and Theano do: "valid"."""
    high, wide = kernel.shape[2:]
    rows, columns = x.shape[2] - high + 1, x.shape[3] - wide + 1
    out = np.zeros((len(x), len(kernel), rows, columns))
    for row in range(rows):
        for column in range(columns):
            for i in range(high):
                for j in range(wide):
                    part = x[:, :, row + high - 1 - i, column + wide - 1 - j]
                    out[:, :, row, column] += part @ kernel[:, :, i, j].T
    return out + np.reshape(bias, (-1, 1, 1))
