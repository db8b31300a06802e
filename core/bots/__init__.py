"""Bots: their configuration, how a file or a request becomes one, where they are stored.

config, brain_config, analysis_config   what a bot is: its keys and their defaults
loading, intake    a bot as it comes in, from a file or over the API
sample_crm         the sample CRM as a bot names it
brain_checks, crm_checks, request_checks, template_checks, voice_checks   checks that a schema cannot express
private_fields     which fields of a lead only the person may hear
reachable          where its requests go, and which of them are blocked
store, tables      bots in the database
rules              the rules that protect its callees: those of the packs, with its own settings
views              bots as shown to people
"""
