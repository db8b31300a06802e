"""Bots: their configuration, how a file or a request becomes one, where they are stored.

config, brain_config, analysis_config, voice_config   the configuration: keys and their defaults
loading, intake    reading a bot from a file or an API request
sample_crm         the sample CRM as a bot names it
brain_checks, crm_checks, request_checks, template_checks, voice_checks   checks that a schema cannot express
reachable          where its requests go, and which of them are blocked
store, tables      bots in the database
views              bots as shown to people
"""
