"""Damaged inputs: whole ones to begin with, what is done to them, what comes of it."""
