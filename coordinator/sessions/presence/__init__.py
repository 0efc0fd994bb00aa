"""Whether a candidate's page is there, as its node last said it, stored with the session.

cards    what a session's card on the wall says (pure)   noting  writes what heartbeats say, at once
service  in the database                                 answers  in the API's form
"""
