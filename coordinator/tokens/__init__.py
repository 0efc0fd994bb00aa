"""Access tokens and the keys that sign them.

validity     which keys and tokens are valid (pure)        verifier    checks it on every request
service      tokens in the database                        key_service their signing keys
routes       tokens over REST                              key_routes  keys over REST
tables       the rows                                      examples    for the API description
"""
