"""The audit log of the console: who did what, to what, before and after, why, from where. Rows are added, never changed.

tables   the rows
log      adds rows, each with the hash of the one before; lists them; checks the chain
"""
