"""Caching that pays: which ttl a run's shared prefix gets, what is sent first to warm it, and what it saved or lost."""
