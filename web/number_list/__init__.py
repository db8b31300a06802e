"""A do-not-call file: which numbers stand in it, and which of its rows cannot be read.

reader   `read_list`: the file, row by row; whatever cannot be read is named, and nothing beside it is lost
layout   which columns hold the number: one, several, or a number in parts (country, area code, number)
loading  a file into a named suppression list
quick    numbers of a long list without the parser
cells    a number from its cell, or from the cells it is split into
"""

from web.number_list.reader import BadRow, ListOptions, ListSummary, UnusableList, read_list

__all__ = ["BadRow", "ListOptions", "ListSummary", "UnusableList", "read_list"]
