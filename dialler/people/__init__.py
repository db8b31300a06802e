"""What campaigns hold of a person, to show it, hand it out, and erase it on their request. A person is known by their numbers here.

finding   their leads, attempts, histories, entries of the work list, rejected rows
erasing   ends their leads and takes out what tells of the person; the rows and the figures stay
campaigns   deletes a campaign
"""
