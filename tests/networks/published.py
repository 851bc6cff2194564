"""Model files that people published: with which options they open, and what is given to them."""

import gzip
from dataclasses import dataclass, field

import h5py
import numpy as np
from PIL import Image

from .test_torch_files import FirstModel, PNet

RECORDING = "inputs/Left_0001_2024_08_20_14_46_42.h5"


def lambda_19(x):
    """Do what the code of this layer of sgalkin_drive_model.h5 does, as `dis` reads it."""
    return x


def lambda_20(x):
    """Do what the code of this layer of sgalkin_drive_model.h5 does, as `dis` reads it."""
    return 2 * x / 255.0 - 1.0


def place(given):
    """Name a class or function as the options of the command line do."""
    return f"{given.__module__}:{given.__qualname__}"


@dataclass(frozen=True)
class Published:
    """A model file.

    Parameters
    ----------
    path : str
        In the folder of models.
    options : tuple of str
        Those of the command line with which it opens.
    refused : tuple of str
        What is said without them, or in any case where it does not open.
    opens : bool
        Whether it opens at all.
    row : str
        What it is called in docs/model-files.md.
    """

    path: str
    options: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    opens: bool = True
    row: str = field(default="")

    @property
    def name(self):
        return self.row or self.path.rpartition("/")[2]


WEIGHTS = ("holds weights only", "--factory package.module:callable")
LAMBDA = ("is a Lambda, which holds code", "--trust-model", "--custom package.module:")

PUBLISHED = (
    Published("keras/adityadutt_birdsong_encoder.h5"),
    Published("keras/afiliot_unet.h5"),
    Published("keras/alielgamel_styletransfer.keras"),
    Published("keras/aman21k_fashion_mnist.keras"),
    Published("keras/ayushmi_siamese_model.h5", refused=("'output_layer'", *LAMBDA), opens=False),
    Published("keras/connect4_alphazero/model_best_weight.h5", row="connect4_alphazero"),
    Published("keras/evanchien_fashion_mnist.h5"),
    Published("keras/oarriaga_fer2013_mini_XCEPTION.102-0.66.hdf5"),
    Published(
        "keras/sgalkin_drive_model.h5",
        options=("--custom", place(lambda_19), "--custom", place(lambda_20)),
        refused=("'lambda_19'", *LAMBDA),
    ),
    Published("keras/snch1211_3d_cnn_model.h5"),
    Published("keras/teachablemachine_catdog_keras_model.h5"),
    Published("torch/matthieu_mnist_cnn.pt"),
    Published("torch/mtcnn_pnet.pt", options=("--factory", place(PNet)), refused=WEIGHTS),
    Published(
        "torch/winml_cifar_myFirstModel.pth",
        options=("--factory", place(FirstModel)),
        refused=WEIGHTS,
    ),
    Published("onnx/SqueezeNet_fp16.onnx"),
    Published("onnx/mnist.onnx"),
    Published("onnx/winml_cifar_ImageClassifier.onnx"),
    Published(RECORDING, refused=("is an HDF5 file without a model in it",), opens=False),
)


def given_to(network, shared, folder):
    """Write a file that a network takes: a photo, the recording, else random numbers."""
    if network.preparation is not None:
        pixels = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "photo.png")
        return folder / "photo.png"
    if network.inputs[0].shape == (32, 64, 45, 1):
        with h5py.File(shared / "models" / RECORDING) as file:
            left, right = np.asarray(file["DS1"], "float32")
        array = np.concatenate([left, right], axis=1)[None, ..., None]
    else:
        (entry,) = network.inputs
        array = np.random.default_rng(1).random((1, *entry.shape), "float32")
    np.save(folder / "given.npy", array)
    return folder / "given.npy"


def digits(folder):
    """Read the 10,000 test images ``(image, y, x, 1)`` in 0..255, and their labels."""

    def idx(path):
        data = gzip.decompress(path.read_bytes())
        shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
        return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)

    images = idx(folder / "t10k-images-idx3-ubyte.gz")
    return images[..., None].astype("float32"), idx(folder / "t10k-labels-idx1-ubyte.gz")
