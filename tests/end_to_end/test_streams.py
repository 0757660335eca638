"""Standard streams that are closed, full or no longer read; names that a terminal would obey."""

import json
import os
import shutil
import signal
import socket
import subprocess

import numpy as np
import pytest
from PIL import Image

import small_models
from program import THAW, thaw

COMMANDS = {
    "inspect": ["inspect", "scaling.pbtxt"],
    "inspect_json": ["inspect", "scaling.pbtxt", "--json"],
    "passes": ["inspect", "--passes"],
    "summary": ["summary", "scaling.pbtxt", "--shape", "1x4"],
    "convert": ["convert", "scaling.pbtxt", "saved"],
    "optimize": ["optimize", "scaling.pbtxt", "optimised", "--shape", "1x4"],
    "detect": ["detect", "detector.pbtxt", "a.png"],
    "detect_json": ["detect", "detector.pbtxt", "a.png", "--json", "-"],
    "detect_csv": ["detect", "detector.pbtxt", "a.png", "--csv", "-"],
    "run": ["run", "scaling.pbtxt", "--inputs", "in.npz", "--outputs", "out.npz"],
    "bench": ["bench", "scaling.pbtxt", "--runs", "2", "--warmup", "1"],
    "compare": ["compare", "detector.pbtxt", "detector.pbtxt", "--images", "a.png"],
    "cache_list": ["cache", "list"],
    "cache_verify": ["cache", "verify"],
    "cache_clear": ["cache", "clear"],
    "dump_config": ["run", "--dump-config"],
    "command_help": ["detect", "--help"],
    "help": ["--help"],
    "version": ["--version"],
}
ALL = [0, 1, 2]


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "detector.pbtxt").write_text(small_models.detector())
    (tmp_path / "scaling.pbtxt").write_text(small_models.scaling())
    np.savez(tmp_path / "in.npz", x=np.ones((1, 4), np.float32))
    Image.fromarray(np.full((24, 32, 3), 99, np.uint8)).save(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*command, closed=(), **streams):
    """Status, standard output and standard error, with those descriptors closed from the start."""
    def close():
        for fd in closed:
            os.close(fd)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    done = subprocess.run([THAW, *map(str, command)], preexec_fn=close, timeout=60, **streams)
    return done.returncode, done.stdout or b"", done.stderr or b""


@pytest.mark.parametrize("name", COMMANDS)
def test_standard_output_full_or_closed(place, name):
    with open("/dev/full", "w") as full:
        status, _, err = run(*COMMANDS[name], stdout=full)
        assert status == 4 and b"standard output" in err and b"No space left" in err, (status, err)
        for made in ("saved", "optimised"):
            shutil.rmtree(place / made, ignore_errors=True)
    assert run(*COMMANDS[name], closed=[1])[0] == 4


@pytest.mark.parametrize("name", COMMANDS)
def test_standard_error_does_not_matter(place, name):
    with open("/dev/full", "w") as full:
        assert run(*COMMANDS[name], stderr=full)[0] == 0
    for made in ("saved", "optimised"):
        shutil.rmtree(place / made, ignore_errors=True)
    assert run(*COMMANDS[name], closed=[0, 2])[0] == 0


def test_errors_keep_their_status_without_standard_error(place):
    wrong = {2: ["detect", "--no-such-option"], 3: ["inspect", "nothing.pb"], 4: ["bench", "scaling.pbtxt", "--device", "cuda"]}
    for status, command in {**wrong, 2: []}.items():
        for closed in ([2], [1, 2], [0, 1, 2]):
            assert run(*command, closed=closed)[0] == status
        with open("/dev/full", "w") as full:
            assert run(*command, stderr=full)[0] == status
            assert run(*command, stderr=full, stdout=full)[0] == status


def test_opened_files_do_not_become_standard_streams(place):
    """With 0 to 2 closed, what is opened first would be written into by the next message."""
    names = ["a.json", "b.csv", "out"]
    run("detect", "detector.pbtxt", "a.png", "no.png", "--json", names[0], "--csv", names[1], "--annotate", names[2],
        closed=[0, 2])
    document = json.loads((place / names[0]).read_text())
    assert [image["file"] for image in document["images"]] == ["a.png", "no.png"]
    assert (place / names[1]).read_text().count("\n") == 2
    Image.open(place / names[2] / "a.png").load()
    assert run("run", "scaling.pbtxt", "--inputs", "in.npz", "--outputs", "out.npz", closed=ALL)[0] == 4
    assert np.load("out.npz")["y"].tolist() == [[2, 2, 2, 2]]
    assert (place / "scaling.pbtxt").read_text() == small_models.scaling()


@pytest.mark.parametrize("name", ["detect", "detect_json", "inspect", "cache_list", "help"])
def test_a_reader_that_has_enough_is_no_error(place, name):
    reading, writing = os.pipe()
    os.close(reading)
    status, _, err = run(*COMMANDS[name], stdout=writing)
    os.close(writing)
    assert (status, err) == (-signal.SIGPIPE, b"")


EVIL = "\x1b[2J\x07\r\n\u202e\u009b31m\x7f"
SHOWN = r"\x1b[2J\x07\x0d\x0a\xe2\x80\xae\xc2\x9b31m\x7f"


def harmless(text):
    text.decode("utf-8")
    return not any(ord(c) < 32 and c != "\n" or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in text.decode())


def test_names_are_shown_and_not_obeyed(place):
    picture, broken, labels = f"p{EVIL}.png", f"q{EVIL}.jpg", f"l{EVIL}.txt"
    shutil.copy("a.png", picture)
    (place / broken).write_text("no picture")
    (place / labels).write_text("first\nsecond\x1b[31m\n")
    named = small_models.scaling(name="y").replace('"y"', r'"y\033[31m\n"')
    (place / "named.pbtxt").write_text(named)
    for command, status in [(["detect", "detector.pbtxt", picture, broken, "--labels", labels], 3),
                            (["detect", "detector.pbtxt", picture, "--labels", f"x{EVIL}"], 3),
                            (["detect", f"m{EVIL}", picture], 3),
                            (["detect", "detector.pbtxt", picture, f"--x{EVIL}"], 2),
                            (["detect", "detector.pbtxt", picture, "--class-score", f"x{EVIL}"], 2),
                            (["compare", "detector.pbtxt", "detector.pbtxt", "--images", picture, broken], 3),
                            (["inspect", "named.pbtxt"], 0), (["convert", "named.pbtxt", f"saved{EVIL}"], 0),
                            (["inspect", "scaling.pbtxt", "--config", f"c{EVIL}"], 2),
                            (["run", "--dump-config", "--inputs", f"x{EVIL}"], None),
                            (["cache", "list", "--timing-cache", f"t{EVIL}"], 0),
                            ([f"x{EVIL}"], 2)]:
        got, out, err = run(*command)
        assert status in (None, got), (command, got, err)
        assert harmless(out) and harmless(err), (command, out, err)
        assert r"\x1b[" in (out + err).decode(), (command, out, err)
    _, out, _ = run("detect", "detector.pbtxt", picture)
    assert f"p{SHOWN}.png 32x24" in out.decode()


def test_documents_of_odd_names(place):
    names = [f"p{EVIL}.png".encode(), b"caf\xe9\xff.png", "ü,\"<b>&.png".encode()]
    for name in names:
        shutil.copy("a.png", name)
    for document in ("-", "d.json"):
        done = subprocess.run([THAW, "detect", "detector.pbtxt", *names, "--json", document], capture_output=True)
        assert done.returncode == 0
    assert (place / "d.json").read_bytes().count(b"\x1b") == 0
    images = json.loads((place / "d.json").read_bytes().decode("utf-8"))["images"]
    assert [image["file"] for image in images] == [names[0].decode(), "caf\ufffd\ufffd.png", names[2].decode()]
    subprocess.run([THAW, "detect", "detector.pbtxt", *names, "--csv", "d.csv"], check=True, capture_output=True)
    rows = (place / "d.csv").read_bytes()
    assert harmless(rows) and rows.count(b"\n") == 4 and rb"caf\xe9\xff.png" in rows
    done = subprocess.run([THAW, "compare", "detector.pbtxt", "detector.pbtxt", "--images", *names, "--json", "--report",
                           "r.html"], capture_output=True)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout.decode("utf-8"))
    assert harmless(done.stderr)
    report = (place / "r.html").read_bytes()
    assert harmless(report) and b"<b>&.png" not in report


def test_pictures_that_are_no_files_do_not_stop_the_rest(place):
    (place / "photos").mkdir()
    shutil.copy("a.png", "photos/z.png")
    os.mkfifo("photos/a_pipe.png")
    socket.socket(socket.AF_UNIX).bind("photos/b_socket.png")
    os.symlink("nowhere", "photos/c_dangling.png")
    os.symlink("/dev/zero", "photos/d_device.png")
    for sources in (["photos"], ["photos/a_pipe.png", "/dev/zero", "/dev/full", "photos/z.png"], ["photos/*.png"]):
        for command in (["detect", "detector.pbtxt", *sources],
                        ["compare", "detector.pbtxt", "detector.pbtxt", "--images", *sources]):
            result = thaw(*command, status=3)
            assert "a_pipe.png: a file was expected, found a pipe" in result.err
            assert "z.png" in result.out or command[0] == "compare"
            assert result.seconds < 10
    result = thaw("detect", "detector.pbtxt", "photos", "--json", "-", status=3)
    assert ["error" in image for image in json.loads(result.out)["images"]] == [True] * 4 + [False]
    result = thaw("optimize", "detector.pbtxt", "saved", "--shape", "1x24x32x3", "--precision", "INT8", "--calibrate",
                  "photos", status=3)
    assert "a_pipe.png: a file was expected, found a pipe" in result.err and not os.path.exists("saved")


def test_config_files_are_files(place):
    os.mkfifo("pipe")
    os.mkdir("folder")
    with open("huge", "wb") as huge:
        huge.truncate(1 << 40)
    for name, found in [("pipe", "a pipe"), ("/dev/zero", "a device"), ("folder", "a folder"), ("huge", "at most")]:
        result = thaw("detect", "detector.pbtxt", "a.png", "--config", name, status=3)
        assert name in result.err and found in result.err and result.peak_bytes < 100 << 20
    (place / "c.toml").write_text("score = 0.2\nclasses = [1, 2\n")
    assert "c.toml:2: the array that begins here never ends" in thaw("detect", "detector.pbtxt", "a.png", "--config",
                                                                     "c.toml", status=2).err
    (place / "c.toml").write_text("score = 0.95 # more\nclass-score = [\"1=0.8\",\n]\n")
    assert " 1 0.90" in thaw("detect", "detector.pbtxt", "a.png", "--config", "c.toml").out
    for command in ("detect", "run", "bench", "optimize", "compare", "demo"):
        (place / "d.toml").write_text(thaw(command, "--dump-config").out)
        thaw(command, "--config", "d.toml", "--dump-config")
