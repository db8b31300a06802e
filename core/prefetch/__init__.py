"""CRM pre-fetch: the callee's data, asked for at the start of a call (docs/prefetch.md).

config    what a bot says of it
plan      pure: what would be requested, and what is missing for it
answer    pure: the fields in what came back
merge     pure: the fields and the dialout's variables put together
fetch     sends it; a failure is an outcome here, not an exception
"""
