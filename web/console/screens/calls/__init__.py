"""One call: what was said, what happened in which order, what came of it.

routes   what it answers to
story    the events of a call in words
"""
