"""The HTTP edge: parse a request, call one service, render the answer."""
