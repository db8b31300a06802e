"""Suppressions: numbers that must not be dialled, whoever asks."""
