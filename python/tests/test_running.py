"""Threads, requests, batchers, asyncio, cancelling, Ctrl-C."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import graphs
import thaw
from files import BUNDLED, ROOT

FOREVER = np.int32(2**31 - 1)
X = np.arange(12, dtype="f4").reshape(4, 3)


@pytest.fixture(scope="module")
def counting():
    return graphs.engine(graphs.counting_loop(), threads=1)


@pytest.fixture(scope="module")
def adding():
    return graphs.engine(graphs.adding(), threads=1)


def run_loop(coroutine):
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def cancel_until_over(cancel, is_over):
    """A run may not have begun when it is cancelled first."""
    end = time.time() + 20
    while not is_over() and time.time() < end:
        cancel()
        time.sleep(0.01)
    assert is_over()


def test_the_gil_is_free_while_a_model_runs(counting):
    """Python works on while another thread is in a run, in both ways that a run is made."""
    request = counting.request()
    request.set_input("n", FOREVER)
    failed = []

    def work():
        try:
            request.run()
        except thaw.Cancelled as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    before = time.time()
    assert sum(range(100000)) == 4999950000
    assert time.time() - before < 5
    cancel_until_over(request.cancel, lambda: not thread.is_alive())
    assert len(failed) == 1


def test_two_threads_overlap(counting):
    """Neither could end if one waited for the other's end."""
    requests = [counting.request(), counting.request()]
    running = [threading.Event(), threading.Event()]
    ended = [None, None]

    def work(i):
        requests[i].set_input("n", FOREVER)
        running[i].set()
        try:
            requests[i].run()
        except thaw.Cancelled:
            ended[i] = True

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for event in running:
        assert event.wait(10)
    np.testing.assert_array_equal(counting(np.int32(5))["result"], 5)  # a third beside them
    for i in (1, 0):
        cancel_until_over(requests[i].cancel, lambda: not threads[i].is_alive())
    assert ended == [True, True]


def test_one_engine_from_many_threads(bundled_engine):
    pictures = [np.random.RandomState(i).randint(0, 255, (1, 64, 64 + 32 * (i % 2), 3)).astype("u1")
                for i in range(4)]
    want = [bundled_engine(p) for p in pictures]
    wrong = []

    def work(seed):
        for i in np.random.RandomState(seed).permutation(12) % 4:
            got = bundled_engine(image_tensor=pictures[i])
            for name in want[i]:
                if not np.array_equal(got[name], want[i][name]):
                    wrong.append((seed, i, name))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_start_and_wait(counting):
    request = counting.request()
    request.set_input("n", np.int32(3))
    request.start()
    assert request.wait()
    assert request.output("result") == 3
    request.set_input("n", FOREVER)
    request.start()
    assert not request.wait(timeout=0.02)
    with pytest.raises(thaw.UsageError, match="running"):
        request.run()
    request.cancel()
    with pytest.raises(thaw.Cancelled, match="cancelled"):
        request.wait()
    request.set_input("n", np.int32(4))
    request.run()  # it serves again
    assert request.output("result") == 4


def test_requests_tell_of_themselves(bundled_engine):
    request = bundled_engine.request()
    assert request.plan is None and request.memory == (0, 0, 0)
    with pytest.raises(thaw.UsageError, match="no results"):
        request.output("detection_boxes")
    request.prepare((1, 96, 96, 3))
    request.set_profiling()
    request.set_input("image_tensor", np.zeros((1, 96, 96, 3), "u1"))
    request.run()
    assert request.stages.network > 0 and request.memory.weights > 0
    plan = request.plan
    assert plan.shapes[0][0] == 1 and not plan.is_slow
    assert sum(segment.layers for segment in plan.segments) == len(plan.layers) > 10
    assert any(layer.macs > 0 and layer.ms > 0 and layer.kernel for layer in plan.layers)
    assert any(p.shapes == plan.shapes for p in bundled_engine.plans())


def test_a_request_is_not_pickled(adding):
    import pickle
    for thing in (adding.request(), thaw.Batcher(adding)):
        with pytest.raises(thaw.UsageError, match="can't be pickled; its engine can"):
            pickle.dumps(thing)


def test_batcher(adding):
    batcher = thaw.Batcher(adding, max_batch=4, max_wait_ms=20)
    rows = [X[i:i + 1] for i in range(4)]
    pending = [batcher.submit(a=row, b=row * 2) for row in rows]
    for row, one in zip(rows, pending):
        np.testing.assert_array_equal(one.result()["total"], row * 3)
        assert one.result() is one.result()
    np.testing.assert_array_equal(batcher(rows[1], rows[1])["twice"], rows[1] * 2)
    got = run_loop(batcher.infer_async(rows[2], rows[2]))
    np.testing.assert_array_equal(got["total"], rows[2] * 2)
    with pytest.raises(thaw.UsageError, match="wants all inputs: a, b"):
        batcher(rows[0])
    with pytest.raises(thaw.InputError):
        batcher(rows[0].astype("f8"), rows[0])
    with pytest.raises(thaw.InputError):
        batcher.submit(X, X).result()


def test_infer_async(adding):
    async def main():
        many = [adding.infer_async(X * i, b=X) for i in range(20)]
        return await asyncio.gather(*many)

    for _ in range(2):  # and on another loop
        for i, out in enumerate(run_loop(main())):
            np.testing.assert_array_equal(out["total"], X * i + X)


def test_infer_async_leaves_the_loop_free(counting):
    async def main():
        task = asyncio.ensure_future(counting.infer_async(FOREVER))
        ticks = 0
        for _ in range(20):
            await asyncio.sleep(0.002)
            ticks += 1
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return ticks

    assert run_loop(main()) == 20


def test_infer_async_goes_on_after_cancelled_tasks(counting):
    """More tasks than there may be runs, cancelled while they run and while they wait."""
    async def main():
        tasks = [asyncio.ensure_future(counting.infer_async(FOREVER)) for _ in range(12)]
        await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return await asyncio.gather(*[counting.infer_async(np.int32(i)) for i in range(12)])

    assert [int(out["result"]) for out in run_loop(main())] == list(range(12))


def test_errors_of_infer_async(adding):
    async def main():
        with pytest.raises(thaw.InputError, match="'b'"):
            await adding.infer_async(X, X.astype("f8"))
        with pytest.raises(thaw.InputError):  # of the run itself
            await adding.infer_async(X, np.ones((3, 3), "f4"))
        return await adding.infer_async(X, X)

    for _ in range(20):
        np.testing.assert_array_equal(run_loop(main())["twice"], X * 2)


INTERRUPTED = """
import sys, threading, time, os, signal
sys.path[:0] = {paths!r}
import numpy as np, graphs, thaw
engine = graphs.engine(graphs.counting_loop())
what = sys.argv[1]
forever = np.int32(2**31 - 1)
def interrupt():
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
begun = time.time()
try:
    if what == "call":
        engine(forever)
    elif what == "wait":
        request = engine.request()
        request.set_input("n", forever)
        request.start()
        request.wait()
    else:
        import asyncio
        asyncio.new_event_loop().run_until_complete(engine.infer_async(forever))
except KeyboardInterrupt:
    assert time.time() - begun < 3
    print("interrupted", flush=True)
if what == "call":
    assert engine(np.int32(7))["result"] == 7
"""


@pytest.mark.parametrize("what", ["call", "wait", "async"])
def test_ctrl_c(what):
    code = INTERRUPTED.format(paths=[str(ROOT / "python"), str(ROOT / "python/tests")])
    done = subprocess.run([sys.executable, "-c", code, what], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"interrupted\n"), done.stderr.decode()


SLOW_CALL = """
import sys, ctypes, os, signal, threading, time
sys.path.insert(0, {path!r})
from thaw._interrupt import interruptible
slow = ctypes.CDLL(None).usleep
slow.restype = ctypes.c_int
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
begun = time.time()
try:
    interruptible(None, slow, 1500000)
except KeyboardInterrupt:
    assert time.time() - begun < 1.2
    print("interrupted", flush=True)
"""


def test_ctrl_c_is_heard_while_a_plan_is_built():
    """By what prepare(), save() and calibrating wait with, around a call that takes long."""
    done = subprocess.run([sys.executable, "-c", SLOW_CALL.format(path=str(ROOT / "python"))],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"interrupted\n"), done.stderr.decode()


def test_ctrl_c_ends_the_program(tmp_path):
    running = subprocess.Popen(
        [sys.executable, "-m", "thaw", "bench", str(BUNDLED), "--runs", "1000000"],
        env=dict(os.environ, PYTHONPATH=str(ROOT / "python")), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    assert running.stdout.readline()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    assert running.returncode == -signal.SIGINT


def test_other_processes_get_an_engine_by_pickling():
    import multiprocessing
    engine = thaw.optimize(str(BUNDLED), threads=1, tune=False)
    picture = np.random.RandomState(0).randint(0, 255, (1, 64, 64, 3)).astype("u1")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        got = pool.apply(engine, (picture,))
    want = engine(picture)
    for name in want:
        np.testing.assert_array_equal(got[name], want[name])


def test_a_fork_makes_its_own(adding):
    """What was made before it has no threads there: an error, in place of waiting for ever."""
    adding(X, X)
    request, batcher = adding.request(), thaw.Batcher(adding)
    request.set_input("a", X)
    request.set_input("b", X)
    detector = thaw.Detector(BUNDLED)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            calls = [lambda: adding(X, X), request.run, request.start, lambda: adding.prepare([(2, 3)] * 2),
                     lambda: run_loop(adding.infer_async(X, X)), lambda: batcher(X[:1], X[:1]),
                     lambda: detector(np.zeros((64, 64, 3), "u1"))]
            for call in calls:
                with pytest.raises(thaw.UsageError, match="before a fork"):
                    call()
            del request, batcher, detector, calls, call
            own = graphs.engine(graphs.adding())
            np.testing.assert_array_equal(own(X, X)["total"], X + X)
            del own
            status = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            os._exit(status)
    end = time.time() + 30
    while time.time() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.02)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the fork waits for ever")
    assert status == 0
