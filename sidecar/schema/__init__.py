"""What is exchanged and stored: frozen dataclasses with their parsers and renderers."""
