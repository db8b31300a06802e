"""What changes while people watch it.

hub      looks at the topics that are watched, once for everybody, and tells subscribers what changed
stream   the stream of one browser (server-sent events), which all of its tabs share
"""
