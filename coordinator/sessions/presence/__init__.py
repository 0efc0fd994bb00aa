"""Whether a candidate's page is connected, as its node last reported, stored with the session.

cards    what a session's card on the wall says (pure)   noting   stores what heartbeats report, at once
service  reads and writes it in the database             answers  in the API's form
wording  the card in plain words (pure)
"""
