"""The shared kernel: the part of `core` that `dialler` may import; the rest of core is closed to it.

clock            time as an argument: real, scaled or virtual
mailbox          signals and mailboxes that wait through a clock
database         engine, transactions, column types, on SQLite and PostgreSQL alike
journal          what may be written a moment later, for many calls in one transaction
database_health  whether it answers: one failure, and nobody waits for it until it is back
postgresql       connections that wait no longer than they may
statements, database_errors   hot statements, compiled once; the driver's errors
probe            one query to the database, answered within a time limit
ids              identifiers, random or derived from a seed
numbers          phone numbers: parsing, what may be dialled, time zones
persons          which numbers belong to one person
erasure          what stays of a call whose person was erased
lines            keeps what sandbox calls taught apart from what real calls did
purposes         what a call is for
rules            rule packs: who may be called when and how often
hours            opening hours: windows, holidays, exceptions, permitted hours
rate             pure: token buckets
backoff          pure: what becomes of a delivery after an attempt, and the growing gaps
wav              the file around samples
durations        lengths of time as people write them
yaml_config      a YAML file into a pydantic model: every problem at once, each with its line and advice
secrets          the encryption key and the encrypted secret store
virtual_clock    virtual time
scaled_clock     time at a factor that slows down when work does not keep up
event_stream     server-sent events, for the API of either package
processes        which process is alive, and which is dead
collector        keeps the garbage collector off long-lived objects
failures         exceptions in the log, without values
config_problems, yaml_document   problems with configuration, with the line of each
json_values, json_schema   JSON values; the self-contained schema of a model
moments          timestamps as the API writes them
words            numbers with their nouns
cursors          page cursors
"""
