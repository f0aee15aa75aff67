"""Small tools without a domain: random streams, threads, deadlines, optional imports."""
