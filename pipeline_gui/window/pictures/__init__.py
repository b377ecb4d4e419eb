"""Pictures of a pipeline's past and of a stream's present, painted by ourselves (docs/adr/0007)."""
