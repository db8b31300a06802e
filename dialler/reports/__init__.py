"""Reports of a campaign: what its leads, attempts and results add up to.

Every figure has one definition, in `definitions`, which the command, the files and the console show. pandas is imported where a report is
computed and nowhere else: `making` and what it imports are loaded by a process of its own (`web/reports/`), not by one that holds calls.

definitions   what each figure means: formula, base, unit; versioned
words         the group of each disposition: conversion, talk, refusal, machine, ...
catalogue     the reports, and the columns of each
spec          what is asked for: campaign, period, time zone, filters; and the table that comes out
reading       the rows of the database as DataFrames
facts         what is true of each attempt: answered, by a person, converted, ...
totals, lists, passes, intervals, performance, details, compliance, best_time   one report or two each: DataFrames in, a DataFrame out
making        makes one report from the database
maker         the port through which others have reports made
cells         values as people read them
files         a report as CSV, XLSX or JSON
"""
