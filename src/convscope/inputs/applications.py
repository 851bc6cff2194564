"""What the families of keras.applications do to the pixels before the network."""

from __future__ import annotations

__all__ = ["APPLICATIONS", "MODES"]

MODES: dict[str, dict[str, object]] = {
    # Zero-centred by the mean of ImageNet, blue first, as the networks that came from Caffe.
    "caffe": {"low": 0.0, "high": 255.0, "mean": (103.939, 116.779, 123.68), "order": "bgr"},
    "tf": {"low": -1.0, "high": 1.0},
    "torch": {
        "low": 0.0,
        "high": 1.0,
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
    },
    # These rescale inside.
    "none": {"low": 0.0, "high": 255.0},
}
"""Fields of a preparation by the mode names of keras.applications.imagenet_utils."""

_BY_MODE = {
    "caffe": "VGG16 VGG19 ResNet50 ResNet101 ResNet152",
    "tf": "ResNet50V2 ResNet101V2 ResNet152V2 MobileNet MobileNetV2 InceptionV3 InceptionResNetV2 "
    "Xception NASNetMobile NASNetLarge",
    "torch": "DenseNet121 DenseNet169 DenseNet201",
    "none": "EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 "
    "EfficientNetB5 EfficientNetB6 EfficientNetB7 EfficientNetV2B0 EfficientNetV2B1 "
    "EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2S EfficientNetV2M EfficientNetV2L "
    "MobileNetV3Small MobileNetV3Large ConvNeXtTiny ConvNeXtSmall ConvNeXtBase ConvNeXtLarge "
    "ConvNeXtXLarge",
}

APPLICATIONS: dict[str, str] = {
    name: mode for mode, names in _BY_MODE.items() for name in names.split()
}
"""Mode by the name of the application: ``APPLICATIONS["VGG16"] == "caffe"``."""
