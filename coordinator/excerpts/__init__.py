"""Excerpts of speech around a phrase: opened for reviewers while the session runs, for nobody afterwards.

service   makes a session's transcript key, and destroys it when the session ends or expires, or when
          candidate or policy no longer agree to speech recognition
expiring  destroys the keys of expired sessions
routes    opens an excerpt
"""
