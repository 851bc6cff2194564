"""An environment for every peer, since they want different things.

What is large is installed once, for Keras and for PyTorch; a peer's own environment holds only what
it wants beside that. The frameworks are held at today's versions: a peer that wants an older one
does not install, and the resolver's reason is what is reported.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PEERS", "Peer", "base", "environment"]

ROOT = Path(__file__).parents[2]
TODAY = {
    "keras": ("keras==3.15.1", "tensorflow-cpu==2.21.0"),
    "torch": ("torch==2.13.0",),
}
# Built for CUDA, it would bring another build of torch.
ALONE = {"keras": (), "torch": ("torchvision==0.28.0",)}


@dataclass(frozen=True)
class Peer:
    """A peer: its script, the framework that it stands on, and what pip installs for it."""

    name: str
    script: str
    framework: str
    packages: tuple[str, ...] = ()


PEERS = {
    peer.name: peer
    for peer in (
        Peer("seeds", "seeds_way", "keras"),
        Peer("keract", "keract_peer", "keras", ("keract==4.5.2",)),
        # It imports OpenCV and does not say so.
        Peer(
            "tf-explain",
            "tf_explain_peer",
            "keras",
            ("tf-explain==0.3.1", "opencv-python-headless"),
        ),
        Peer("tf-keras-vis", "tf_keras_vis_peer", "keras", ("tf-keras-vis==0.8.7",)),
        Peer("captum", "captum_peer", "torch", ("captum==0.9.0",)),
        Peer("pytorch-grad-cam", "grad_cam_peer", "torch", ("grad-cam==1.5.7",)),
        Peer("torchlens", "torchlens_peer", "torch", ("torchlens==2.36.1",)),
        Peer("thingsvision", "thingsvision_peer", "torch", ("thingsvision==2.7.3",)),
        Peer("zennit-crp", "zennit_crp_peer", "torch", ("zennit-crp==0.6.0",)),
        Peer("make_grid", "make_grid_peer", "torch"),
        Peer("ultralytics", "ultralytics_peer", "torch", ("ultralytics==8.4.190",)),
        # The last line of versions that drew feature maps.
        Peer("ultralytics-8.3", "ultralytics_peer", "torch", ("ultralytics==8.3.200",)),
    )
}


def base(framework: str, folder: Path) -> Path:
    """Make the environment of a framework with convscope in it, unless it is there."""
    place = folder / framework
    if not (place / "ready").exists():
        venv.create(place, with_pip=True, clear=True)
        _pip(place, place, *TODAY[framework], "--editable", f"{ROOT}[survey]")
        if ALONE[framework]:
            _pip(place, place, "--no-deps", *ALONE[framework])
        (place / "ready").touch()
    return place


def environment(peer: Peer, folder: Path) -> tuple[Path, str]:
    """Make the environment of a peer on that of its framework.

    Returns
    -------
    path, str
        Its Python, and why it could not be installed; empty where it could.
    """
    ground = base(peer.framework, folder)
    if not peer.packages:
        return _python(ground), ""
    place = folder / f"peer-{peer.name}"
    venv.create(place, with_pip=False, clear=True)
    own, below = (_packages(one) for one in (place, ground))
    (own / "base.pth").write_text(f"import site; site.addsitedir({str(below)!r})\n")
    held = folder / "today.txt"
    held.write_text("\n".join(pin for pins in (*TODAY.values(), *ALONE.values()) for pin in pins))
    try:
        _pip(ground, place, "--constraint", str(held), *peer.packages)
    except subprocess.CalledProcessError as error:
        return _python(place), _reason(error.stdout + error.stderr)
    return _python(place), ""


def _pip(pip: Path, place: Path, *wanted: str) -> None:
    command = [str(_python(pip)), "-m", "pip", "--python", str(_python(place)), "install"]
    subprocess.run([*command, *wanted], check=True, capture_output=True, text=True)


def _reason(printed: str) -> str:
    """Give the conflict that pip's resolver names, else its last error."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    if "The conflict is caused by:" in lines:
        start = lines.index("The conflict is caused by:") + 1
        causes = [line for line in lines[start:] if "depends on" in line or "requested" in line]
        return "; ".join(causes[:2])
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip said nothing"])[-1]


def _python(place: Path) -> Path:
    inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    return place / inside


def _packages(place: Path) -> Path:
    # By name: where a distribution has a scheme of its own, that is what would be given.
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(place)}))
