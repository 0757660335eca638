"""Bad models and pictures: status 3, one line that names the thing, under 1 s and 256 MB."""

import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from program import COCO, DATA, needs_data, thaw

pytest.importorskip("tensorflow")
import bad_models

MAX_SECONDS, MAX_BYTES = 1.0, 256 << 20


def assert_refused(result, path, words):
    assert result.status == 3, f"{result.status}: {result.out}{result.err}"
    lines = [line for line in result.err.splitlines() if line.startswith("thaw: error: ")]
    assert lines, result.err
    for word in [path.name, *words]:
        assert word.lower() in result.err.lower(), f"'{word}' is not in: {result.err}"
    assert "bad_alloc" not in result.err and "what()" not in result.err
    assert result.seconds < MAX_SECONDS
    assert result.peak_bytes < MAX_BYTES


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return {name: (path, words) for name, path, words in bad_models.cases(tmp_path_factory.mktemp("bad"))}


def test_the_unbroken_graph_is_accepted(tmp_path):
    path = tmp_path / "good.pb"
    path.write_bytes(bad_models.good_graph().SerializeToString())
    np.savez(tmp_path / "in.npz", x=np.ones((1, 8, 8, 3), np.float32))
    thaw("run", path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz")


GRAPHS = [name for name, _, _ in bad_models.broken_graphs()]
FOLDERS = ["no_saved_model_file", "no_variables", "no_shard", "short_shard", "flipped_weight", "flipped_index",
           "no_such_signature", "signature_of_a_missing_tensor", "a_folder_without_a_model", "folder_called.pb"]


@pytest.mark.parametrize("name", [*GRAPHS, *FOLDERS, "not_there"])
def test_bad_model(models, tmp_path, name):
    path, words = models[name]
    np.savez(tmp_path / "in.npz", x=np.ones((1, 8, 8, 3), np.float32))
    result = thaw("run", path, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz", status=None)
    assert_refused(result, path, words)
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_bad_model_for_other_commands(models, tmp_path, command):
    for name in ("empty", "random_bytes", "jpeg_called_pb", "field_that_claims_2_gib", "cut_in_the_middle"):
        path, words = models[name]
        rest = [tmp_path / "out"] if command == "convert" else []
        assert_refused(thaw(command, path, *rest, status=None), path, words)


def test_a_graph_cut_at_any_byte(tmp_path):
    """Wherever it ends, it is refused or it is a smaller graph; it never crashes."""
    whole = bad_models.good_graph().SerializeToString()
    path = tmp_path / "cut.pb"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        result = thaw("inspect", path, status=None)
        assert result.status in (0, 3), f"at {length}: {result.status} {result.err}"
        assert result.seconds < MAX_SECONDS and result.peak_bytes < MAX_BYTES


def png(width, height, bits, colour, rows):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def huge_jpeg(tmp_path):
    """A JPEG whose header says 65535 x 65535."""
    path = tmp_path / "small.jpg"
    Image.new("RGB", (16, 16)).save(path)
    data = bytearray(path.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5:frame + 9] = b"\xff\xff\xff\xff"
    return bytes(data)


def bad_pictures(tmp_path):
    photograph = (DATA / "images/od_dogs.jpg").read_bytes()
    yield "empty.jpg", b"", ["empty"]
    yield "cut.jpg", photograph[:len(photograph) // 2], []
    yield "header_only.jpg", photograph[:300], []
    yield "text.jpg", b"this is no picture\n" * 10, []
    yield "random.png", np.random.default_rng(2).bytes(5000), []
    yield "huge.jpg", huge_jpeg(tmp_path), ["65535"]
    yield "huge.png", png(65535, 65535, 8, 2, b"\0" * 100), ["65535"]
    yield "short.png", png(64, 64, 8, 2, b"\0" * 100), []


@needs_data
def test_bad_pictures_are_named_and_the_others_come(tmp_path):
    files, expected = [], {}
    for name, data, words in bad_pictures(tmp_path):
        (tmp_path / name).write_bytes(data)
        files.append(tmp_path / name)
        expected[str(tmp_path / name)] = words
    (tmp_path / "folder.jpg").mkdir()
    files += [tmp_path / "not_there.jpg", DATA / "images/od_dogs.jpg"]
    expected[str(tmp_path / "not_there.jpg")] = []
    result = thaw("detect", COCO, *files, "--json", "-", status=3)
    images = {entry["file"]: entry for entry in json.loads(result.out)["images"]}
    assert len(images) == len(files)
    for file, words in expected.items():
        error = images[file]["error"]
        assert "detections" not in images[file]
        for word in [file, *words]:
            assert word.lower() in error.lower(), error
        assert f"thaw: error: {error}" in result.err
    assert images[str(DATA / "images/od_dogs.jpg")]["detections"]
    assert result.peak_bytes < MAX_BYTES


@needs_data
def test_odd_pictures_work(tmp_path):
    """CMYK, 16 bit, grey, palette, alpha, 1x1, turned by EXIF."""
    photograph = Image.open(DATA / "images/od_dogs.jpg")
    photograph.convert("CMYK").save(tmp_path / "cmyk.jpg")
    photograph.convert("L").save(tmp_path / "grey.jpg")
    photograph.convert("P").save(tmp_path / "palette.png")
    photograph.convert("RGBA").save(tmp_path / "alpha.png")
    grey = np.asarray(photograph.convert("L")).astype(np.uint16) * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in grey)
    (tmp_path / "sixteen.png").write_bytes(png(grey.shape[1], grey.shape[0], 16, 0, rows))
    turned = photograph.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    names = ["cmyk.jpg", "grey.jpg", "palette.png", "alpha.png", "sixteen.png", "turned.jpg"]
    result = thaw("detect", COCO, *[tmp_path / n for n in names], "--json", "-", "--score", "0.4")
    for entry in json.loads(result.out)["images"]:
        assert (entry["width"], entry["height"]) == photograph.size, entry["file"]
        assert 18 in [d["class_id"] for d in entry["detections"]], f"no dog in {entry['file']}"
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "one.jpg")
    result = thaw("detect", COCO, tmp_path / "one.png", tmp_path / "one.jpg", "--json", "-")
    assert [e["width"] for e in json.loads(result.out)["images"]] == [1, 1]


@needs_data
@pytest.mark.parametrize("text, words", [("item { id: 1", []), ("item { id: 'x' name: 'y' }", ["id"]), ("", ["empty"])])
def test_bad_label_map(tmp_path, text, words):
    labels = tmp_path / "labels.pbtxt"
    labels.write_text(text)
    result = thaw("detect", COCO, DATA / "images/od_dogs.jpg", "--labels", labels, status=None)
    assert_refused(result, labels, words)
