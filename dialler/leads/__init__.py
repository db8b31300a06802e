"""Leads and the attempts to reach them.

states    the state machine of a lead, one table
claims    taking leads to dial, and what the answer of the dialout does to them
placements  dialouts that were answered: one, or many at once
queue     leads that become due come into the claim index; those whose time is over leave; the campaign's end closes what waits
limits    between which times leads may be dialled, as the campaign's settings are now
progress  counting where the leads of a campaign are
pace      dials, answers and calls at once over time
results   a call result comes in: receipt is idempotent, the policy decides, the lead moves
handoffs  the work list of leads whose callee asked for a person
held      leads that may have been dialled: list and resolve them
history   the history rows
ledger    what the CRM has of each lead
queries   leads as people are shown them
export    leads and attempts as rows of a table
tables    their tables
"""
