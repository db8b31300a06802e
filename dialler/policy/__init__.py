"""Decisions of the dialler, all of them pure: plain values and a moment in, a frozen value out.

steps        what the dispatcher does next
pacing       how many to dial now
outcomes     how an attempt ended, in one word, and whether it is charged
retry        what becomes of the lead then
patience     how long until something that failed is tried again, and when it is given up
retry_rules  the retry policy as an operator writes it
"""
