"""Units of meaning that the stacks are made of: a function folder, a workflow file, layers of wheels, and their names."""
