"""A small CRM that receives pushes over real HTTP, in a separate process. For samples and tests, not for customers.

app       the HTTP API
page      the page for browsers
ledger    what arrived, kept in a JSONL file
process   starts and ends one as a subprocess
"""
