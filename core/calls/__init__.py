"""Calls: from the dialout to the result.

engine     what is wired once for a process, and handed to the others
states     the state machine, one table
store      reading and writing calls; every write is fenced
callbacks  when a callee may be called back
request    a dialout as it was asked for
gates      what a dialout must pass: its numbers, the hours
caps       how often a person may be called
evidence   pure: what was decided for a dialout
capacity   how many calls can be placed now, and by what that is limited
refusals   why a dialout is refused
dialout    through the gates, the intent committed, and away
inbound    a call that somebody makes to one of our numbers
occupied   one phone, one call
phones     pure: the phone of a number
event_log  the events of a call, and what of it is not in the database yet
journal    what happened on calls, written when the database can
unwritten  the file in which it is kept while the database is away
taking_in  taking in the files of processes that died
departure  the turn on the trunk, and the last look before a call leaves
answer     from the INVITE to the answer
run        one call: placed, followed, talked, ended
known      what this process remembers of the configuration
look       what a dialout must know of this moment, read at once
cancel     the wish that a call ends, carried out by whoever holds it
trunk_health   the circuit breaker of trunks in the work: calls tell how they went
trunk_limits   what carriers allow: dialouts keep to it, refusals teach it
analysis   what a model makes of an ended call
finish     analysis, then result and deliveries in one transaction
recovery   what becomes of the calls of a process that died
leftovers  ending the calls of such a process on the wire
outcome    pure: what a failed call means
transfer   pure: the transfer fields, derived from the event log
brains     makes the brain of a call
first_words   what a call says before anything else
wishes     what the callee asked for, kept the moment it was said
tables     their tables
"""
