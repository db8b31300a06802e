"""How the transports of real calls are wired to the call engine of a process.

speech     what speaks and listens, from the engine's parts
sip        the transport `sip`, what it needs of the engine, and what is done beside calls
livekit    the same for the transport `livekit`
websocket  the same for the transport `websocket`
receiving  calls that come in: taken, each in a task of its own
"""
