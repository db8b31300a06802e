"""Decisions of the dialler. All are pure: plain values and a time in, a frozen value out.

steps        the dispatcher's next step
own_window   the calling window for one lead: holidays of the callee's own part
pacing       how many to dial now
outcomes     the outcome of an attempt, and whether it is charged
retry        what happens to the lead then
numbers      several numbers of one person: which one is tried next
times        between which times a lead may be dialled
patience     how long to wait before a retry after a failure, and when to give up
retry_rules  the retry policy as written by an operator
"""
