"""The HTTP API of the call engine: the integration guide's endpoints, and those that go with them.

app        puts the routers together
auth       X-API-Key
problems   error bodies (RFC 9457)
calls      dialout, read, list, cancel
fleet      /health and /health/fleet
bots       bots and their availability
records    suppressions and deliveries
"""
