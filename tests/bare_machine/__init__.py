"""The packaged program as a new operator meets it, on a Debian that has nothing; servers outside, over TLS."""
