"""tf.compat on thaw: v1."""

from . import v1

__all__ = ["v1"]
