"""The forward back-end: Converse answered by a real model behind any OpenAI-compatible chat server, such as Ollama or vLLM."""
