"""Faces: what was enrolled, and the templates made of it.

Each request is planned, judged on a node, and stored in one transaction:

    enroll, quality    from pictures to templates; service, tables, routes
    practice, trial    the try before an exam, told in words
    search, alike      one face among all others, off by default; faces_service, face_tables, face_routes
"""
