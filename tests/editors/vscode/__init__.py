"""The tests that share one running VS Code; being a package is what lets them."""
