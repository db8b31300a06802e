"""Everything that leaves over HTTP: one client, guarded against internal addresses (docs/security.md).

client      the client: limits, aliases
replies     answers, and reading their bodies within bounds
routing     hosts that are apps in this process
guard       which addresses may be connected to
transport   the httpx transport over the guard
errors      what can go wrong
headers     headers of a bot's requests: secrets and values put in
watch       which endpoints fail: one warning for each, and one when it works again
reach       the client and the secrets, as calls are handed them
"""
