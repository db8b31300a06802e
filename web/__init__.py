"""The front door: the composition root, the HTTP app, the command line.

composition   the composition root: what is wired to what
clocks, pushes   the clock that a process has; whose pushes it sends
push_records   what was pushed for calls, read from the core's records
settings      what a process is told, on the command line and in the environment
cli/          the `dialler` command line
console/      the pages that people use in a browser
reports/      reports as users get them
run/, serve/  one campaign from its folder; the API, kept up
dialling, ownership   the runner of a campaign and what goes on beside it; who owns it
recordings    wires recordings
people/       a person as a whole: shown, handed out, erased
number_list/  reads do-not-call files
sample_crm/   a CRM to try pushes with
schema, migrate   every table in one place; to the current version (the migrations lie in alembic/)
backup        backups of the database, and the way back
"""
