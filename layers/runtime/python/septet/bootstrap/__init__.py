"""The one place that reads the environment and chooses adapters: a module a subject, each of which loads an adapter when it makes one."""
