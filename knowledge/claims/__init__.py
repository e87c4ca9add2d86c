"""Evidence, and the claims that rest on it. Pure: no Django, no network."""
