"""Septet: production AI agents on AWS, bounded, explained and answerable to people."""
