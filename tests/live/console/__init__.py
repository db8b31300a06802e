"""The console in a real browser (Debian's Chromium by Playwright), against `dialler serve` in a process of its own."""
