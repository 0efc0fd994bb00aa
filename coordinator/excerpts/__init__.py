"""What was said around a phrase: opened for a reviewer while its session runs, and for nobody afterwards.

service   makes a session's transcript key and destroys it with the session, with the candidate's agreement,
          with the policy that asked for it, or when the session expires
expiring  the round that looks for the last
routes    opens
"""
