"""The messages of clients that were made for GitHub's Copilot language server."""
