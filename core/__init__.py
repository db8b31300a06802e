"""The call engine: bots, seats, calls, conversation, transports, results, pushes. Knows nothing of campaigns."""
