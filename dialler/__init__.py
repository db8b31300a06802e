"""The campaign execution plane: lead lists, pacing, claims, retries, callbacks, recovery. Drives core through its public API only."""
