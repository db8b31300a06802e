"""Calls over a WebSocket that the customer's own dialler opens. See docs/transport-websocket.md.

Pure:

protocol    the messages, read and written; the handshake
closing     the codes that a connection is closed with
arrivals    evening out how the sound of the other side arrives
flood       how much a client may send

With I/O:

connection  one WebSocket: a bounded queue out, one message at a time in
session     the sound of one call, exchanged every 20 ms in the media thread
leg         the audio leg of one call
inbound    a call that asks to be answered
transport   what all of them share: the media thread, the speech, the limits
"""
