"""What several rooms of core agree on: plain values and protocols, without any behaviour of their own.

transport     the protocol of transports and of the legs they hand back, with the events of a leg
voice_config  what a bot speaks and listens with
leg_events    the events of a leg in their order; the last one is read again
call_result   the result of a call: the integration guide's fields, and ours
dispositions  the words for what came of a call
"""
