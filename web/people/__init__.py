"""A person as a whole, across campaigns and calls: what there is of them, handed out to them, and erased (docs/people.md).

whole   joins what the core and the campaigns hold: show, export, erase
files   our files in the data folder: which ones hold a number, and what is done about it
campaigns   deletes a campaign
api     the same over HTTP
"""
