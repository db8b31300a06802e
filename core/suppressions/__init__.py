"""Suppressions: numbers that must not be dialled, whoever asks.

store    the list: asked, added to, removed from
lists    named lists of millions of numbers
tables   its table
"""
