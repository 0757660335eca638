"""The version of this package, which is the library's too."""

__version__ = "0.1.0"
