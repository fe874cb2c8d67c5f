"""Premium principles and the build-up from pure to gross."""
