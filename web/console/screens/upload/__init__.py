"""A new campaign from a list: choose a file, see what was understood, import it.

routes   what it answers to
files    uploaded files that wait for their import
"""
