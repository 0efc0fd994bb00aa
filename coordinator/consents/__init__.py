"""What a candidate consents to, purpose by purpose, and takes back."""
