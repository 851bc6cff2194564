"""Files of Keras 1 and 2, read as data and built with today's Keras.

No code of a file is run: only Lambda layers hold any, and these need the person's trust.
"""
