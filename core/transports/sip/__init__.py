"""Calls over a SIP trunk from this process, without any server beside it. See docs/transport-sip.md.

Pure:

g711, rtp, dtmf, jitter   audio on the line: codecs, packets, keys, evening out what the network did
codec_names               what codecs are called
source                    whose packets belong to a call
sdp, negotiation          session descriptions, offer and answer
reasons, advice           statuses and causes, whose fault they are, what to do
referral                  a transfer, as its news tell it
addresses, unreadable     addresses in headers; the answer to a request that cannot be read
info_keys                 keys in an INFO
log_limit                 a line in the log for so much time
settings, timers          what a trunk is told; session timers

With I/O, each in its thread:

media, ports              the sound of all calls: the media thread
stack/                    signalling by sippy; `signalling` is how the rest sees it
line                      a trunk looked up, and its ports counted
call, leg                 one call: from those threads into the event loop
inbound, called          a call to us; whom it is meant for
registration, check       REGISTER; `dialler trunks check`
standing                  how a registration stands, as it is kept
line                      a trunk's record, its host looked up
asking                    requests outside of calls: is the trunk there
transport                 the transport of the call engine
"""
