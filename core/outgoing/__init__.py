"""Outgoing HTTP: one client, guarded against internal addresses (docs/security.md).

client      the client: limits, aliases
replies     replies, and reading their bodies within limits
routing     hosts that are apps in this process
guard       which addresses may be connected to
transport   the httpx transport over the guard
errors      what can go wrong
headers     headers of a bot's requests, with secrets and values filled in
watch       which endpoints fail: one warning each, and a message on recovery
reach       the client and the secrets, as passed to calls
"""
