"""Nodes' membership of the fleet: they join with a token, get certificates, renew them, and may be revoked.

    an operator makes a token ─▶ the node joins with it, once, within 15 minutes
                                   ─▶ certificate and hub JWT for 24 hours
                                   ─▶ renews both with its own key, also after they have expired
    an operator revokes the node ─▶ its messages are refused from then on; it never comes back

asking     reads what nodes ask (pure)               given_identity   makes certificate and hub JWT
answers    rows in the API's form                    accepting  whose messages are accepted
service    in the database                           tables     the rows
routes     REST                                      examples   for the API's description
succeeding  tells nodes which of the coordinator's signing keys count
"""
