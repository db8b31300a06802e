"""Transports: what carries a call. One protocol (`core.contracts.transport`), one folder or module each.

line_settings  what the settings of every kind of trunk have in common
audio_leg  what the audio legs of all transports have in common
load       how full a trunk is
refused    legs of calls that never were
installed  whether what real calls need is installed
check_call  the test call of `dialler trunks check`
sandbox/   a simulated phone network, built in: the default
livekit/   real calls by LiveKit's SIP service
sip/       real calls over SIP trunks, from this process
websocket/  calls over a WebSocket that the customer's own dialler opens
"""
