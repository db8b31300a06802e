"""Calls held by livekit-agents' AgentSession: voice activity, turn-taking and interruption. Only this package imports livekit.

sound      our line as a session's audio input and output
ours       a `Voice` as a session's speech recognition and synthesis
parts      what a session is made of, and how it takes turns
providers  speech providers by name, as livekit's plugins offer them
patience   how long a speech that does not go on is waited for
trouble    what went wrong with a provider, in words
resting    a voice that its provider refuses is left alone for a while
addresses  which settings of a bot name an address
reach      which hosts speech providers may be reached at
warmth     everything that the first call loads, loaded beforehand
leg        the `Leg` of a call that a session holds
"""
