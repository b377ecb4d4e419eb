"""Whether this can be released: what `make release-check` looks at, step by step."""
