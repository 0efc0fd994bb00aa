"""Edge nodes: who may speak, who is well, how far each outbox is committed."""
