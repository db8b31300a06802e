"""Suppressions: numbers that must not be dialled, whoever asks.

store    the list: asked, added to, removed from
tables   its table
"""
