"""Bots: what they are, how a file or a request becomes one, where they are kept.

config, brain_config, analysis_config   what a bot is: its keys and their defaults
loading, intake    a bot as it comes in, from a file or over the API
sample_crm         the sample CRM as a bot names it
brain_checks, crm_checks, request_checks, template_checks, voice_checks   what a schema cannot say
reachable          where its requests go, and which may not
store, tables      bots in the database
views              bots as people are shown them
"""
