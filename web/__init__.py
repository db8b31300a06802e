"""The front door: the composition root, the HTTP app, the command line."""
