"""External issuers of access tokens.

issuer  verifies a token       cache   when keys are fetched, and which count (pure)
keys    out of a JWKS (pure)   claims  what they mean here (pure)
"""
