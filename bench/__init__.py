"""Measurements. docs/performance.md has the figures."""
