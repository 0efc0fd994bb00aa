"""Events: one row each, with everything about it. Standard library only, no input or output.

    types  the closed lists: events, classes, lanes, raisers, features
    looks  the kinds of looking and listening, and their rates on each level
    row    the fields of a row
    rows   the rows, by subject
    table  all rows in one table, with the most frequent queries
    words  names of classes, advice and events for people

A new event is a name in `types` and a row in `rows`; a new kind of looking is a row in `looks`.
"""
