"""The logger "thaw"."""

import logging
import sys


class _LastResort(logging.Handler):
    """What Python does with the warnings of a program that has set up no logging, with 'thaw: '
    before each."""

    def emit(self, record):
        others = [h for h in log.handlers if h is not self] or logging.getLogger().handlers
        if not others and sys.stderr is not None:
            sys.stderr.write("thaw: {}\n".format(record.getMessage()))


log = logging.getLogger("thaw")
log.addHandler(_LastResort(logging.WARNING))
