"""The agent desk: people who take calls over from bots, and the durable queue of calls waiting for them (docs/agent-desk.md).

states     the state machine of a hand-off, one table
tables     agents, hand-offs and their history
agents     create, change and remove agents; their state
handoffs   what an agent does with a hand-off: claim, connect, return, complete
queue      read hand-offs: one, a page, those that an agent could take
ticket     the call's side: joins the queue, polls it, leaves it
errors     errors
moves      every change of a hand-off's state
"""
