"""Why a campaign, or a lead, is not dialled: every lead is in one step, with what would clear it.

account   the steps, decided from plain values
reading   the counts and the state of a campaign, from the database
leads     the same for one lead
"""
