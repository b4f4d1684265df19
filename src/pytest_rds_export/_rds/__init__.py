"""The fake Amazon RDS. It knows no HTTP, no client and no pytest."""
