"""Pictures of every kind are decoded to the pixels that PIL gives.

`thaw detect` with a score that nothing reaches copies a picture; named .png it is copied without loss
whatever it is, for its kind is found by content.
"""

import json

import numpy as np
import pytest
from PIL import Image, ImageOps

from program import COCO, DATA, needs_data, photographs, thaw

pytestmark = needs_data


def scene(width=123, height=77):
    """A piece of a photograph, so that chroma and edges matter."""
    return Image.open(DATA / "images/od_dogs.jpg").convert("RGB").resize((width, height))


def jpegs():
    image = scene()
    yield "jpeg_grey", image.convert("L"), {}
    yield "jpeg_cmyk", image.convert("CMYK"), {}
    yield "jpeg_cmyk_progressive", image.convert("CMYK"), {"progressive": True}
    for subsampling in range(3):
        yield f"jpeg_subsampling_{subsampling}", image, {"subsampling": subsampling}
    yield "jpeg_progressive", image, {"progressive": True}
    yield "jpeg_quality_5", image, {"quality": 5}
    yield "jpeg_stored_rgb", image, {"keep_rgb": True}
    yield "jpeg_restarts", image, {"restart_marker_blocks": 2}
    yield "jpeg_1x1", scene(1, 1), {}
    yield "jpeg_1x2000", scene(1, 2000), {}


def pngs():
    image = scene()
    alpha = image.convert("RGBA")
    alpha.putalpha(image.convert("L"))
    yield "png_grey", image.convert("L"), {}
    yield "png_bits", image.convert("1"), {}
    yield "png_palette", image.convert("P"), {}
    for bits in (1, 2, 4):
        yield f"png_palette_{bits}", image.convert("P", palette=Image.ADAPTIVE, colors=2**bits - 1), {"bits": bits}
    yield "png_palette_transparent", image.convert("P"), {"transparency": 3}
    yield "png_grey_alpha", alpha.convert("LA"), {}
    yield "png_alpha", alpha, {}
    yield "png_1x1", scene(1, 1), {}


def others():
    image = scene()
    for name, picture in [("rgb", image), ("grey", image.convert("L")), ("palette", image.convert("P")),
                          ("bits", image.convert("1"))]:
        yield f"bmp_{name}", picture, {}
    yield "gif_plain", image.convert("P"), {"interlace": 0}
    yield "gif_interlaced", image.convert("P"), {"interlace": 1}


def turned():
    for kind in ("jpeg", "png"):
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x112] = orientation
            yield f"{kind}_orientation_{orientation}", scene(), {"exif": exif.tobytes()}


def test_as_pil_decodes_them(tmp_path):
    source, copies = tmp_path / "source", tmp_path / "copies"
    source.mkdir()
    for name, image, options in [*jpegs(), *pngs(), *others(), *turned()]:
        image.save(source / f"{name}.png", name.split("_")[0].upper(), **options)
    for path in photographs():
        (source / f"{path.stem}.png").write_bytes(path.read_bytes())
    deep = np.asarray(scene().convert("L")).astype(np.uint16) * 257 - 3
    Image.fromarray(deep).save(source / "deep.png")

    thaw("detect", COCO, source, "--score", "2", "--annotate", copies)

    wrong = []
    for path in sorted(source.glob("*.png")):
        if path.stem == "deep":  # PIL cuts 16 bits off at 255; the high byte is what is meant
            want = np.repeat((deep >> 8)[..., None], 3, axis=2)
        else:
            want = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
        got = np.asarray(Image.open(copies / path.name))
        if got.shape != want.shape or (got != want).any():
            wrong.append(path.name)
    assert not wrong


def test_annotated_pictures_show_the_detections(tmp_path):
    photograph = DATA / "images/od_dogs.jpg"
    (tmp_path / "dogs.png").write_bytes(photograph.read_bytes())
    thaw("detect", COCO, tmp_path / "dogs.png", "--annotate", tmp_path / "out")
    before = np.asarray(Image.open(photograph).convert("RGB")).astype(int)
    after = np.asarray(Image.open(tmp_path / "out/dogs.png")).astype(int)
    changed = (np.abs(after - before).max(axis=2) > 0).mean()
    assert 0.005 < changed < 0.1


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_cut_picture_is_named_and_the_next_comes(tmp_path, ending):
    good, bad = tmp_path / f"good.{ending}", tmp_path / f"half.{ending}"
    scene().save(good)
    bad.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    result = thaw("detect", COCO, bad, good, "--csv", tmp_path / "out.csv", status=3)
    assert f"half.{ending}: the {'JPEG' if ending == 'jpg' else 'PNG'} is cut short" in result.err
    assert (tmp_path / "out.csv").exists()


def test_a_damaged_picture_comes_with_a_warning(tmp_path):
    path = tmp_path / "damaged.jpg"
    scene().save(path, restart_marker_blocks=1)
    content = path.read_bytes()
    start, end = content.index(b"\xff\xd2"), content.index(b"\xff\xd3")
    path.write_bytes(content[: start + 3] + content[end:])
    result = thaw("detect", COCO, path, "--json", tmp_path / "out.json")
    assert "damaged.jpg: Corrupt JPEG data" in result.err
    entry = json.loads((tmp_path / "out.json").read_text())["images"][0]
    assert "Corrupt" in entry["warning"] and "detections" in entry
