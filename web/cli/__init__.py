"""The `dialler` command line.

main                     the app, its groups, its entry point
errors                   mistakes of people: how they are said, and the exit codes
common, output           options that commands share; tables, JSON, moments
run, run_report, check   a campaign from its folder, and what came of it
databases                which database a run has: the shared one, or one of its own
serve                    the API, kept up
campaigns, leads, bots, suppressions, keys, secret_store, deliveries, trunks, fleet   one module for each group of commands
samples, audit           lead files and a CRM to try things with; our records against the callees' log
campaign_settings        the settings of a campaign, under the names of campaign.yaml
ledger                   what the CRM has of each lead
sockets                  who may open WebSocket calls to a bot
desk                     the agent desk, from the terminal
"""
