"""Answers: networks, analysis and pictures put together."""
