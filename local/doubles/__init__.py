"""Doubles of the services the twin cannot run: a model server in three protocols and an identity provider, over loopback HTTP."""
