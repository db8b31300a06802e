"""Reports: tables and charts of a campaign, computed in a process of their own, and taken out as files.

routes   the pages and the downloads
view     what the address asks for; a report as cells with links, bars and the heat-map
"""
