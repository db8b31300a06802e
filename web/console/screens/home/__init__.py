"""The first page: the campaigns of the visitor and what needs attention.

routes   what it answers to
"""
