"""The agent desk: who waits for a person, the call that one has, the wrap-up; and the work list of leads that want a call.

routes     the desk: state, claim, connect, return, complete
worklist   leads that want a call by a person: claim, done
agents     the agent that a user of the console is
view       the desk in plain values
"""
