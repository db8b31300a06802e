"""Transports: what carries a call. One protocol (`base`), one folder or module each.

base       the protocol: place a call, follow its events, speak, hang up, transfer
refused    a leg for calls that did not leave
sandbox/   a simulated phone network, built in: the default
sip/       real calls over SIP trunks, from this process
"""
