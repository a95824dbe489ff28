"""From files and bytes to pixels, and from pixels to what an encoder reads."""
