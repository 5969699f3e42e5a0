"""signoff: the durable human sign-off layer for automated work."""
