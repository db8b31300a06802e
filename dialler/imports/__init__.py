"""Lead files: from bytes that some spreadsheet wrote to leads that can be dialled (docs/lead-files.md).

kinds, encoding, legacy      what the file is, and which letters its bytes stand for
rows, dialect                rows of cells with their true lines; the delimiter
header, names, phone_*       where the header is, names of variables, the phone column
values, phones, judge        one cell, one number, one row: pure
reader                       all of these as a stream: `LeadFile`, `check_file`
staging, store, tables       into the database, whole or not at all: `import_file`
apart                        the same beside calls, a big file in a process of its own: `import_apart`
report, options, errors      plain values around them
sample, sample_names         made-up lead files of any length
code_pages, plausibility     old encodings and their countries; how strange a text looks in one
seen                         which numbers the file has had so far, on disk
queries                      imports as people are shown them
exported                     our own export of leads, read in again
"""
