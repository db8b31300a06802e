"""Trunks and caller IDs: which line a call goes out on, and the number it shows.

records   trunks as an admin keeps them: made, changed, removed
numbers   their numbers: added, changed, removed
reading   trunks and numbers, read as an admin keeps them
errors   why a trunk or a number cannot be kept
lines     trunks as their transports need them
livekit_admin   trunks of LiveKit: brought in step, checked, removed
store     trunks and caller IDs in the database
documents   `trunks.yaml`
files       what is wrong with a `trunks.yaml`
foreign   options that a trunk's transport does not have
passwords   into the secret store, and replaced by a reference
breaker   when a trunk that fails is rested, and opens again
limits    what a carrier allows that takes less than its trunk's record says
load      the calls that are out and those that left lately, counted
traffic   whose fault a refusal is: the load at which calls left
health    what the breaker remembers, and what was learned, in the database
pacing    the rate of a trunk (CPS)
departures   what this process remembers of the calls that left
tables    their tables
"""
