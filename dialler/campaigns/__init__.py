"""Campaigns: their settings, the process that runs each, and how operators control them.

config    campaign.yaml
states    the state machine of a campaign
store     campaigns in the database
owner     the lease of the one process that dials for a campaign
control   pause, resume, stop: intents that work from any process
manage    campaigns for operators: create, change, start, clone
tables    their table, with the lease
"""
