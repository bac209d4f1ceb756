"""Everything that runs Septet on one machine: set-up, the twin, its doubles and the command line. None of it ships to AWS."""
