"""What the session answers, a module a type of message."""
