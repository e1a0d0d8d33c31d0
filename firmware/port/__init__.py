"""The only code that knows the silicon; one file a platform, all with the same public names."""
