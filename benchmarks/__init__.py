"""What the claims about speed and size rest on; run by `make bench`."""
