"""Septet: production AI agents on AWS that an operator can bound, stop, explain, replay and roll back."""
