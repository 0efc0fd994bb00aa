"""Access tokens and the keys that sign them.

validity     which keys and tokens are good now (pure)     verifier    asks it on every request
service      tokens in the database                        key_service the keys that sign them
routes       tokens over REST                              key_routes  keys over REST
tables       the rows                                      examples    for the API's description
"""
