"""What the calls of Keras's layers compute, one file for each sort of layer.

A reader is given a `Reading`, a layer call, and gives a `Taken`, or None where it does not
understand the call. `convscope.networks.keras.computation` knows which reader is for which layer.
"""
