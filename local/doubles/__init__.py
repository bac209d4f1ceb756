"""Doubles of the services the twin cannot run: Bedrock's Converse API and an identity provider, over loopback HTTP."""
