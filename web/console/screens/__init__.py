"""The screens of the console: each package here is found by its name, and has `screen` in `routes`.

*/   one screen a folder: `routes` (what it answers to), `view` (what it shows, plain values) and its templates
"""
