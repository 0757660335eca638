"""tf.experimental on thaw: tensorrt."""

from . import tensorrt

__all__ = ["tensorrt"]
