"""Trunks and caller IDs: which line a call goes out on, and the number it shows."""
