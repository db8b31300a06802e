"""The dialler's HTTP API: where call results come in."""
