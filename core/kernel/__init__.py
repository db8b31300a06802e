"""The shared kernel: what `core` owns and `dialler` may import, and nothing else of core.

clock            time as an argument: real, scaled or virtual
mailbox          signals and mailboxes that wait through a clock
database         engine, transactions, column types, on SQLite and PostgreSQL alike
statements, database_errors   hot statements, compiled once; errors of the driver
probe            one question to the database, answered within a bound
ids              identifiers, random or derived from a seed
numbers          phone numbers: parsing, what may be dialled, time zones
lines            what the sandbox taught, and what real lines did
hours            opening hours: windows, holidays, exceptions, permitted hours
rate             pure: token buckets
backoff          pure: what becomes of a delivery after an attempt, and the growing gaps
wav              the file around samples
durations        lengths of time as people write them
yaml_config      a YAML file into a pydantic model: every problem at once, each with its line and advice
secrets          the encryption key and the encrypted secret store
virtual_clock    virtual time
scaled_clock     time at a factor, which waits for the work
event_stream     server-sent events, for the API of either package
processes        which process runs, and which is dead
collector        the garbage collector, kept away from what lasts
failures         exceptions in the log, without a value in them
config_problems, yaml_document   problems with configuration, with the line of each
json_values, json_schema   JSON values; the schema of a model in one piece
moments          moments as the API writes them
words            words around numbers
cursors          cursors of pages
"""
