"""The `dialler` command line.

entry                    the entry point: help, the version and completion without the program, everything else by `main`
outline                  the app of those three, from outline.json, which scripts/write_cli_outline.py writes
main                     the app and its groups
errors                   mistakes of people: how they are said, and the exit codes
common, output           options that commands share; tables, JSON, moments
run, run_trunk, run_report, check   a campaign from its folder, over a trunk, and what came of it
databases                which database a run has: the shared one, or one of its own
serve                    the API, kept up
campaigns, leads, bots, people, suppressions, keys, secret_store, deliveries, trunks, fleet   one module for each group of commands
trunk_options, trunk_words   options of `dialler trunks`, and what is wrong with them; what it says of a trunk
handoffs, finding        the work list of leads that want a person; one lead as people name it
samples, audit           lead files and a CRM to try things with; our records against the callees' log
campaign_settings        the settings of a campaign, under the names of campaign.yaml
report                   what a campaign adds up to
rules                    the rule packs, with the source of each figure
why                      why a campaign, or a lead, is not dialled
ledger                   what the CRM has of each lead
sockets                  who may open WebSocket calls to a bot
desk                     the agent desk, from the terminal
db                       the schema of the database, backups, and the way back
"""
