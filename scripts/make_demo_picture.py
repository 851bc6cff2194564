"""Make docs/demo.png: what the embedded network makes of four drawn digits."""

from pathlib import Path

import convscope
from convscope.inputs.images import Image
from convscope.training.recipes import embedded
from convscope.training.strokes import digit

network = convscope.open(embedded())
images = [Image(digit(label)[..., None], f"digit {label}", label) for label in (2, 4, 8)]
table = convscope.compare(
    network, images, "kind:conv,kind:pool", channel=5, titles=["two", "four", "eight"]
)
table.save(Path(__file__).resolve().parents[1] / "docs" / "demo.png")
