"""What the C library gives out, made into records."""
