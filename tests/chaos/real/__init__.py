"""Every crash point crossed with every fault, on a real PostgreSQL and a real command server."""
