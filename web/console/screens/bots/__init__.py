"""Bots: the list, a bot's file with every problem while it is edited, what it would say to real leads, and typing to it.

routes   what it answers to
editing  a bot's file, checked and kept
trial    what a bot would say: to leads, and to somebody who types
"""
