"""The live stream that all tabs of a browser share.

routes   what it answers to
"""
