"""What thaw raises. Each class is also the standard one that a Python program would catch."""


class Error(Exception):
    """Any error of thaw's: one line that names file, node or field, what was expected and what was
    found."""


class InputError(Error, ValueError):
    """A model, picture, label file or array that can't be used as it is."""


class NotFoundError(InputError, FileNotFoundError):
    """There is no such model, picture or label file."""


class UsageError(Error, TypeError):
    """Wrong arguments, or calls in the wrong order."""


class ResourceError(Error, MemoryError, OSError):
    """Memory, a device or disk space is missing."""


class InternalError(Error, RuntimeError):
    """thaw's own fault; worth a report."""


class Cancelled(ResourceError):
    """Somebody asked for the end of the run."""


_CLASSES = {1: UsageError, 2: InputError, 3: ResourceError, 4: InternalError, 5: Cancelled}


def of_status(status, message):
    """The exception of a thaw_status that is not THAW_OK."""
    return _CLASSES.get(status, InternalError)(message)
