from . import tensorrt as tensorrt

__all__ = ["tensorrt"]
