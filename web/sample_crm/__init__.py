"""A small CRM that receives pushes over real HTTP, in a process of its own. For samples and tests, not for customers.

app       the HTTP API
page      what a person sees in a browser
ledger    what arrived, kept in a JSONL file
process   starts one as a subprocess and ends it
"""
