"""Pictures as detectors take them: RGB, 8 bits. numpy is loaded where an array is asked for."""

import ctypes
import os

from . import _library, errors


class Picture:
    """A decoded picture. width, height: pixels. warning: damage of its file that was lived with, or
    "". Immutable; any number of threads may use it."""

    def __init__(self, handle):
        library = _library.library()
        self._handle = handle
        self.width = library.thaw_picture_width(handle.pointer)
        self.height = library.thaw_picture_height(handle.pointer)
        self.warning = library.thaw_picture_warning(handle.pointer).decode("utf-8", "replace")

    @classmethod
    def of(cls, source):
        """A picture of whatever holds one: a path, a file's bytes (JPEG, PNG, BMP, GIF; both are
        turned upright by their EXIF orientation), a numpy array (uint8, [height, width, 3] in RGB
        or [height, width] in grey), a PIL image, or a Picture.

        Raises InputError where it can't be used, NotFoundError where there is no such file."""
        library = _library.library()
        if isinstance(source, Picture):
            return source
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            return cls(_library.create("picture", library.thaw_picture_decode, data, len(data),
                                       None))
        if isinstance(source, str) or hasattr(source, "__fspath__"):
            path = os.fspath(source)
            if not os.path.exists(path):
                raise errors.NotFoundError("{}: no such file".format(path))
            return cls(_library.create("picture", library.thaw_picture_read,
                                       _library.text(path, "picture")))
        if hasattr(source, "convert") and hasattr(source, "mode"):  # PIL's
            import numpy as np
            source = np.asarray(source if source.mode == "RGB" else source.convert("RGB"))
        return cls._of_array(source)

    @classmethod
    def _of_array(cls, source):
        import numpy as np
        if not isinstance(source, np.ndarray):
            offers = ("__array_interface__", "__array__", "numpy")
            if not any(hasattr(source, name) for name in offers):
                raise errors.UsageError("a picture is a path, a file's bytes, an array or a PIL "
                                        "image; {} was given".format(type(source).__name__))
            source = np.asarray(source.numpy() if hasattr(source, "numpy") else source)
        if source.ndim == 2:
            source = np.repeat(source[:, :, None], 3, 2)
        if source.ndim != 3 or source.shape[2] != 3 or source.dtype != np.uint8 or not source.size:
            raise errors.InputError(
                "a picture's array is uint8[height,width,3] in RGB, or uint8[height,width]; "
                "{}{} was given".format(source.dtype, list(source.shape)))
        height, width = source.shape[:2]
        if source.strides[1:] != (3, 1) or source.strides[0] < 3 * width:
            source = np.ascontiguousarray(source)
        return cls(_library.create("picture", _library.library().thaw_picture_from_rgb,
                                   source.__array_interface__["data"][0], width, height,
                                   source.strides[0]))

    def numpy(self):
        """uint8 [height, width, 3], without a copy; not to be written."""
        from . import _arrays
        address = _library.library().thaw_picture_rgb(self._handle.pointer)
        view = _arrays.viewed(_library.DTYPES.index("uint8"), (self.height, self.width, 3), address,
                              3 * self.width * self.height, keeper=self._handle)
        view.flags.writeable = False
        return view

    def __array__(self, dtype=None, copy=None):
        view = self.numpy()
        return view.astype(dtype) if dtype is not None or copy else view

    def save(self, path):
        """Writes JPEG or PNG, by the name's ending."""
        _library.check(_library.library().thaw_picture_write(self._handle.pointer,
                                                             _library.text(path, "path")))

    def __repr__(self):
        return "<thaw.Picture {}x{}>".format(self.width, self.height)
