"""What the documents show works."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    import shutil

    import numpy as np
    from PIL import Image

    from convscope.training.recipes import embedded

    monkeypatch.chdir(tmp_path)
    shutil.copy(embedded(), "model.keras")
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save("photo.jpg")
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    # The embedded network calls its layers otherwise than the reader's.
    exec(block.replace('["conv2d"]', '["conv1"]'), {})
    assert (tmp_path / "conv2d.png").is_file()
    assert (tmp_path / "maps" / "maps.json").is_file()


def test_the_version_has_one_place():
    import convscope

    text = (ROOT / "pyproject.toml").read_text()
    assert 'dynamic = ["version"]' in text
    assert (
        f'__version__ = "{convscope.__version__}"'
        in (ROOT / "src" / "convscope" / "__init__.py").read_text()
    )
    assert convscope.__version__ in (ROOT / "CHANGELOG.md").read_text()
