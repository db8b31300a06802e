"""The fleet: workers, their seats and their leases. A seat is room for one call; taking one is a single statement.

The order of locks. A transaction of the core that changes rows of several of these tables takes them in this order, and
several rows of one table by their key; so no two transactions wait for each other on PostgreSQL:

    bots, trunks, workers, calls, seats, then what hangs on a call (events, suppressions, recordings, deliveries)

A dialout takes a free seat before it inserts its call: nobody waits for a row that is not there yet, and a transaction that takes the
seat of a call has its call first. (SQLite has one writer at a time, and no such question.)

store       workers and seats in the database
generation  the number of the configuration that a process remembers
listing     workers as people are shown them
tables      their tables
"""
