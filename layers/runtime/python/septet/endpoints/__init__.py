"""What is neither AWS nor ours: servers that speak an open protocol, and the interpreter of code that a model wrote."""
