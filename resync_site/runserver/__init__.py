"""An app of its own, listed before staticfiles, because the first app's command counts."""
