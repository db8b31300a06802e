"""Bots: what they are (`config`), how a file becomes one (`loading`), where they are kept (`tables`, `store`)."""
