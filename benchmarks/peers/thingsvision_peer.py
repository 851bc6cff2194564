"""thingsvision: extraction of one or several layers over a dataset; it draws nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import convscope_side
from torch_side import SURVEYED, Side, added_up, batches
from work import SIZE, Comparison, main, near, sample, surveyed


def statistics(name: str) -> Comparison:
    """Activations of many images to figures of every channel."""
    side = Side(name, SIZE)
    from thingsvision import get_extractor_from_model

    images = sample()
    extractor = get_extractor_from_model(model=side.model, device="cpu", backend="pt")

    def recorded() -> Iterator[dict[str, Any]]:
        with extractor.batch_extraction(module_names=side.names, output_type="tensor") as extract:
            for batch in batches(images):
                yield extract.extract_batch(batch=batch, flatten_acts=False)

    return Comparison(
        lambda: added_up(recorded()),
        lambda: convscope_side.statistics(side, images),
        surveyed(side.layers, images),
        near,
        rounds=0,
    )


if __name__ == "__main__":
    main(
        "thingsvision",
        "thingsvision",
        {("statistics", SURVEYED): lambda: statistics(SURVEYED)},
    )
