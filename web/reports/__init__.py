"""Reports as users get them: computed in a process of their own, sent by schedule.

elsewhere   what reports need from the core's records
child       the process that computes one report: `python -m web.reports.child`
process     starts it, niced, and waits for its file
schedule    the file that says which reports are sent when, and to whom
jobs        sends them from `dialler serve`
sending     to a folder, or by mail
zones       the time zone of a campaign's reports
"""
