"""Calls by LiveKit's SIP service. See docs/transport-livekit.md.

Pure:

settings      what a trunk is told
naming        rooms and trunks of this installation, told from everybody else's
outcomes      what an error of the server means
sync          what must be done so that LiveKit's trunks are as our records say
orphans       which rooms have lost an owner

With I/O:

server        LiveKit's HTTP API
rtc_thread    the thread of the sound; `rtc_room` is one call's room in it
leg           one call: from that thread into the event loop
inbound      calls to us: claimed by one process
line          a trunk as this process uses it
keeping       trunks kept in step
leftovers     what is at a server of trunks that are on record no more
troubles      what fails there, said once
watch         what goes on beside calls: trunks in step, rooms claimed and ended, webhooks
store         what is remembered of the servers; its `tables`
turns         so many rooms are joined at a time
transport     the transport of the call engine
"""
