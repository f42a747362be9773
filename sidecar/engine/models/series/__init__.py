"""Models of time series: level, seasons, residuals, windows."""
