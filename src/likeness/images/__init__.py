"""Photos: decoding, quality, face detection and alignment, preparation for an encoder."""
