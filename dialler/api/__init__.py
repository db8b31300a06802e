"""The dialler's HTTP API: where call results come in.

app         the endpoints put into an app
campaigns   campaigns
imports     lead files
leads       leads and attempts
handoffs    the work list of leads whose callee asked for a person
ledger      what the CRM has of each lead
events      progress as server-sent events
results     the results webhook
bodies, shared   JSON bodies; what the endpoints share
"""
