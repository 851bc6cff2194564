"""What a walk through the page on a network of another kind asks of the network itself."""

import numpy as np


def source(explored, image=0):
    return [explored.session.images[image].content.pixels.astype(np.uint8)]


def values(explored, layer, image=0, network=None):
    """Compute a layer with the network itself."""
    network = network or explored.network
    return network.activations(source(explored, image), layer)[layer].values[0]


def best(explored, image=0, network=None):
    """Give the scores of the network and its classes, best first."""
    scores = (network or explored.network).predict(source(explored, image)).values[0]
    return scores, [int(one) for one in np.argsort(-scores, kind="stable")]


def close(found, expected):
    """One pass of the session records all layers, the other few: XLA fuses them otherwise."""
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def near(found, expected):
    """Tell whether colours are the same; a value at the edge of a level may fall to either."""
    off = np.abs(found.astype(int) - expected).max(axis=-1)
    return (off <= 12).all() and (off > 0).mean() < 0.02


def at_layer(open_page, walked, state=""):
    explored, layer = walked
    page = open_page(f"theme=light&m=layer&l={layer}{state}", at=explored)
    page.wait_for_function("(name) => convscope.maps(name)", arg=layer)
    return page
