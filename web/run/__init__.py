"""`dialler run FOLDER`: one campaign, from its folder to its results.

folder     reads campaign.yaml, bot.yaml and finds the lead file; every problem at once
session    the run itself
callers    callers who are on the line when the run is over
progress   where it stands
reporters  tells people and programs where it stands
time_left  how much longer it takes
files      whole files, for their owner only
outputs    the files it leaves behind
audit      compares our records with the sandbox's own log
earlier    what earlier versions left in databases of single runs
bot_file   reads bot.yaml, with everything that is wrong with it
prepare    from a folder to a campaign in the database
past_times  what `check` says about times that are over
push_checks   would what a bot sends out arrive
rehearsal  what the bot will say to the first lead
rule_notes  which rule packs apply, and what is unverified
holiday_notes  public holidays that differ between the parts of a country
estimate   when it could dial first, how long it will take
crm        the sample CRM beside it
deliveries  what has become of the pushes
summary    what summary.json says
"""
