"""The model services that are spoken: Bedrock Runtime, SageMaker Runtime and an OpenAI-compatible server."""
