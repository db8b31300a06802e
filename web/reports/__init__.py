"""Reports as users get them: computed in a process of their own, sent by schedule.

elsewhere   what reports need from the core's records
child       the process that computes one report: `python -m web.reports.child`
process     starts it, niced, and waits for its file
zones       the time zone of a campaign's reports
"""
