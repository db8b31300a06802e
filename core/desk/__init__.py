"""The agent desk: people who take calls over from bots, and the durable queue of calls that wait for them (docs/agent-desk.md).

states     the state machine of a hand-off, one table
tables     agents, hand-offs, and the history of these
agents     agents: made, changed, removed; their state
handoffs   what an agent does with a hand-off: claim, connect, return, complete
queue      reading hand-offs: one, a page of them, those that an agent could take
ticket     the side of the call: joins the queue, looks, and leaves it
errors     what cannot be done at the desk
moves      every change of a hand-off's state
"""
