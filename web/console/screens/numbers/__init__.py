"""Numbers and trunks: which trunks there are, how they do, and the caller IDs on them.

routes   what it answers to
view     what it shows, as plain values
"""
