"""Bodies of the REST API, one module per noun.

bodies       what every body is
alerts       alerts and timelines
enrollments  enrollments
exams        exams, policies, accommodations, consents
faces        the try before an exam, faces that are alike
incidents    incidents, their review, what a proctor does
nodes        edge nodes
reports      reports of sessions
sessions     sessions: start, join, look at, list, change
tokens       access tokens and the keys that sign them
"""
