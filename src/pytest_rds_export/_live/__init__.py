"""What users hold: live objects on top of the service."""
