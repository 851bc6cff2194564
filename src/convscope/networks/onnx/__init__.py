"""ONNX graphs as networks, run by onnxruntime.

A file is read into a `Program`, which is never changed; what is recorded are outputs added to a
copy in memory. Only `convscope.networks.onnx.opening` may be imported without the extra.
"""
