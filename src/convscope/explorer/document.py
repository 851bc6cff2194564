"""The page of a report: style, script and answers in one HTML file."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator

from convscope.explorer.bundle import script, styles
from convscope.explorer.packing import Pack, compressed

__all__ = ["document"]


def document(title: str, packs: Iterable[Pack]) -> Iterator[bytes]:
    """Write the page piece by piece.

    Nothing is loaded: the policy allows its own script and style alone, named by their hashes.

    Parameters
    ----------
    title : str
        Whatever a model may be called.
    packs : iterable of Pack
        The script stands behind the first three, and so it shows these while the others are read.

    Yields
    ------
    bytes
        UTF-8.
    """
    code, style = script(), f"\n{styles()}"
    policy = (
        f"default-src 'none'; script-src '{_hash(_LOADER)}' '{_hash(code)}'; "
        f"style-src '{_hash(style)}'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    yield f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}: Convscope</title>
<style>{style}</style>
</head>
<body class="cs-page">
<main data-convscope="report"></main>
<noscript>The explorer needs JavaScript.</noscript>
""".encode("utf-8", "replace")
    waiting = iter(packs)
    for _, pack in zip(range(_FIRST), waiting, strict=False):
        yield from _element(pack)
    packed = base64.b64encode(compressed(code.encode())).decode()
    yield f'<script type="application/octet-stream" data-code>{packed}</script>\n'.encode()
    yield f'<script type="module" async>{_LOADER}</script>\n'.encode()
    for pack in waiting:
        yield from _element(pack)
    yield b"</body>\n</html>\n"


# The network, the first run and its overview.
_FIRST = 3
# Unpacks the script; what it puts into the page is allowed by its own hash.
_LOADER = """
const packed = atob(document.querySelector("[data-code]").textContent);
const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const script = document.createElement("script");
script.type = "module";
script.textContent = await new Response(stream).text();
document.head.append(script);
"""


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _element(pack: Pack) -> Iterator[bytes]:
    """Write a pack, if anything is in it."""
    if not pack.answers:
        return
    yield b'<script type="application/octet-stream" data-pack="'
    yield html.escape(pack.label).encode("ascii")
    yield b'">'
    yield pack.encoded()
    yield b"</script>\n"
