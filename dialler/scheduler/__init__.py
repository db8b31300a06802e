"""The scheduler: runs campaigns unattended.

runner      the loop of one campaign: it wakes on events, decides, claims, dials
dispatch    sends dialouts side by side and applies their answers
capacity    how many calls the core takes, without asking it before each
holds       why nothing is dialled now, told to those who look
reconcile   attempts whose fate is not known: ask the core
settling    when it is asked
outages     the database does not answer: wait, then go on
control     operators' orders from other processes, carried out
periodic    the periodic jobs, on any clock
parts       what all of them work with
"""
