"""An answer as its page shows it: which words of it are facts and where they were read, its tables
as data, which objects it names.

marks.py     the text with the places of its facts and tables in it, and the HTML of that
facts.py     of each fact: where it was read, what status or object it is
tables.py    rows to sort, to copy, and to go on with
quoted.py    a memory that an answer was given from
display.py   all of it together, as a message keeps it
"""
