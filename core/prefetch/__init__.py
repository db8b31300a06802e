"""CRM pre-fetch: fetches the callee's data from the CRM at the start of a call (docs/prefetch.md).

config    its configuration in a bot
plan      pure: the request, and what it lacks
answer    pure: the fields in the reply
merge     pure: merges the fields with the dialout's variables
fetch     sends it; a failure is a result here, not an exception
"""
