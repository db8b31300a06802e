"""`dialler serve`: keeps the API up, with a runner for every campaign to be dialled.

supervisor   starts and ends the runners
server       the API beside them, until told to stop
listening    the socket of the server, and its settings
"""
