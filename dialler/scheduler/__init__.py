"""The scheduler: runs campaigns unattended.

runner      the loop of one campaign: it wakes on events, decides, claims, dials
situation   from a campaign's row, backlog and holds to what is decided by
upkeep      leads that expired, became due, or whose times changed
ending      the end of a campaign, and the loss of its lease
trunk_look  looks whether a trunk that rests is well again
dispatch    sends dialouts side by side and applies their answers
asking      asks the core for capacity, and says that it has none
capacity    how many calls the core takes, without asking it before each
holds       why nothing is dialled now, told to those who look
reconcile   attempts whose fate is not known: ask the core
settling    when it is asked
outages     the database does not answer: wait, then go on
control     operators' orders from other processes, carried out
periodic    the periodic jobs, on any clock
parts       what all of them work with
"""
