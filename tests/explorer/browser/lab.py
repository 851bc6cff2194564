"""A real JupyterLab in a temporary folder, and a notebook on its page."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PATIENCE = 120
_SOURCE = Path(__file__).resolve().parents[3] / "src"


@dataclass(frozen=True)
class Lab:
    """A server that runs, and the folder of its notebooks."""

    address: str
    token: str
    folder: Path

    def write(self, name: str, cells: Sequence[str]) -> None:
        """Write a notebook of code cells."""
        import nbformat

        found = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
        found.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(found, self.folder / f"{name}.ipynb")

    def open(self, page: Any, name: str) -> Notebook:
        """Show a notebook, and wait until its kernel can be asked."""
        page.goto(f"{self.address}/doc/tree/{name}.ipynb?token={self.token}")
        page.wait_for_function("() => globalThis.jupyterapp")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.evaluate(
            """async () => {
                const { context } = globalThis.jupyterapp.shell.currentWidget;
                await context.ready;
                await context.sessionContext.ready;
                globalThis.cells = {};
            }"""
        )
        return Notebook(page)


@dataclass(frozen=True)
class Notebook:
    """A notebook on a page of JupyterLab."""

    page: Any

    def command(self, name: str, **arguments: Any) -> None:
        """Do what a menu does."""
        self.page.evaluate(
            "([name, given]) => globalThis.jupyterapp.commands.execute(name, given)",
            [name, arguments],
        )

    def cell(self, place: int) -> Any:
        """Give a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(place)

    def choose(self, place: int) -> None:
        """Make a cell the active one."""
        self.cell(place).locator(".jp-InputPrompt").click()

    def start(self, place: int) -> None:
        """Start a cell, without waiting for its end."""
        self.choose(place)
        self.page.evaluate(
            """(place) => {
                cells[place] = { busy: true };
                const ended = globalThis.jupyterapp.commands.execute("notebook:run-cell");
                ended.finally(() => { cells[place].busy = false; });
            }""",
            place,
        )

    def busy(self, place: int) -> bool:
        """Tell whether a cell that was started runs still."""
        return bool(self.page.evaluate("(place) => cells[place].busy", place))

    def finish(self, place: int) -> None:
        """Wait for the end of a cell."""
        self.page.wait_for_function(
            "(place) => !cells[place].busy", arg=place, timeout=_PATIENCE * 1000
        )

    def clear(self, place: int) -> None:
        """Take the output of a cell away."""
        self.choose(place)
        self.command("notebook:clear-cell-output")

    def end(self) -> None:
        """End the kernel."""
        self.page.evaluate(
            "() => globalThis.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"
        )

    def run(self, *places: int) -> None:
        """Run cells one after the other."""
        for place in places:
            self.start(place)
            self.finish(place)

    def printed(self, place: int) -> str:
        """Give what a cell printed."""
        self.run(place)
        return self.cell(place).locator(".jp-OutputArea-output").inner_text().strip()


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Start JupyterLab with settings of its own; end it with its kernels."""
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    own = {
        name: str(folder / name.lower())
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "IPYTHONDIR",
        )
    }
    settings = folder / "jupyterlab_settings_dir" / "@jupyterlab"
    # Cells out of sight stay in the page, and nothing covers it.
    for name, chosen in (
        ("notebook-extension/tracker", '{"windowingMode": "none"}'),
        ("apputils-extension/notification", '{"fetchNews": "false"}'),
    ):
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(chosen)
    paths = os.pathsep.join(filter(None, [str(_SOURCE), os.environ.get("PYTHONPATH", "")]))
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                "--expose-app-in-browser",
                f"--ServerApp.root_dir={notebooks}",
                f"--ServerApp.port={port}",
                "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={token}",
                "--LabApp.news_url=",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            env={**os.environ, **own, "PYTHONPATH": paths, "KERAS_BACKEND": "jax"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            lab = Lab(f"http://127.0.0.1:{port}", token, notebooks)
            _wait(lab, process, folder / "lab.log")
            yield lab
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(lab: Lab, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        assert time.monotonic() < deadline, "JupyterLab does not answer"
        try:
            with urllib.request.urlopen(f"{lab.address}/api/status?token={lab.token}", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)
