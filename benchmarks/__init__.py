"""Speed and detection quality, measured by hand."""
