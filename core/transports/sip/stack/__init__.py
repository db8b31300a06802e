"""Signalling by sippy, in a thread of its own. The only modules that import it; the extra `sip` installs it.

loop      the thread, and what sippy prints
guard     sockets that let pass what comes from the trunks' addresses
flood     refusing what is above a trunk's limit, without a transaction
dialogs   calls: sippy's user agent, with what it lacks
leftovers  ending the calls of a process that died
requests  requests with their digest, within a call and outside
signalling   the whole, as the transport uses it
"""
