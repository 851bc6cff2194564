"""Recipes that train the small networks of the gallery, and the network that comes along."""
