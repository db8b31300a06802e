"""The scheduler: runs campaigns unattended.

runner      the loop of one campaign: it wakes on events, decides, claims, dials
dispatch    sends the dialouts of one batch and applies their answers
reconcile   attempts whose fate is not known: ask the core
control     operators' orders from other processes, carried out
periodic    the periodic jobs, on any clock
"""
