"""`dialler run FOLDER`: one campaign, from its folder to its results.

folder     reads campaign.yaml, bot.yaml and finds the lead file; every problem at once
session    the run itself
progress   where it stands, for people and for programs
outputs    the files it leaves behind
audit      compares our records with the sandbox's own log
"""
