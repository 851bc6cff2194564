"""The help of the page stands in the documentation too, word for word."""

import re
from pathlib import Path

from convscope.explorer.assets import WEB

HELP = (WEB / "help.js").read_text(encoding="utf-8")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "explorer.md"


def plain(text):
    """Leave the words of Markdown alone."""
    return " ".join(re.sub(r"[`|*]|^#+", " ", text, flags=re.MULTILINE).split()).casefold()


def test_every_key_and_every_sentence_is_there():
    page = plain(PAGE.read_text(encoding="utf-8"))
    keys = re.findall(r'\["([^"]+)", "([^"]+)"\](?=[,\]])', HELP[: HELP.index("const MARKS")])
    assert len(keys) >= 20
    for key, words in keys:
        assert plain(f"{key} {words}") in page, f"{key}: {words}: write it into docs/explorer.md"
    sentences = [one for one in re.findall(r'"([^"\n]+)"', HELP) if one.count(" ") >= 3]
    assert len(sentences) >= 20
    for words in sentences:
        assert plain(words) in page, f"{words!r}: write it into docs/explorer.md"
