"""Why onnxruntime refused a graph, in one line."""

from __future__ import annotations

import re

from convscope.networks.reasons import reason_of

__all__ = ["refusal", "said"]

_HEAD = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")
_WHERE = re.compile(r"/\S*\.(?:cc|h|cpp):\d+ (?:[^()]*\([^()]*\)(?: const)? ?)?")
_UNKNOWN = (
    re.compile(r"No Op registered for (?P<op>\S+) with domain_version of (?P<version>\d+)"),
    re.compile(r"Fatal error: (?P<op>\S+?)\(-?\d+\) is not a registered"),
    re.compile(
        r"Could not find an implementation for (?P<op>\S+?)\((?P<version>\d+)\) node with name "
        r"'(?P<node>[^']*)'"
    ),
)
_DOMAIN = re.compile(r"No opset import for domain '(?P<domain>[^']*)'")
_NODE = re.compile(r"In Node, \(\"(?P<node>[^\"]*)\", (?P<op>[^,]+),")
_OPSET = re.compile(r"Opset (?P<opset>\d+) is under development.*?till opset (?P<most>\d+)")


def said(error: BaseException) -> str:
    """Give what onnxruntime says, without its codes and the places in its source."""
    text = _WHERE.sub("", _HEAD.sub("", str(error)))
    return reason_of(Exception(text)) if text.strip() else type(error).__name__


def refusal(error: BaseException, source: str, version: str) -> str:
    """Say why a graph cannot be run, and what to do.

    Parameters
    ----------
    error : BaseException
        From making a session.
    source : str
        Where the graph came from.
    version : str
        Of onnxruntime.
    """
    told = str(error)
    if found := _OPSET.search(told):
        return (
            f"{source} is written in opset {found['opset']}, and onnxruntime {version} knows them "
            f"up to {found['most']}: update onnxruntime, or export it with an older opset"
        )
    for pattern in _UNKNOWN:
        if found := pattern.search(told):
            parts = found.groupdict()
            node = parts.get("node") or (place["node"] if (place := _NODE.search(told)) else "")
            where = f" (node {node!r})" if node else ""
            opset = f" of version {parts['version']}" if parts.get("version") else ""
            return (
                f"{source} uses the operation {found['op']}{opset}{where}, which onnxruntime "
                f"{version} does not know: update onnxruntime, or export the network with standard "
                "operations"
            )
    if found := _DOMAIN.search(told):
        op = node["op"] if (node := _NODE.search(told)) else "an operation"
        return (
            f"{source} uses the operation {op} of the domain {found['domain']!r}, which it does "
            "not import: export it again"
        )
    return f"onnxruntime {version} cannot run {source}: {said(error)}; export it again"
