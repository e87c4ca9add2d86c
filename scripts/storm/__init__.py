"""What `scripts/chaos.py` is made of: the site it shakes, the clients on it, what must hold."""
