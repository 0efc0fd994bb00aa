"""Enrolled faces and their templates.

Each request is planned, judged on a node, and stored in one transaction:

    enrolling, judging, pictures, quality    from pictures to templates; service, tables, routes
    templates_service               templates, sealed and for nodes
    comparing, replacing            whether they show one person, and the one enrolled before
    listing_service                 who is enrolled
    waiting_service, waiting_routes faces unlike the former one, which wait for an administrator
    practising, trial               the check before an exam, with results in words
    searching, alike                one face among all others, off by default
    faces_service, face_tables, face_routes    practice and search, in the database and over REST
    examples                        for the API description
"""
