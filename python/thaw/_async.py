"""What Engine.infer_async stands on: runs that tell an event loop of their end."""

import asyncio
import collections
import os
import threading

from . import _library, errors
from .request import Run


class _AsyncRun(Run):
    def __init__(self, engine):
        super().__init__(engine)
        # (loop, what is called there with the status and the message, what is called here where the
        # loop was closed) of the run that goes on. The callback holds this list alone: the run
        # holds the callback.
        self._told = told = []

        def ended(_user, status, message):
            with _library.on_a_requests_thread():
                loop, tell, lost = told.pop()
                try:
                    loop.call_soon_threadsafe(tell, status, message.decode("utf-8", "replace"))
                except RuntimeError:
                    lost()
                del loop, tell, lost  # perhaps the last that hold the run

        self._callback = _library.RequestFunction(ended)
        _library.check(_library.library().thaw_request_set_callback(self._pointer, self._callback,
                                                                    None))

    def begin(self, loop, tell, lost):
        self._handle.check_process()
        self._told.append((loop, tell, lost))
        status = self._start(self._pointer)
        if status:
            self._told.pop()
            _library.check(status)


class AsyncRuns:
    """The runs of one engine, as many as the processors have room for. Any number of event loops
    may use them."""

    def __init__(self, engine):
        # What a run needs of the engine, which has this object.
        self._handle, self.inputs = engine._handle, engine.inputs
        self._output_names, self.outputs = engine._output_names, engine.outputs
        self._left = max(2, (os.cpu_count() or 1) // max(1, engine.threads))  # that may be made yet
        self._idle = collections.deque()
        self._waiting = collections.deque()  # (loop, future) of those whose turn comes
        self._lock = threading.Lock()

    async def infer(self, values):
        run = await self._take()
        is_begun = False
        try:
            for index, value in enumerate(values):
                run._feed(index, value)
            loop = asyncio.get_event_loop()
            future = loop.create_future()

            def tell(status, message):
                if future.cancelled():
                    self._give_back(run)
                else:
                    future.set_result((status, message))

            run.begin(loop, tell, lambda: self._give_back(run))
            is_begun = True
            try:
                status, message = await future
            except asyncio.CancelledError:
                run.cancel()
                raise
            is_begun = False  # and ended
            if status:
                raise errors.of_status(status, message)
            run._collect()
            return run._copies()
        finally:
            if not is_begun:
                self._give_back(run)

    async def _take(self):
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._left > 0:
                self._left -= 1
                make = True
            else:
                make = False
                loop = asyncio.get_event_loop()
                turn = loop.create_future()
                self._waiting.append((loop, turn))
        if make:
            try:
                return _AsyncRun(self)
            except BaseException:
                with self._lock:
                    self._left += 1
                raise
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(turn.result())
            raise

    def _give_back(self, run):
        run._let_go()
        while True:
            with self._lock:
                if not self._waiting:
                    self._idle.append(run)
                    return
                loop, turn = self._waiting.popleft()
            try:
                loop.call_soon_threadsafe(self._hand_over, turn, run)
                return
            except RuntimeError:  # that loop was closed: the next one's turn
                pass

    def _hand_over(self, turn, run):
        if turn.done():
            self._give_back(run)
        else:
            turn.set_result(run)
