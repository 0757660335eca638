"""python -m thaw: the command line program (docs/commands.md)."""

import ctypes
import os
import signal
import sys

from . import _library


def main(arguments=None):
    """Runs the program with these arguments (default: sys.argv's); the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the program ends, as any other does
    encoded = [os.fsencode(argument) for argument in ["thaw"] + given]
    argv = (ctypes.c_char_p * (len(encoded) + 1))(*encoded)
    return _library.library().thaw_main(len(encoded), argv)


if __name__ == "__main__":
    sys.exit(main())
