"""External issuers of access tokens: their keys, fetched and cached, and what their claims mean here."""
