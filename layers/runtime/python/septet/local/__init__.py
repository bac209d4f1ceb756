"""In-memory doubles of the ports, one a port. Test doubles: nothing here survives its process."""
