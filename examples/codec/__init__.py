"""Encrypted payloads: a codec for the SDK, and the server that decodes for the console.

aes      the codec: AES-GCM, a key by its id; for `DataConverter(payload_codec=…)`
server   POST /decode and /encode, the protocol that Temporal's own tools speak
"""
