"""Calls that may take long, and Ctrl-C."""

from . import _library, errors


def interruptible(kept, function, *arguments):
    """Calls what may take long on a thread of its own where this is the main one, so that Ctrl-C is
    heard; the call itself goes on to its end then, and has `kept` live so long. Raises what its
    status stands for."""
    import threading
    if threading.current_thread() is not threading.main_thread():
        _library.checked(function, *arguments)
        return
    failure = []

    def work(_kept):
        try:
            _library.checked(function, *arguments)
        except errors.Error as error:
            failure.append(error)

    thread = threading.Thread(target=work, args=(kept,), name="thaw")
    thread.start()
    while thread.is_alive():
        thread.join(0.05)
    if failure:
        raise failure[0]
