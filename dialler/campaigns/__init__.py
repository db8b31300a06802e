"""Campaigns: what they are, who runs them, and how operators steer them.

config    campaign.yaml
states    the state machine of a campaign
store     campaigns in the database
owner     the lease of the one process that dials for a campaign
control   pause, resume, stop: intents that work from any process
manage    campaigns as an operator keeps them
tables    their table, with the lease
"""
