"""Lead files: from the bytes that a spreadsheet wrote to leads that can be dialled (docs/lead-files.md).

kinds, encoding, legacy      the file's type and encoding
rows, dialect                rows of cells with their line numbers; the delimiter
workbook, workbook_child     a sheet of a workbook, read in a process of its own
source                       the rows of either
header, names, phone_*       the header, the names of variables, the phone column
countries, country_column    a country as files write it; the columns with parts of the number
consent, consent_words       columns that say who may be called, and the rules of campaign.yaml
several_numbers              the columns of several numbers of one person
labels                       words before and after a number
values, phones, judge        one cell, one number, one row: pure
reader                       all of the above as a stream: `LeadFile`, `check_file`
staging, store, tables       into the database, all or nothing: `import_file`
preview                      what would come of importing a file
glance                       what was found in a file, the use of its columns, its first rows before and after
beside                       work on a file in a process of its own: `in_process`
apart                        imports while calls go on, big files in a separate process: `import_apart`
report, options, errors      plain values for the others
sample, sample_names         made-up lead files of any length
moments, times               dates and times as files have them; between which of them a lead may be dialled
code_pages, plausibility     old encodings and their countries; how strange a text looks in one
seen                         which numbers the file has had so far, on disk
queries                      imports as people are shown them
exported                     our own export of leads, read in again
"""
