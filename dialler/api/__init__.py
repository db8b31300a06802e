"""The dialler's HTTP API: campaigns, leads, and the webhook for call results.

app         adds the endpoints to an app
campaigns   campaigns
imports     lead files
leads       leads and attempts
handoffs    the work list of leads whose callee asked for a person
desk        the same list of all campaigns, for agents
ledger      what the CRM has for each lead
why         why a campaign, or a lead, is not dialled
reports     reports, and the definitions of their figures
events      progress as server-sent events
results     the results webhook
bodies, shared   JSON bodies; common code of the endpoints
"""
