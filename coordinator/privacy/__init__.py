"""Erasure and access: what a person may demand of those who hold its data.

    places      what becomes of every table when a person is erased (pure)
    kept        what stays, in the words of the receipt (pure)
    tables      erasures, their sessions, candidates' requests
    correcting_service  corrects a person's or a session's name
    erasing_service   decides an erasure, removes what is left, finishes it
    about_service     what there is about a person: counts it, deletes it
    export_service    the same, opened, for an export
    shown       which columns an export shows, and its readable page (pure)
    archive     an export as a zip, piece by piece
    journal_service   the journal as rows, and its replay in a restored database
    requests_service  candidates' requests
    journal_file  the journal as a file beside the database
    answers     requests, erasures and status in the API's form
    steps       the steps after the decision, at once and again after a crash
    examples    of the API's bodies
    routes      POST /privacy/delete, /correct and /correct-session, requests, erasures
    access_routes     POST /privacy/export, GET /privacy/status, GET /privacy/own

An erasure is decided in one transaction: it is written in the journal, every private half and data key of the
person is destroyed, the names are taken away, running sessions are ended. From then on nothing of the person
can be opened in any copy that is opened with this keyring. The rest follows in steps that can be repeated:
nodes are told, rows are deleted, the write-ahead log is emptied, the journal's file is written, the receipt
is signed.

What stays is a tombstone: the random ids of person and sessions. The institution's own identifier is free,
and who registers under it is a new person here.

The keyring is the column `wrapped` of the keys, in this same database. A copy of the database opens what it
holds only together with that column: a backup leaves it out and keeps it apart, the latest generation alone,
made again at each erasure before its receipt (`coordinator.backups`). It leaves out kept answers too, which
are sealed under the master key.
"""
