"""What the calls of ONNX's operations compute, one file for each sort.

A reader is given a `Reading`, a call, and gives a `Taken`, or None where it does not understand the
call. `convscope.networks.onnx.computation` knows which reader is for which operation.
"""
