"""The campaign execution plane: lead lists, pacing, claims, retries, callbacks, recovery. Drives core through its public API only.

imports/      lead files
leads/        leads and the attempts to reach them
campaigns/    what a campaign is, and how it is steered
policy/       decisions, all of them pure
reports/      what leads, attempts and results add up to
scheduler/    the loop that dials
people/       what campaigns hold of a person: shown, handed out, erased
why/          why a campaign, or a lead, is not dialled
core_client   the core as the dialler sees it: its public HTTP contract
api/          campaigns over HTTP
"""
