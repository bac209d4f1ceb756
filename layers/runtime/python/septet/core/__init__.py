"""What every layer reads: words, entries, errors, money. Imports nothing of ours."""
