"""Signalling by sippy, in a thread of its own. The only modules that import it; the extra `sip` installs it.

loop          the thread, and what sippy prints
uris          URIs and addresses as sippy is to have them
guard         sockets that let pass what comes from the trunks' addresses
flood         refusing what is above a trunk's limit, without a transaction
transactions  what comes from there, read and handed on, or refused
forked        answers to an INVITE that nobody waits for
requests      requests with their digest, within a call and outside
dialogs       calls: sippy's user agent, with what it lacks: `challenged`, `refreshing` (session timers), `renegotiating` (offers),
              `referring` (transfers)
handle        a call, told what to do from any thread
leftovers     ending the calls of a process that died
signalling    the whole, as the transport uses it
"""
