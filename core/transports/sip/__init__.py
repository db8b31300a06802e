"""Calls over a SIP trunk from this process, without any server beside it. See docs/transport-sip.md.

Pure:

g711, rtp, dtmf, jitter   audio on the line: codecs, packets, keys, evening out what the network did
sdp                       session descriptions, offer and answer
reasons                   statuses and causes, and whose fault they are
"""
