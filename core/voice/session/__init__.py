"""Calls on livekit-agents' AgentSession: voice activity, turn-taking and interruption. Only this package imports livekit.

sound      our line as a session's audio input and output
ours       a `Voice` as a session's speech recognition and synthesis
parts      the parts of a session, and its turn-taking
providers  speech providers by name, from livekit's plugins
patience   how long to wait for speech that has stalled
trouble    provider errors in words
resting    a voice that its provider refuses is not tried again for a while
addresses  which settings of a bot name a URL
reach      which hosts speech providers may be reached at
warmth     preloads everything that the first call needs
leg        the `Leg` of a call on a session
"""
