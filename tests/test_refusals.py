"""Every public function refuses wrong types and shapes in one line that names the argument."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convscope
from convscope.errors import ConvscopeError
from convscope.training import recipes


@dataclass(frozen=True)
class Stands:
    """Stands for a value that the tests make: a network, an image, a picture."""

    name: str


NETWORK, IMAGE, PICTURE = Stands("network"), Stands("image"), Stands("picture")
OBJECTS = np.array([object(), None], dtype=object)
NAN, INF = math.nan, math.inf

# What is none of the kinds by which these are called; None is added where a value is needed.
NOT_NETWORK = [None, "embedded.keras", Path("embedded.keras"), 3, True, {}, [], IMAGE]
NOT_IMAGES = [
    None, 3, 2.5, True, NAN, {}, [], [None], [3], b"bytes", object(), OBJECTS, NETWORK, "",
    "nowhere.png", Path("nowhere.png"), np.zeros((2, 2, 2, 2, 2)), np.zeros(5),
    np.full((1, 28, 28, 1), NAN, np.float32), np.zeros((0, 28, 28), np.uint8), {"nope": 3},
]  # fmt: skip
NOT_LAYER = [None, 1.5, True, NAN, {}, [], "nope", 999, -999, b"conv1", object(), IMAGE, NETWORK,
             [None], slice(0, 0)]  # fmt: skip
NOT_LAYERS = [1.5, True, NAN, {}, [], "nope", 999, b"conv1", object(), IMAGE, NETWORK, [None],
              [1.5], [True], slice("a", "b"), slice(0, 0)]  # fmt: skip
NOT_NAME = [None, 1.5, True, {}, [], "nope", b"conv1", IMAGE, NETWORK]
NOT_WHOLE = ["x", "3", 1.5, 2.0, True, NAN, INF, {}, [], [1], IMAGE, NETWORK, b"1"]
NOT_COUNT = [*NOT_WHOLE, 0, -1]
NOT_INDEX = [*NOT_WHOLE, 10**6, -(10**6)]
NOT_NUMBER = ["x", "1", True, NAN, INF, {}, [], IMAGE, NETWORK]
NOT_SIZE = [*NOT_NUMBER, 0, -1.0]
NOT_FLAG = ["yes", "no", 2, 1.5, [], {}, NETWORK]
NOT_TEXT = [3, 1.5, True, [], {}, ["a"], b"a", IMAGE, NETWORK]
NOT_CHOICE = [*NOT_TEXT, "nope", "", None]
NOT_PATH = [None, 3, 1.5, True, [], {}, b"a", IMAGE, NETWORK]
NOT_CALL = [3, "f", True, [], {}]
NOT_TITLES = [3, True, {}, [1], [None], "ab", b"a", IMAGE, NETWORK]
NOT_TARGET = [1.5, True, NAN, {}, [], "nope", 99, -1, (1, 2, 3), (0, 0), b"a", IMAGE, NETWORK,
              (0, "nope"), (None, 1.5)]  # fmt: skip
NOT_COLORMAP = [*NOT_TEXT, "nope", ""]
NOT_VALUES = [None, "x", 3, True, {}, [], [[1, 2], [3]], OBJECTS, NETWORK, np.zeros((2,) * 6),
              np.zeros((0, 3, 3)), np.zeros((3, 0, 3)), np.array(["a", "b"]),
              np.zeros((2, 3, 3), complex)]  # fmt: skip
NOT_MAPPING = [3, "x", True, [1, 2], IMAGE, NETWORK]
NOT_ENDS = [3, "ab", True, (), (1,), (1, 2, 3), (2, 1), (NAN, 1), (0, INF), ("a", "b"), {}, IMAGE,
            NETWORK, (None, 1)]  # fmt: skip
NOT_CHANNELS = [1.5, "x", True, {}, [], [1.5], [True], [None], ["a"], [99], [-1], NETWORK, b"1",
                np.zeros((2, 2), int)]  # fmt: skip


@dataclass(frozen=True)
class Function:
    """A public function, a call of it that works, and what its arguments refuse."""

    call: Callable[..., Any]
    works: Mapping[str, Any]
    refuses: Mapping[str, list[Any]]
    called: Mapping[str, str] = field(default_factory=dict)
    """What else an argument may be called in a message: a regular expression."""


NOT_UNIT = [
    None,
    3,
    "ab",
    True,
    {},
    [],
    (1,),
    (1, 2, 3),
    (1.5, 2),
    (NAN, 1),
    (-1, 0),
    (999, 0),
    (True, 1),
    IMAGE,
    NETWORK,
]
NOT_DATASET = [None, 3, True, {}, [], b"a", "", "nowhere", Path("nowhere"), IMAGE, NETWORK]
IMAGES = {"images": r"\bimages?\b|picture|\binputs?\b|dataset|array|nowhere"}
LAYER = {"layer": r"\blayers?\b|slice"}
CHANNEL = {"channel": "channel"}


def _of(name: str) -> Callable[..., Any]:
    """Give a function by the name under which a person knows it, once it is called."""

    def call(*given: Any, **named: Any) -> Any:
        found: Any = convscope
        for part in name.split("."):
            found = getattr(found, part)
        return found(*given, **named)

    return call


def _is_empty(given: Any) -> bool:
    return isinstance(given, list) and not given


def _method(name: str) -> Callable[..., Any]:
    return lambda it, **given: getattr(it, name)(**given)


_MOSAIC = {
    "values": NOT_VALUES,
    "scale": [*NOT_CHOICE, "fixed(1)", "fixed(2, 1)", "fixed(nan, 1)"],
    "columns": NOT_COUNT,
    "low": ["x", {}, [1.0], np.zeros((2, 2)), OBJECTS, NETWORK],
    "high": ["x", {}, [1.0], np.zeros((2, 2)), OBJECTS, NETWORK],
    "bounds": NOT_ENDS,
    "words": [3, True, {}, ["active"], "abc", [1, 2, 3], NETWORK],
    "signed": NOT_FLAG,
    "provenance": NOT_MAPPING,
    "title": NOT_TEXT,
    "dims": [
        3,
        True,
        "xyz",
        ("y", "x"),
        ("channel", "y", "why"),
        ("channel", "channel", "x"),
        {},
        (1, 2, 3),
        NETWORK,
    ],
    "order": [3, True, "abc", [0, 1], [0, 0, 1], [0, 1, 3], [0.0, 1.0, 2.0], {}, NETWORK],
    "axis": NOT_TEXT,
}
_THREE = np.arange(27, dtype=np.float32).reshape(3, 3, 3)

FUNCTIONS = {
    "mosaic": Function(
        _of("mosaic"),
        {"values": _THREE},
        {
            **_MOSAIC,
            "colormap": NOT_COLORMAP,
            "zoom": [None, *NOT_COUNT],
            "gap": [None, *NOT_WHOLE, -1],
        },
        {"values": "values|array|DataArray|axes|empty", "dims": "dims|axes|axis"},
    ),
    "figures.numbered": Function(
        _of("figures.numbered"),
        {"values": _THREE},
        {**_MOSAIC, "colormap": NOT_COLORMAP, "size": NOT_SIZE},
        {"values": "values|array|DataArray|axes|empty", "dims": "dims|axes|axis"},
    ),
    "figures.lines": Function(
        _of("figures.lines"),
        {"values": _THREE[0], "dims": ("channel", "x")},
        {
            **_MOSAIC,
            "dims": [3, True, "xy", ("y", "x", "z"), ("channel", "y", "x"), {}, (1, 2), NETWORK],
        },
        {"values": "values|array|DataArray|axes|empty|signals", "dims": "dims|axes|axis|signals"},
    ),
    "figures.table": Function(
        _of("figures.table"),
        {"cells": [[_THREE[0], _THREE[1]]]},
        {
            "cells": [
                None,
                3,
                "x",
                True,
                {},
                [],
                [[]],
                [[3]],
                [["a"]],
                [[OBJECTS]],
                [[_THREE[:2]]],
                [None],
                NETWORK,
                [[NETWORK]],
                [[np.zeros((0, 3))]],
            ],
            "row_titles": [*NOT_TITLES, ["a", "b"]],
            "column_titles": [*NOT_TITLES, ["a"]],
            "scale": NOT_CHOICE,
            "colormap": NOT_COLORMAP,
            "title": NOT_TEXT,
            "bounds": [*NOT_ENDS, [[(0, 1)]], [[(0, 1), "x"]]],
            "words": [3, True, "a", [["a"]], ["ab"], [[1, 2]], {}, NETWORK],
            "signed": NOT_FLAG,
            "size": [None, *NOT_SIZE],
            "provenance": NOT_MAPPING,
        },
        {"cells": "cell|table|map"},
    ),
    "figures.matrix": Function(
        _of("figures.matrix"),
        {"values": np.eye(3)},
        {
            "values": [
                None,
                "x",
                3,
                True,
                {},
                [],
                [[1, 2], [3]],
                OBJECTS,
                np.zeros(3),
                _THREE,
                np.zeros((0, 2)),
                NETWORK,
            ],
            "row_names": [*NOT_TITLES, ["a"]],
            "column_names": [*NOT_TITLES, ["a"]],
            "row_title": NOT_TEXT,
            "column_title": NOT_TEXT,
            "colormap": [None, *NOT_COLORMAP],
            "title": NOT_TEXT,
            "provenance": NOT_MAPPING,
        },
        {"values": "values|array|matrix|axes|empty"},
    ),
    "figures.beside": Function(
        _of("figures.beside"),
        {"pictures": [PICTURE, PICTURE]},
        {
            "pictures": [None, 3, "x", [], {}, [3], [None], [_THREE], PICTURE, NETWORK],
            "titles": [*NOT_TITLES, ["a"]],
            "spans": [*NOT_TITLES, ["a"]],
            "title": NOT_TEXT,
            "provenance": NOT_MAPPING,
        },
        {"pictures": "picture"},
    ),
    "figures.panels": Function(
        _of("figures.panels"),
        {"pictures": [PICTURE, IMAGE]},
        {
            "pictures": [None, 3, "x", [], {}, [3], [None], [_THREE], PICTURE, NETWORK, [NETWORK]],
            "width": [None, *NOT_SIZE, "wide", "3", "0 mm", "-3 mm", "nan mm", "0.1 mm"],
            "columns": NOT_COUNT,
            "letters": [*NOT_CHOICE[:-2], None],
            "titles": [*NOT_TITLES, ["a"]],
            "footer": [None, *NOT_FLAG],
            "dpi": [None, *NOT_SIZE],
            "provenance": NOT_MAPPING,
        },
        {"pictures": "picture|panel"},
    ),
    "figures.page": Function(
        _of("figures.page"), {"picture": PICTURE}, {"picture": [None, 3, "x", _THREE, {}, NETWORK]}
    ),
    "figures.draw_picture": Function(
        _of("figures.draw_picture"),
        {"picture": PICTURE, "ax": Stands("axes")},
        {"picture": [None, 3, "x", _THREE, {}, NETWORK], "ax": [None, 3, "x", {}, PICTURE]},
        {"ax": r"\bax\b|axes"},
    ),
    "Picture.zoomed": Function(
        _method("zoomed"), {"it": PICTURE, "zoom": 2}, {"zoom": [None, *NOT_COUNT]}
    ),
    "Picture.box": Function(
        _method("box"), {"it": PICTURE, "channel": 1}, {"channel": [None, *NOT_INDEX]}
    ),
    "Picture.channel_at": Function(
        _method("channel_at"),
        {"it": PICTURE, "y": 1, "x": 1},
        {"y": [None, *NOT_WHOLE], "x": [None, *NOT_WHOLE]},
        {"y": r"\by\b", "x": r"\bx\b"},
    ),
    "Picture.save": Function(
        _method("save"),
        {"it": PICTURE, "path": "it.png"},
        {"path": [*NOT_PATH, "", "it", "it.gif", "nowhere/it.png"]},
        {"path": "path|save|write"},
    ),
    "Picture.to_matplotlib": Function(
        _method("to_matplotlib"),
        {"it": PICTURE, "ax": Stands("axes")},
        {"ax": [3, "x", {}, PICTURE]},
        {"ax": r"\bax\b|axes"},
    ),
    "Drawing.save": Function(
        _method("save"),
        {"it": Stands("drawing"), "path": "it.png"},
        {
            "path": [*NOT_PATH, "", "it", "it.gif", "nowhere/it.png"],
            "dpi": NOT_SIZE,
        },
        {"path": "path|save|write"},
    ),
    "Drawing.encode": Function(
        _method("encode"),
        {"it": Stands("drawing"), "kind": "png"},
        {"kind": NOT_CHOICE, "dpi": NOT_SIZE},
    ),
    "open": Function(
        # How many colours a network takes may be known only when images are prepared.
        lambda model, **options: convscope.open(model, **options).preparation,
        {"model": recipes.embedded()},
        {
            "model": [
                None,
                3,
                1.5,
                True,
                {},
                [],
                b"a",
                OBJECTS,
                IMAGE,
                "",
                "nowhere.keras",
                Path("nowhere.keras"),
                Path("it.txt"),
                "keras:Nope",
                "nowhere:nope",
                ".",
                Path(),
            ],
            "labels": [3, True, {}, [1, 2], b"a", NETWORK, "nowhere.txt", Path("nowhere.txt")],
            "size": [
                3,
                "28",
                "ab",
                True,
                (),
                (1,),
                (1, 2, 3),
                (0, 1),
                (-1, 1),
                (1.5, 2),
                (NAN, 1),
                (None, 1),
                {},
                NETWORK,
            ],
            "pixel_range": [
                3,
                "ab",
                True,
                (),
                (1,),
                (0, 1, 2),
                (1, 1),
                (NAN, 1),
                (0, INF),
                ("a", "b"),
                {},
                NETWORK,
            ],
            "pixel_mean": ["a", True, {}, (), ("a",), (NAN,), (1, 2), (None,), NETWORK],
            "pixel_std": ["a", True, {}, (), ("a",), (NAN,), (0,), (-1,), (1, 2), NETWORK],
            "pixel_order": [3, True, [], {}, "grb", NETWORK],
            "trust_model": NOT_FLAG,
            "custom": [3, True, [3], {"a": 3}, "nope", NETWORK],
            "architecture": [3, True, [], {}, b"a", "nowhere.json", NETWORK],
            "factory": [3, True, [], {}, "nope", NETWORK],
            "input_shape": [3, "ab", True, {}, (1.5, 2), (0, 1), (-1, 2), (True, 1), NETWORK],
        },
        {
            "model": "model|file|keras|Network|nowhere|adapter",
            "labels": "labels?|class names",
            "pixel_range": "range",
            "pixel_mean": "mean",
            "pixel_std": "std|standard deviation",
            "pixel_order": "order",
            "custom": "custom",
            "architecture": "architecture|nowhere",
        },
    ),
    "layers": Function(_of("layers"), {"network": NETWORK}, {"network": NOT_NETWORK}),
    "maps": Function(
        _of("maps"),
        {"network": NETWORK, "images": IMAGE, "sort": "contribution"},
        {
            "network": NOT_NETWORK,
            "images": NOT_IMAGES,
            "layers": NOT_LAYERS,
            "scale": NOT_CHOICE,
            "colormap": NOT_COLORMAP,
            "columns": NOT_COUNT,
            "zoom": [None, *NOT_COUNT],
            "numbers": [None, *NOT_FLAG],
            "sort": NOT_CHOICE,
            "target": NOT_TARGET,
        },
        {**IMAGES, "layers": LAYER["layer"], "target": "target|class", "sort": "sort"},
    ),
    "Maps": Function(
        _method("__getitem__"), {"it": Stands("maps"), "layer": "conv1"}, {"layer": NOT_NAME}, LAYER
    ),
    "Maps.image": Function(
        _method("image"), {"it": Stands("maps"), "image": 0}, {"image": [None, *NOT_INDEX]}
    ),
    "Maps.save": Function(
        _method("save"),
        {"it": Stands("maps"), "folder": "it"},
        {"folder": NOT_PATH, "progress": NOT_CALL},
        {"folder": "folder|path"},
    ),
    **{
        f"Maps.{name}": Function(
            _method(name), {"it": Stands("maps"), "layer": "conv1"}, {"layer": NOT_NAME}, LAYER
        )
        for name in (
            "shape",
            "words",
            "reasons",
            "extent",
            "order",
            "numbered",
            "projection",
            "lines",
        )
    },
    "compare": Function(
        _of("compare"),
        {"network": NETWORK, "images": IMAGE, "layers": "conv1", "channel": 0},
        {
            "network": NOT_NETWORK,
            "images": NOT_IMAGES,
            "layers": NOT_LAYERS,
            "channel": [None, *NOT_INDEX],
            "mean": [None, *NOT_FLAG],
            "scale": NOT_CHOICE,
            "colormap": NOT_COLORMAP,
            "input": [None, *NOT_FLAG],
            "titles": NOT_TITLES,
        },
        {**IMAGES, "layers": LAYER["layer"]},
    ),
    "values": Function(
        _of("values"),
        {"network": NETWORK, "image": IMAGE, "layer": "conv1", "channel": 0},
        {
            "network": NOT_NETWORK,
            "image": NOT_IMAGES,
            "layer": NOT_LAYER,
            "channel": [None, *NOT_INDEX],
            "mean": [None, *NOT_FLAG],
        },
        {"image": IMAGES["images"], **LAYER},
    ),
    "Values.save": Function(
        _method("save"),
        {"it": Stands("values"), "path": "it.csv"},
        {"path": [*NOT_PATH, "", "nowhere/it.csv"]},
        {"path": "path|write"},
    ),
    "receptive_field": Function(
        _of("receptive_field"),
        {"network": NETWORK, "layer": "conv1", "unit": (3, 3)},
        {
            "network": NOT_NETWORK,
            "layer": NOT_LAYER,
            "unit": NOT_UNIT,
            "images": NOT_IMAGES[1:],
            "channel": NOT_INDEX,
            "input": [3, True, [], {}, "nope", NETWORK],
        },
        {**IMAGES, **LAYER},
    ),
    "explain": Function(
        _of("explain"),
        {"network": NETWORK, "images": IMAGE, "layer": "conv1", "channel": 0, "unit": (3, 3)},
        {
            "network": NOT_NETWORK,
            "images": NOT_IMAGES,
            "layer": NOT_LAYER,
            "channel": [None, *NOT_INDEX],
            "unit": NOT_UNIT,
        },
        {**IMAGES, **LAYER},
    ),
    **{
        f"Explanation.{name}": Function(
            _method(name),
            {"it": Stands("explanation"), "count": 2},
            {"count": [*NOT_WHOLE, -1]},
        )
        for name in ("ranking", "to_json")
    },
    "verify": Function(
        _of("verify"),
        {"network": NETWORK, "images": IMAGE},
        {"network": NOT_NETWORK, "images": NOT_IMAGES[1:], "progress": NOT_CALL},
        IMAGES,
    ),
    "diagnosis": Function(
        _of("diagnosis"),
        {"activation": _THREE},
        {
            "activation": [
                None,
                "x",
                3,
                True,
                {},
                [],
                [[1, 2], [3]],
                OBJECTS,
                NETWORK,
                np.zeros(0),
                np.zeros((3, 0)),
                np.zeros((3, 2), complex),
            ],
            "known": [3, "x", True, [], {}, (1, 2), IMAGE, NETWORK],
            "bounds": [
                3,
                "ab",
                True,
                (),
                (1,),
                (1, 2, 3),
                ("a", None),
                (2, 1),
                (NAN, 1),
                {},
                NETWORK,
            ],
        },
        {"activation": "activation|values|array", "known": "known"},
    ),
    "filters": Function(
        _of("filters"),
        {"network": NETWORK, "layer": "conv1", "channels": [0]},
        {
            "network": NOT_NETWORK,
            "layer": NOT_LAYER,
            "channels": NOT_CHANNELS,
            "maximize": [None, *NOT_FLAG],
        },
        {**LAYER, "channels": "channel"},
    ),
    "filters, maximised": Function(
        _of("filters"),
        {"network": NETWORK, "layer": "conv1", "channels": [0], "maximize": True, "steps": 1},
        {
            "steps": [None, *NOT_WHOLE, -1],
            "seed": [None, *NOT_WHOLE, -1],
            "progress": NOT_CALL,
            "channels": NOT_CHANNELS,
        },
        {**LAYER, "channels": "channel"},
    ),
    "contributions": Function(
        _of("contributions"),
        {"network": NETWORK, "images": IMAGE},
        {"network": NOT_NETWORK, "images": NOT_IMAGES, "target": NOT_TARGET},
        {**IMAGES, "target": "target|class"},
    ),
    "Books": Function(
        _method("__getitem__"),
        {"it": Stands("books"), "layer": "conv1"},
        {"layer": NOT_NAME},
        LAYER,
    ),
    "Books.reason": Function(
        _method("reason"), {"it": Stands("books"), "layer": "conv1"}, {"layer": NOT_NAME}, LAYER
    ),
    "Books.ranking": Function(
        _method("ranking"),
        {"it": Stands("books"), "layer": "conv1", "image": 0},
        {"layer": NOT_NAME, "image": [None, *NOT_INDEX]},
        LAYER,
    ),
    "heatmap": Function(
        _of("heatmap"),
        {"network": NETWORK, "images": IMAGE},
        {
            "network": NOT_NETWORK,
            "images": NOT_IMAGES,
            "target": NOT_TARGET,
            "method": NOT_CHOICE,
            "layer": NOT_LAYER[1:],
            "seed": [None, *NOT_WHOLE, -1],
            "progress": NOT_CALL,
        },
        {**IMAGES, **LAYER, "target": "target|class"},
    ),
    **{
        name: Function(
            _of(name),
            {"network": NETWORK, "layer": "conv1", "channels": 0},
            {
                "network": NOT_NETWORK,
                "layer": NOT_NAME,
                "channels": [
                    None,
                    True,
                    "x",
                    NAN,
                    1.5,
                    -0.5,
                    10**6,
                    -1,
                    {},
                    [],
                    [1.5],
                    [True],
                    [None],
                    b"1",
                    NETWORK,
                    np.zeros((2, 2), int),
                    slice("a", "b"),
                    slice(0, 0),
                ],
                "to": NOT_CHOICE,
            },
            {**LAYER, "channels": "channel|share", "to": r"\bto\b"},
        )
        for name in ("mute", "solo")
    },
    "mute, to the mean": Function(
        _of("mute"),
        {"network": NETWORK, "layer": "conv1", "channels": 0, "to": "mean", "images": IMAGE},
        {"images": NOT_IMAGES},
        IMAGES,
    ),
    "ablation": Function(
        _of("ablation"),
        {"network": NETWORK, "images": IMAGE, "layer": "conv1", "channels": [0]},
        {
            "network": NOT_NETWORK,
            "images": NOT_IMAGES,
            "layer": NOT_NAME,
            "target": NOT_TARGET,
            "channels": [3, *NOT_CHANNELS],
        },
        {**IMAGES, **LAYER, "target": "target|class", "channels": "channel"},
    ),
    "Target": Function(
        lambda **given: convscope.contributions(
            convscope.open(recipes.embedded()),
            np.zeros((28, 28), np.uint8),
            convscope.Target(**given),
        ),
        {"channel": 3},
        {
            "channel": [1.5, True, NAN, {}, [], "nope", 99, -1, b"a"],
            "against": [1.5, True, NAN, {}, [], "nope", 99, -1, 3, b"a"],
            "output": [3, True, [], {}, "nope", b"a"],
            "unit": [3, "ab", True, {}, (1.5,), (0,), (0, 0)],
            "box": [3, "ab", True, {}, (0, 0, 1), (0, 0, 1, 1), (0, 0, 1.5, 1)],
            "mask": [3, "ab", {}, np.zeros((2, 2)), OBJECTS],
        },
        {"channel": "class|channel", "against": "class|against"},
    ),
    "Network.activations": Function(
        _method("activations"),
        {"it": NETWORK, "images": IMAGE},
        {"images": NOT_IMAGES, "layers": NOT_LAYERS},
        {**IMAGES, "layers": LAYER["layer"]},
    ),
    **{
        f"Network.{name}": Function(
            _method(name),
            {"it": NETWORK, "images": IMAGE},
            # An empty list is read as one; it cannot be run.
            {"images": [one for one in NOT_IMAGES if name != "read" or not _is_empty(one)]},
            IMAGES,
        )
        for name in ("predict", "batches", "read", "provenance")
    },
    "Network.select": Function(
        _method("select"),
        {"it": NETWORK, "selectors": 0},
        {"selectors": NOT_LAYERS},
        {"selectors": LAYER["layer"]},
    ),
    "Network.computation": Function(
        _method("computation"), {"it": NETWORK, "layer": "conv1"}, {"layer": NOT_NAME}, LAYER
    ),
    "Network.record": Function(
        lambda it, **given: it.record(**{"batches": it.batches(_PICTURE), **given}),
        {"it": NETWORK, "layers": []},
        {"batches": [None, 3, "x", {}, IMAGE, [IMAGE], NETWORK], "layers": [None, 3, "x", ["x"]]},
        {"batches": "batch|images", **{"layers": LAYER["layer"]}},
    ),
    "Activations": Function(
        _method("__getitem__"),
        {"it": Stands("activations"), "layer": "conv1"},
        {"layer": NOT_NAME},
        LAYER,
    ),
    "Activations.array": Function(
        _method("array"),
        {"it": Stands("activations"), "layer": "conv1", "image": 0},
        {"layer": NOT_NAME, "image": [None, *NOT_INDEX]},
        LAYER,
    ),
    "Activations.image": Function(
        _method("image"), {"it": Stands("activations"), "image": 0}, {"image": [None, *NOT_INDEX]}
    ),
    "Activations.index": Function(
        _method("index"), {"it": Stands("activations"), "image": 0}, {"image": [None, *NOT_INDEX]}
    ),
    "difference": Function(
        _of("difference"),
        {"one": NETWORK, "other": NETWORK, "images": IMAGE, "layer": "conv1"},
        {"one": NOT_NETWORK, "other": NOT_NETWORK, "images": NOT_IMAGES, "layer": NOT_LAYER},
        {**IMAGES, **LAYER},
    ),
    "Difference.drawing": Function(
        _method("drawing"),
        {"it": Stands("difference"), "image": 0},
        {"image": [None, *NOT_INDEX]},
    ),
    "similarity": Function(
        _of("similarity"),
        {"one": NETWORK, "dataset": Stands("dataset"), "layers": "conv1"},
        {
            "one": [None, 3, {}, [], IMAGE, "nowhere.keras"],
            "other": [3, {}, [], IMAGE, "nowhere.keras"],
            "dataset": NOT_DATASET,
            "layers": NOT_LAYERS,
            "other_layers": NOT_LAYERS,
            "sample": [*NOT_COUNT, 3],
            "seed": [None, *NOT_WHOLE, -1],
            "batch": [*NOT_COUNT, 3],
        },
        {
            "one": r"\bone\b|model|nowhere",
            "other": r"\bother\b|model|nowhere",
            "dataset": "dataset",
            "layers": "layer|slice",
            "other_layers": "layer|slice",
            "sample": "sample|images",
            "batch": "batch",
        },
    ),
    "survey": Function(
        _of("survey"),
        {
            "model": NETWORK,
            "dataset": Stands("dataset"),
            "output": Stands("new"),
            "layers": "conv1",
        },
        {
            "model": [None, 3, {}, [], IMAGE, "nowhere.keras"],
            "dataset": NOT_DATASET,
            "output": NOT_PATH,
            "layers": NOT_LAYERS,
            "per_class": NOT_LAYERS,
            "k": [None, *NOT_COUNT],
            "ranking": NOT_CHOICE,
            "among": NOT_CHOICE,
            "sample": NOT_COUNT,
            "seed": [None, *NOT_WHOLE, -1],
            "batch": NOT_COUNT,
            "engine": NOT_CHOICE,
            "workers": [None, *NOT_COUNT],
            "gpus_per_worker": [None, *NOT_NUMBER, -1],
            "address": NOT_TEXT,
            "begin": NOT_CALL,
            "progress": NOT_CALL,
        },
        {
            "model": "model|nowhere",
            "dataset": "dataset",
            "output": "output",
            "layers": "layer|slice",
            "per_class": "layer|slice|per_class",
            "among": "among|set of images",
            "sample": "sample|images",
        },
    ),
    "open_survey": Function(
        _of("open_survey"),
        {"path": Stands("store")},
        {"path": [*NOT_PATH, "", "nowhere.zarr"]},
        {"path": "path|survey|nowhere"},
    ),
    "Survey": Function(
        _method("__getitem__"),
        {"it": Stands("survey"), "layer": "conv1"},
        {"layer": NOT_NAME},
        LAYER,
    ),
    "Survey.layer": Function(
        _method("layer"),
        {"it": Stands("survey"), "name": "conv1"},
        {"name": NOT_NAME},
        {"name": "survey|layer"},
    ),
    "Survey.read": Function(
        _method("read"),
        {"it": Stands("survey"), "name": "mean"},
        {"name": [None, 3, [], {}, "nope"], "columns": ["a", 1.5, {}, slice("a", "b")]},
        {"name": "array|name", "columns": "columns|channels"},
    ),
    "Survey.image": Function(
        _method("image"),
        {"it": Stands("survey"), "place": 0},
        {"place": [None, *NOT_INDEX]},
        {"place": "place|image"},
    ),
    "Film": Function(
        lambda path: convscope.Film(_PICTURE, "conv1", path=path),
        {"path": Stands("new")},
        {"path": NOT_PATH},
        {"path": "path|folder"},
    ),
    "Film.record": Function(
        lambda network, step, path: convscope.Film(_PICTURE, "conv1", path=path).record(
            network, step
        ),
        {"network": NETWORK, "step": 0, "path": Stands("new")},
        {"network": NOT_NETWORK, "step": [None, *NOT_WHOLE, -1]},
        {"step": "step"},
    ),
    "Film.images": Function(
        lambda images, layers, path: convscope.Film(images, layers, path=path).record(
            convscope.open(recipes.embedded()), 0
        ),
        {"images": IMAGE, "layers": "conv1", "path": Stands("new")},
        {"images": NOT_IMAGES, "layers": NOT_LAYERS},
        {**IMAGES, "layers": "layer|slice"},
    ),
    "Film.remember": Function(
        lambda network, path: convscope.Film(_PICTURE, "conv1", path=path).remember(network),
        {"network": NETWORK, "path": Stands("new")},
        {"network": NOT_NETWORK},
    ),
    "Film.callback": Function(
        lambda network, every, path: convscope.Film(_PICTURE, path=path).callback(
            network, every=every
        ),
        {"network": NETWORK, "every": 2, "path": Stands("new")},
        {
            "network": [one for one in NOT_NETWORK if one is not None],
            "every": [None, *NOT_COUNT, "step"],
        },
    ),
    "open_film": Function(
        _of("open_film"),
        {"path": Stands("film store")},
        {"path": [*NOT_PATH, "", "nowhere.zarr"]},
        {"path": "path|film|nowhere"},
    ),
    "OpenedFilm": Function(
        _method("__getitem__"),
        {"it": Stands("film"), "layer": "conv1"},
        {"layer": NOT_NAME},
        LAYER,
    ),
    "OpenedFilm.maps": Function(
        _method("maps"),
        {"it": Stands("film"), "layer": "conv1"},
        {"layer": NOT_NAME, "image": [None, *NOT_INDEX], "training": NOT_FLAG},
        LAYER,
    ),
    "OpenedFilm.frame_maps": Function(
        _method("frame_maps"),
        {"it": Stands("film"), "layer": "conv1", "frame": 0},
        {"layer": NOT_NAME, "frame": [None, *NOT_INDEX], "training": NOT_FLAG},
        LAYER,
    ),
    "OpenedFilm.ends": Function(
        _method("ends"),
        {"it": Stands("film"), "layer": "conv1"},
        {"layer": NOT_NAME, "image": [None, *NOT_INDEX], "training": NOT_FLAG},
        LAYER,
    ),
    "OpenedFilm.series": Function(
        _method("series"),
        {"it": Stands("film"), "name": "dead", "layer": "conv1"},
        {"layer": NOT_NAME, "name": NOT_CHOICE},
        LAYER,
    ),
    "OpenedFilm.outputs": Function(
        _method("outputs"),
        {"it": Stands("film"), "frame": 0},
        {"frame": [None, *NOT_INDEX]},
    ),
    "FilmedNetwork.at": Function(
        _method("at"),
        {"it": Stands("filmed"), "frame": 0},
        {"frame": [None, *NOT_INDEX], "training": NOT_FLAG},
    ),
    "report": Function(
        _of("report"),
        {"network": NETWORK, "images": IMAGE, "path": Stands("new.html")},
        {
            "network": NOT_NETWORK,
            "images": NOT_IMAGES,
            "path": [*NOT_PATH, "page.pdf"],
            "survey": [3, True, {}, b"a", IMAGE, NETWORK, "nowhere.zarr"],
            "lessons": [3, True, b"a", IMAGE, NETWORK, "nowhere.toml", [3]],
            "progress": NOT_CALL,
        },
        {**IMAGES, "path": "path|page", "survey": "survey|path", "lessons": "lesson|nowhere"},
    ),
    "explore": Function(
        _of("explore"),
        {"network": NETWORK, "images": IMAGE},
        {
            "network": NOT_NETWORK,
            "against": [one for one in NOT_NETWORK if one is not None],
            # None stands for drawn ones, an empty list for none.
            "images": [one for one in NOT_IMAGES if one is not None and not _is_empty(one)],
            "survey": [3, True, {}, b"a", IMAGE, NETWORK, "nowhere.zarr"],
            "lessons": [3, True, b"a", IMAGE, NETWORK, "nowhere.toml", [3]],
        },
        {
            **IMAGES,
            "against": "against|network",
            "survey": "survey|path",
            "lessons": "lesson|nowhere",
        },
    ),
    "datasets.open_dataset": Function(
        _of("datasets.open_dataset"),
        {"name_or_path": Stands("folder")},
        {
            "name_or_path": [
                None,
                3,
                True,
                {},
                [],
                b"a",
                "",
                "nowhere",
                Path("nowhere"),
                IMAGE,
                NETWORK,
            ],
            "split": [3, True, [], {}, "nope", b"a", NETWORK],
        },
        {"name_or_path": "dataset|name|path"},
    ),
    "datasets.arrays": Function(
        _of("datasets.arrays"),
        {"dataset": Stands("dataset")},
        {"dataset": [None, 3, "x", {}, [], IMAGE, NETWORK]},
        {"dataset": "[dD]ataset"},
    ),
    "datasets.first_of_each": Function(
        _of("datasets.first_of_each"),
        {"dataset": Stands("dataset"), "k": 1},
        {"dataset": [None, 3, "x", {}, [], IMAGE, NETWORK], "k": [None, *NOT_COUNT]},
        {"dataset": "[dD]ataset", "k": r"\bk\b|images"},
    ),
    "Dataset": Function(
        _method("__getitem__"),
        {"it": Stands("dataset"), "index": 0},
        {"index": [None, *NOT_INDEX]},
        {"index": "index|image"},
    ),
    "Dataset.sample": Function(
        _method("sample"),
        {"it": Stands("dataset"), "count": 2},
        {"count": [None, *NOT_COUNT], "seed": [None, *NOT_WHOLE, -1]},
        {"count": "count|sample"},
    ),
    "recipes.find": Function(
        _of("recipes.find"), {"name": "digits"}, {"name": NOT_CHOICE}, {"name": "name|recipe"}
    ),
    "recipes.train": Function(
        _of("recipes.train"),
        {"name": "digits", "path": Stands("new keras"), "epochs": 1, "batch": 1000},
        {
            "name": NOT_CHOICE,
            "path": [*NOT_PATH, "", "it", "it.h5"],
            "data": [3, True, [], {}, b"a", NETWORK, "nowhere"],
            "epochs": NOT_COUNT,
            "batch": NOT_COUNT,
            "progress": NOT_CALL,
        },
        {"name": "name|recipe", "path": r"path|\.keras", "data": "data"},
    ),
}


def _pairs() -> list[Any]:
    return [
        pytest.param(name, argument, id=f"{name}({argument})")
        for name, function in FUNCTIONS.items()
        for argument in function.refuses
    ]


_PICTURE = np.arange(784, dtype=np.uint8).reshape(28, 28)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make what the arguments stand for, each once, when it is first needed."""
    folder = tmp_path_factory.mktemp("made")
    known: dict[str, Any] = {}

    def network() -> Any:
        return convscope.open(recipes.embedded())

    def axes() -> Any:
        from matplotlib.figure import Figure

        return Figure().subplots()

    def images() -> Path:
        path = folder / "images.npz"
        pictures = np.stack([np.roll(_PICTURE, place) for place in range(8)])
        np.savez(path, x_test=pictures, y_test=np.arange(8) % 2)
        return path

    def store() -> Path:
        path = folder / "store.zarr"
        convscope.survey(recipes.embedded(), images(), path, layers="conv1", k=2)
        return path

    def film_store() -> Path:
        film = convscope.Film(_PICTURE, "conv1", path=folder / "film.zarr")
        film.record(value("network"), 0)
        return folder / "film.zarr"

    makers: dict[str, Callable[[], Any]] = {
        "network": network,
        "image": lambda: _PICTURE,
        "picture": lambda: convscope.mosaic(_THREE),
        "drawing": lambda: convscope.figures.matrix(np.eye(2)),
        "axes": axes,
        "maps": lambda: convscope.maps(value("network"), _PICTURE),
        "values": lambda: convscope.values(value("network"), _PICTURE, "conv1", 0),
        "explanation": lambda: convscope.explain(value("network"), _PICTURE, "conv1", 0, (3, 3)),
        "books": lambda: convscope.contributions(value("network"), _PICTURE),
        "activations": lambda: value("network").activations(_PICTURE),
        "difference": lambda: convscope.difference(
            value("network"), value("network"), _PICTURE, "conv1"
        ),
        "folder": images,
        "dataset": lambda: convscope.datasets.open_dataset(images()),
        "store": store,
        "survey": lambda: convscope.open_survey(value("store")),
        "film store": film_store,
        "film": lambda: convscope.open_film(value("film store")),
        "filmed": lambda: value("film").as_network(),
    }  # fmt: skip

    def value(name: str) -> Any:
        if name.startswith("new"):
            return folder / f"{len(list(folder.iterdir()))}.{name[4:] or 'zarr'}"
        if name not in known:
            known[name] = makers[name]()
        return known[name]

    return value


def _filled(given: Any, made: Callable[[str], Any]) -> Any:
    if isinstance(given, Stands):
        return made(given.name)
    if isinstance(given, list):
        return [_filled(one, made) for one in given]
    return given


@pytest.mark.parametrize(("name", "argument"), _pairs())
def test_it_is_refused_by_its_name(name, argument, made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = FUNCTIONS[name]
    works = {key: _filled(value, made) for key, value in function.works.items()}
    called = function.called.get(argument, argument)
    missed = []
    for wrong in function.refuses[argument]:
        given = {**works, argument: _filled(wrong, made)}
        try:
            found = function.call(**given)
        except ConvscopeError as error:
            said = str(error)
            if "\n" in said or not re.search(called, said) or len(said) > 400:
                missed.append(f"{wrong!r}: said {said!r}")
        except Exception as error:
            missed.append(f"{wrong!r}: {type(error).__name__}: {error}")
        else:
            missed.append(f"{wrong!r}: gave {type(found).__name__}")
    if missed:
        pytest.fail("\n".join(missed), pytrace=False)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_right_is_taken(name, made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = FUNCTIONS[name]
    function.call(**{key: _filled(value, made) for key, value in function.works.items()})
