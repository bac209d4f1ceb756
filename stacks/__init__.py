"""What is deployed: one Stage, a stack for each layer, and the catalogue of what there is to deploy."""
