"""External issuers of access tokens.

issuer  verifies a token         cache   when keys are fetched and valid (pure)
keys    reads a JWKS (pure)      claims  maps claims to roles (pure)
"""
