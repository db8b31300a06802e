"""Calls: from the dialout to the result.

states     the state machine, one table
store      reading and writing calls; every write is fenced
dialout    the gates a dialout must pass, and the commit of its intent
run        one call: placed, followed, talked, ended
analysis   what a model makes of an ended call
finish     analysis, then result and deliveries in one transaction
recovery   what becomes of the calls of a process that died
latest     the latest moment that the records show
outcome    pure: what a failed call means
transfer   pure: the transfer fields, derived from the event log
result     the schema of results
"""
