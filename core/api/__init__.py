"""The HTTP API of the call engine: the integration guide's endpoints, and those that go with them (docs/api.md).

app            puts the routers together
edge           around every request: its line in the log, and no exception that escapes
auth           X-API-Key
problems       error bodies (RFC 9457)
docs_page/     /docs: the API in a browser, without the Internet
openapi        what the OpenAPI document says of errors
json_body      reading a JSON body, tolerant of what it does not know and strict with what it does
dialout        POST /api/v1/sip/dialout
calls          read, list, cancel; their `views`, `filters` and cursors (`paging`)
fleet          /health and /health/fleet
health         /health/live and /health/ready; 503 in place of 500 for all of them
bots           bots and their availability
suppressions   the numbers that are never dialled
keys           API keys: made, changed, rotated, revoked
bot_records    bots: made, changed, versions, export, preview, archived
trunks         trunks and their numbers; `trunk_bodies`
deliveries     what was pushed, and replaying it
workers        who holds calls, and draining
desk           the agent desk: agents and hand-offs; their `desk_views`
websocket      /ws/{bot_id}: calls that a dialler opens; `socket_calls` holds them
sockets        who may open them: tokens of bots
sandbox        callers of the sandbox who ring our numbers
livekit        LiveKit's webhooks
bodies         the bodies of the management endpoints, every problem at once
filters        the filters of the list of calls
paging         cursors
recordings     recordings over HTTP, their links
views          calls as the API shows them
"""
