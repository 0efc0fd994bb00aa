"""Bodies of the REST API, one module per noun.

bodies       the base of every body
audit        entries of the audit log
alerts       alerts and timelines
destinations an institution's own systems, and what is sent to them
enrollments  enrollments
exams        exams, policies, accommodations, consents
faces        the practice before an exam, similar faces
holds        legal holds
incidents    incidents, their review, proctors' interventions
memberships  nodes that join, and their certificates
nodes        edge nodes
node_settings  what is given to nodes in place of what their own files say
openness     how the software works, for everybody to read
privacy      erasure and access of persons
reports      reports of sessions
rollouts     new versions of networks, and the versions that exams have
retention    what is kept until when, and what was erased
links        links to sessions, devices, and what the candidate's page needs
sessions     sessions: start, show, list, change
tenants      institutions and what they decide
tokens       access tokens and the keys that sign them
"""
