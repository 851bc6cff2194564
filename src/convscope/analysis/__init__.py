"""Meaning: what can be said about activations."""
