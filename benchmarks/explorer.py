"""How quickly the explorer's page answers, in headless Chromium on this machine.

Medians over several rounds. The networks have random weights, so nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

import convscope
from convscope.frameworks import import_keras

keras = import_keras("the benchmark")

_FLAGS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]

# Resolves when the page has painted what came with the event.
_PAINTED = """([event, change]) => new Promise((done) => {
  const scope = globalThis.convscope;
  const began = performance.now();
  const off = scope.on(event, (name) => {
    if (event === "maps" && name !== change.layer) return;
    off();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  });
  scope.change(change);
})"""

_COUNT_RUNS = """() => {
  const scope = globalThis.convscope;
  globalThis.painted = [];
  scope.on("run", () => requestAnimationFrame(() => globalThis.painted.push(performance.now())));
}"""

# From the question to the first painted sheet, and how long the pass took, compiling included.
_READY = """() => new Promise((done) => {
  const scope = globalThis.convscope;
  const shown = () => requestAnimationFrame(() => setTimeout(() => {
    const sent = performance.getEntriesByType("resource");
    const [, run] = sent.filter((one) => one.name.endsWith("/answer"));
    done([performance.now() - run.startTime, scope.run.milliseconds]);
  }));
  if (scope.run) shown();
  else scope.on("run", shown);
})"""

_FRAMES = """async ([seconds]) => {
  const times = [];
  const sheet = document.querySelector(".cs-sheet canvas");
  const box = sheet.getBoundingClientRect();
  const end = performance.now() + 1000 * seconds;
  let last = performance.now();
  for (let at = 0; performance.now() < end; at++) {
    const place = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2,
                    bubbles: true, cancelable: true };
    const turn = Math.floor(at / 30) % 2 ? 60 : -60;
    sheet.dispatchEvent(new WheelEvent("wheel", { ...place, deltaY: turn }));
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  return times;
}"""


@contextmanager
def page_of(model: str, wait: str = "convscope?.run") -> Iterator[Page]:
    """Serve a model as a person does, and open its page."""
    code = "import sys; from convscope.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, *(["demo"] if model == "demo" else ["explore", model])]
    command += ["--no-browser", "--port", "0", "-q"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            with sync_playwright() as play:
                browser = play.chromium.launch(
                    executable_path=shutil.which("chromium"), args=_FLAGS
                )
                page = browser.new_page(viewport={"width": 1400, "height": 860})
                page.goto(address)
                page.wait_for_function(f"() => globalThis.{wait}", timeout=180_000)
                page.wait_for_timeout(1500 * ("run" in wait))
                yield page
                browser.close()
        finally:
            server.terminate()


def stroke(seconds: float) -> None:
    """Draw on the embedded network and count how often all maps were painted."""
    with page_of("demo") as page:
        page.get_by_role("button", name="Draw").click()
        canvas = page.locator(".cs-input canvas").first.bounding_box()
        assert canvas is not None
        left, top, side = canvas["x"], canvas["y"], canvas["width"]
        page.mouse.move(left + 0.3 * side, top + 0.2 * side)
        page.mouse.down()
        page.evaluate(_COUNT_RUNS)
        end, place = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            place += 1
            share = (place % 50) / 50
            page.mouse.move(left + (0.25 + 0.5 * share) * side, top + (0.2 + 0.6 * share) * side)
        painted = page.evaluate("globalThis.painted")
        page.mouse.up()
        say("a stroke to all maps painted, embedded network", per_second(painted), "a second")


def camera(model: str, seconds: float) -> None:
    """Look through a camera and count how often prediction and maps were painted."""
    with page_of(model) as page:
        page.evaluate("globalThis.convscope.change({mode: 'layer'})")
        page.evaluate(_COUNT_RUNS)
        page.get_by_role("button", name="Camera").click()
        page.wait_for_timeout(2000)
        page.evaluate("globalThis.painted = []")
        page.wait_for_timeout(1000 * seconds)
        painted = page.evaluate("globalThis.painted")
        say("camera to prediction and maps, MobileNetV2", per_second(painted), "a second")


def layers(folder: Path, rounds: int) -> None:
    """Ask for layers of two sizes and wait until they are painted."""
    entry = keras.Input((224, 224, 3))
    wide = keras.layers.Conv2D(64, 3, padding="same", activation="relu", name="wide")(entry)
    deep = keras.layers.Conv2D(512, 16, strides=16, activation="relu", name="deep")(wide)
    end = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(deep))
    model = folder / "two.keras"
    keras.Model(entry, end).save(model)
    with page_of(str(model)) as page:
        page.evaluate("globalThis.convscope.change({mode: 'layer'})")
        for name, size in (("deep", "512 x 14 x 14"), ("wide", "64 x 224 x 224")):
            times = []
            for _ in range(rounds):
                page.evaluate("() => { const s = globalThis.convscope; s.state.layer = ''; "
                              "s.kept.clear(); s.made.clear(); }")  # fmt: skip
                times.append(page.evaluate(_PAINTED, ["maps", {"layer": name, "mode": "layer"}]))
            say(f"a layer of {size}, asked to painted", statistics.median(times), "ms")


def sheet(model: str, seconds: float) -> None:
    """Zoom and pan over all maps of ResNet50."""
    with page_of(model) as page:
        page.wait_for_function("() => globalThis.convscope.sheet && globalThis.convscope.books")
        page.wait_for_timeout(3000)
        frames = sorted(page.evaluate(_FRAMES, [seconds]))
        say("the sheet of ResNet50, zooming", 1000 / statistics.median(frames), "frames a second")
        slow = frames[int(0.95 * len(frames))]
        say("the same, 95 of 100 frames are at least", 1000 / slow, "frames a second")


def ready(model: str) -> None:
    """Say how long after the first pass of ResNet50 all its maps are painted."""
    with page_of(model, wait="convscope") as page:
        took, passed = page.evaluate(_READY)
        say("ResNet50, from its first pass to all maps painted", (took - passed) / 1000, "s")


def written(model: str, folder: Path) -> None:
    """Write the report of one image and open it from the disk."""
    from convscope.explorer.drawn import drawn_images

    network = convscope.open(model)
    images = drawn_images(network)[:1]
    network.predict(images)
    path = folder / "report.html"
    began = time.perf_counter()
    convscope.report(network, images, path)
    name = Path(network.source).stem
    say(f"report of {name}, written in", time.perf_counter() - began, "s")
    say(f"report of {name}, size", path.stat().st_size / 1e6, "MB")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 860})
        began = time.perf_counter()
        page.goto(path.as_uri(), wait_until="commit")
        page.wait_for_function("() => globalThis.convscope?.run", timeout=60_000)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => "
                      "requestAnimationFrame(done)))")  # fmt: skip
        say(f"report of {name}, on the screen in", time.perf_counter() - began, "s")
        browser.close()


def per_second(moments: list[float]) -> float:
    """Give how often something happened, from the median distance."""
    gaps = [after - before for before, after in pairwise(moments)]
    return 1000 / statistics.median(gaps) if gaps else 0.0


def say(what: str, value: float, unit: str) -> None:
    """Print one figure."""
    print(f"{what:58s} {value:8.3g} {unit}", flush=True)


def saved(name: str, folder: Path) -> str:
    """Save an application with random weights."""
    path = folder / f"{name.lower()}.keras"
    keras.utils.set_random_seed(1)
    getattr(keras.applications, name)(weights=None).save(path)
    return str(path)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors", flush=True)
    work: dict[str, Any] = {"stroke": lambda: stroke(given.seconds)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        resnet, mobilenet = saved("ResNet50", folder), saved("MobileNetV2", folder)
        work |= {
            "camera": lambda: camera(mobilenet, given.seconds),
            "layers": lambda: layers(folder, given.rounds),
            "sheet": lambda: sheet(resnet, given.seconds),
            "ready": lambda: ready(resnet),
            "report": lambda: written(resnet, folder),
        }
        for measure in work.values():
            measure()


if __name__ == "__main__":
    main()
