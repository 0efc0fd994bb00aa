"""How far a new version of a network is given: to nobody's alerts first, then to some exams, then to all.

exact    exact tests of counts and ranks (pure)      evidence what was counted so far (pure)
course   what follows from it: on, promoted, or back (pure)
sharing  which versions look at a session on its node (pure)
service  rollouts, and the versions that exams have, in the database
counted_service  what nodes and alerts say of both versions, in the database
tables   the rows                                    drawing  which version an exam gets at its first session
following  looks at the rollout that goes on, where a coordinator leads
answers  in the API's form                           examples for the API's description
routes   over REST
"""
