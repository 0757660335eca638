"""No command writes over a file that it reads, or that thaw did not make unless it is told to."""

import os
import shutil
import stat
import subprocess

import numpy as np
import pytest
from PIL import Image

import small_models
from program import ROOT, THAW, thaw


@pytest.fixture
def place(tmp_path):
    """A folder with models, arrays and photographs, and nothing that thaw made."""
    (tmp_path / "detector.pbtxt").write_text(small_models.detector())
    (tmp_path / "scaling.pbtxt").write_text(small_models.scaling())
    np.savez(tmp_path / "in.npz", x=np.ones((1, 4), np.float32))
    (tmp_path / "photos").mkdir()
    for number, name in enumerate(["a.jpg", "b.png", "c.bmp", "c.jpg"]):
        pixels = np.random.default_rng(number).integers(0, 255, (24, 32, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / name)
    (tmp_path / "thesis").write_text("all of my work\n")
    return tmp_path


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def detect(place, *arguments, status=0):
    return thaw("detect", place / "detector.pbtxt", *arguments, status=status)


def refused(place, *arguments, word="a.jpg"):
    """The command ends with 2, says why and changes nothing."""
    before = content(place)
    result = detect(place, *arguments, status=2)
    assert result.err.startswith("thaw: error: ") and result.err.count("\n") == 1 and word in result.err, result.err
    assert content(place) == before


def test_annotated_pictures_do_not_replace_their_photographs(place):
    photos = place / "photos"
    (place / "link").symlink_to(photos)
    for folder in (photos, place / "link", place / "photos/../photos", f"{photos}/", f"{photos}/."):
        for more in ([], ["--overwrite"]):
            refused(place, photos, "--annotate", folder, *more)
    refused(place, photos / "a.jpg", "--annotate", photos)
    refused(place, place / "link/a.jpg", "--annotate", photos)
    refused(place, f"{photos}/*", "--annotate", photos, "--shard", "1/2", word=".jpg")


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_annotated_pictures_do_not_replace_links_to_photographs(place, link):
    (place / "out").mkdir()
    link(place / "photos/a.jpg", place / "out/a.jpg")
    refused(place, place / "photos", "--annotate", place / "out")
    refused(place, place / "photos", "--annotate", place / "out", "--overwrite")


def test_annotated_pictures_do_not_replace_other_photographs(place):
    # c.bmp becomes a c.jpg, and one is there that this command does not read.
    refused(place, place / "photos/c.bmp", "--annotate", place / "photos", word="c.jpg")
    shutil.copytree(place / "photos", place / "out")
    refused(place, place / "photos/a.jpg", "--annotate", place / "out")
    detect(place, place / "photos/a.jpg", "--annotate", place / "out", "--overwrite")
    assert content(place / "out")["a.jpg"] != content(place / "photos")["a.jpg"]
    assert content(place / "out")["b.png"] == content(place / "photos")["b.png"]


def test_annotated_pictures_of_one_name_are_all_there(place):
    (place / "more").mkdir()
    for name, source in (("a.jpg", "a.jpg"), ("A.JPG", "c.jpg"), ("b.png", "b.png")):
        shutil.copy(place / "photos" / source, place / "more" / name)
    detect(place, place / "photos", place / "more", "--annotate", place / "out")
    once = content(place / "out")
    assert len(once) == 7 and len({name.lower() for name in once}) == 7
    # Again, over thaw's own, and by two processes with a share each.
    detect(place, place / "photos", place / "more", "--annotate", place / "out")
    for shard in ("1/2", "2/2"):
        detect(place, place / "photos", place / "more", "--annotate", place / "shared", "--shard", shard)
    assert content(place / "out") == content(place / "shared") == once
    # Annotated pictures are pictures too, and now the ones that are read.
    refused(place, place / "out", "--annotate", place / "out", word="is read by this command")


OUTPUTS = {
    "json": ["detect", "detector.pbtxt", "photos/a.jpg", "--json"],
    "csv": ["detect", "detector.pbtxt", "photos/a.jpg", "--csv"],
    "report": ["compare", "detector.pbtxt", "detector.pbtxt", "--images", "photos/a.jpg", "--report"],
    "outputs": ["run", "scaling.pbtxt", "--inputs", "in.npz", "--outputs"],
    "trace": ["bench", "scaling.pbtxt", "--runs", "2", "--warmup", "1", "--trace"],
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_files_of_others_stay(place, kind, monkeypatch):
    monkeypatch.chdir(place)
    before = content(place)
    command = OUTPUTS[kind]
    inputs = [name for name in (*command, *command) if os.path.exists(name)]
    for target in ["thesis", *inputs]:
        assert target in thaw(*command, target, status=2).err
    for target in inputs:
        thaw(*command, target, "--overwrite", status=2)
    os.link(inputs[0], "hard_link")
    os.symlink(inputs[0], "link")
    for target in ("hard_link", "link", f"../{place.name}/{inputs[0]}"):
        thaw(*command, target, "--overwrite", status=2)
    os.unlink("hard_link"), os.unlink("link")
    assert content(place) == before
    thaw(*command, "new")
    thaw(*command, "new")
    other = OUTPUTS["csv" if kind != "csv" else "json"]
    assert "new" in thaw(*other, "new", status=2).err, "another kind of thaw's own"
    thaw(*command, "thesis", "--overwrite")
    assert (place / "thesis").read_bytes()[:2] == (place / "new").read_bytes()[:2]
    (place / "empty").touch()
    thaw(*command, "empty")
    assert set(content(place)) == {*before, "new", "empty"}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_pipes_and_devices_are_written_to(place, kind, monkeypatch):
    monkeypatch.chdir(place)
    command = OUTPUTS[kind]
    thaw(*command, "/dev/null")
    assert "No space left" in thaw(*command, "/dev/full", status=4).err
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    thaw(*command, "pipe")
    assert os.read(reader, 1 << 16)
    os.close(reader)
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    thaw(*command, "photos", status=4)
    os.symlink("nowhere", "dangling")
    thaw(*command, "dangling", status=4)
    assert os.path.islink("dangling") and not os.path.exists("nowhere")


def test_one_file_for_two_outputs(place):
    refused(place, place / "photos/a.jpg", "--json", place / "o", "--csv", place / "photos/../o", word="twice")


def test_what_standard_output_goes_to_is_not_replaced(place):
    with open(place / "log", "a") as log:
        log.write("from before\n")
        log.flush()
        subprocess.run([THAW, "detect", place / "detector.pbtxt", place / "photos/a.jpg", "--json", "/dev/stdout"],
                       stdout=log, check=True)
    text = (place / "log").read_text()
    assert text.startswith("from before\n") and '"detections"' in text


def test_graph_dumps_do_not_replace_files_of_others(place):
    (place / "dumps").mkdir()
    (place / "copied.pbtxt").write_text(small_models.scaling() + small_models.node("sum", "Add", "factor", "factor") +
                                         small_models.node("z", "Mul", "y", "sum"))
    command = ["run", place / "copied.pbtxt", "--inputs", place / "in.npz", "--outputs", place / "out.npz",
               "--dump-graphs", place / "dumps"]
    thaw(*command)
    thaw(*command)
    names = sorted(content(place / "dumps"))
    assert names
    (place / "dumps" / names[0]).write_text("all of my work\n")
    assert names[0] in thaw(*command, status=2).err
    assert (place / "dumps" / names[0]).read_text() == "all of my work\n"


@pytest.mark.parametrize("name", ["thesis", "photos/a.jpg", "scaling.pbtxt", "pipe", "photos"])
def test_only_timing_caches_are_timing_caches(place, name):
    os.mkfifo(place / "pipe")
    before = content(place)
    (place / "thesis.damaged").write_text("the version of before")
    result = thaw("run", place / "scaling.pbtxt", "--inputs", place / "in.npz", "--outputs", place / "out.npz", "--tune",
                  "--timing-cache", place / name, status=3)
    assert name in result.err
    assert thaw("cache", "clear", "--timing-cache", place / name, status=3)
    (place / "thesis.damaged").unlink()
    assert content(place) == before and stat.S_ISFIFO(os.stat(place / "pipe").st_mode)


def test_a_replaced_folder_holds_nothing_else(place):
    scaling, saved = place / "scaling.pbtxt", place / "saved"
    thaw("convert", scaling, saved)
    thaw("convert", scaling, saved, status=2)
    thaw("convert", scaling, saved, "--overwrite")
    thaw("optimize", saved, saved, "--overwrite", "--no-build")
    shutil.copy(place / "thesis", saved / "thesis")
    shutil.copy(scaling, place / "photos/scaling.pbtxt")
    before = content(place)
    for source, target, word in [(scaling, saved, "thesis"), (saved, saved / "inner", "lies in"),
                                 (scaling, scaling, "itself"), (scaling, place / "photos", "not empty"),
                                 (place / "photos/scaling.pbtxt", place / "photos", "lies in")]:
        command = "optimize" if source == saved else "convert"
        assert word in thaw(command, source, target, "--overwrite", status=2).err
    assert content(place) == before


def test_demo_leaves_files_of_others(place):
    if not (ROOT / "examples/traffic_lights/validation").exists():
        pytest.skip("no bundled pictures")
    out = place / "out"
    for name in ("detections.json", "report_tiles.html", "far_whole.jpg"):
        out.mkdir()
        (out / name).write_text("all of my work\n")
        assert name in thaw("demo", "--out", out, "--data", ROOT / "examples/traffic_lights", status=2).err
        assert content(out) == {name: b"all of my work\n"}
        shutil.rmtree(out)
