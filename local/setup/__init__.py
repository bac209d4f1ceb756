"""Set-up: makes the Python environments and brings Node, on a machine that may have nothing but some Python, make and git.

It runs before any environment exists, so it needs only the standard library of Python 3.8 or newer.
"""
