"""Edge nodes: who may speak, who is well, who watches which session, how far each outbox is committed."""
