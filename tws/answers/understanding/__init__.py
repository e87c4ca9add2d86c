"""From an operator's question to what it asks of the plan, by a small grammar over lexicons."""
