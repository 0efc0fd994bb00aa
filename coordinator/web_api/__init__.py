"""What every route shares.

parts      what a route is handed                    security    who asks and what they may
errors     every refusal as a problem                field_paths how a refusal names a field (pure)
limits     bounds on bodies and rates                rates, places  how often, how many at once (pure)
headers    security headers and origins              pages       the candidate's page and the console
cursors    pages of every list (pure)                examples    what most routes' description shows (pure)
openapi    the API's description                     contract    what of it breaks callers (pure)
health     healthz, readyz, metrics                  metrics     Prometheus
"""
