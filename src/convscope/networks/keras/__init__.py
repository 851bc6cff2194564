"""Keras models of every kind, on the jax, tensorflow and torch backends.

Nothing is imported here: the modules below import Keras, and only `backend` decides which backend
it runs on.
"""
