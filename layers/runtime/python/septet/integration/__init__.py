"""What the outside asks of the platform: submitting a run, reading it, deciding on an approval. No framework decides here."""
