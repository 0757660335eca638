"""Rendered street scenes with traffic lights; `render.py` beside this package is the way in."""
