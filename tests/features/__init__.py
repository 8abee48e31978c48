"""What a caller sees, through gRPC: one file per use case, the same for every server."""
