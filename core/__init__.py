"""The call engine: bots, seats, calls, conversation, transports, results, pushes. Knows nothing of campaigns.

api/            the HTTP API
wiring/         the transports of real calls, wired to the call engine
calls/          the life of a call: from the dialout to the result
contracts/      what several rooms agree on: the protocol of transports, the call result, dispositions
bots/           what a bot is, read and kept
conversation/   what is said: text in, text out
voice/          from sound to text and back
transports/     what carries a call; the sandbox network is one
fleet/, trunks/  seats and workers; lines, caller IDs and their rate
people/         what the core holds of a person: shown, handed out, erased
desk/           people who take calls over from bots
prefetch/       the callee's data, asked for at the CRM
deliveries/     the outbox of pushes and webhooks
outgoing/       the one HTTP client, guarded
suppressions/   numbers that must not be dialled
recordings/, storage/   recordings, and where files are kept
templates/      `{{crm.name}}` in texts and key mappers
access/         API keys and secrets
kernel/         what `dialler` may import, too
"""
