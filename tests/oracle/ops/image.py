"""Resizing, cropping, decoding pictures."""

import io
import itertools
import struct
import zlib

import numpy as np
from PIL import Image

from op_case import BITS, VALUES, case, ulps

CASES = []
F = np.float32


def resizes():
    rng = np.random.default_rng(1)
    picture = rng.uniform(-10, 300, (2, 5, 7, 3))
    sizes = [(5, 7), (10, 14), (3, 4), (1, 1), (1, 9), (9, 1), (13, 5), (7, 7), (64, 2)]
    flags = [{}, {"align_corners": True}, {"half_pixel_centers": True}]
    for size, flag in itertools.product(sizes, flags):
        for op in ("ResizeBilinear", "ResizeNearestNeighbor"):
            yield case(op, picture.astype(F), np.int32(size), tol=VALUES, **flag)
    for dtype in (np.float64, np.uint8, np.int8, np.int16, np.uint16, np.int32, np.int64, np.float16):
        for size, flag in itertools.product([(8, 3), (2, 20)], flags):
            for op in ("ResizeBilinear", "ResizeNearestNeighbor"):
                yield case(op, picture.astype(np.int32).astype(dtype), np.int32(size), tol=VALUES, **flag)
    odd = F([[np.nan, 1, np.inf], [-np.inf, 0, -0.0], [3e38, -3e38, 1e-40]]).reshape(1, 3, 3, 1)
    for size, flag in itertools.product([(3, 3), (5, 6), (2, 2)], flags):
        for op in ("ResizeBilinear", "ResizeNearestNeighbor"):
            yield case(op, odd, np.int32(size), tol=VALUES, **flag)
    for shape in ((0, 5, 7, 3), (2, 5, 7, 0), (1, 1, 1, 1), (1, 1, 9, 2), (1, 9, 1, 2)):
        accepts = "" if shape[3] else "a picture without channels gives one"
        for op, flag in itertools.product(("ResizeBilinear", "ResizeNearestNeighbor"), flags):
            yield case(op, np.ones(shape, F), np.int32([4, 3]), tol=VALUES, accepts=accepts, **flag)
    # Refused by both.
    for op in ("ResizeBilinear", "ResizeNearestNeighbor"):
        for size in ([0, 3], [3, -1], [3], [3, 3, 3], 3):
            yield case(op, picture.astype(F), np.int32(size))
        yield case(op, picture[0].astype(F), np.int32([3, 3]))
        yield case(op, np.zeros([1, 0, 4, 1], F), np.int32([3, 3]))
        yield case(op, picture.astype(F), np.int32([3, 3]), align_corners=True, half_pixel_centers=True)


def crops():
    rng = np.random.default_rng(2)
    picture = rng.uniform(0, 255, (3, 6, 8, 2))
    boxes = F([[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], [0.9, 0.8, 0.1, 0.2], [-0.3, -0.2, 1.2, 1.4], [0.5, 0.5, 0.5, 0.5],
               [1, 1, 1, 1], [2, 2, 3, 3], [0, 0, 0, 1]])
    which = np.int32([0, 1, 2, 0, 1, 2, 0, 1])
    for size, method in itertools.product([(3, 3), (1, 1), (7, 2), (1, 5), (14, 14)], ("bilinear", "nearest")):
        for outside in (0.0, -7.5):
            yield case("CropAndResize", picture.astype(F), boxes, which, np.int32(size), method=method,
                       extrapolation_value=outside, tol=ulps(2))
    for dtype, method in itertools.product((np.uint8, np.int8, np.int16, np.uint16, np.int32, np.int64, np.float64,
                                            np.float16), ("bilinear", "nearest")):
        yield case("CropAndResize", picture.astype(dtype), boxes, which, np.int32([4, 5]), method=method, tol=ulps(2))
    for bad in (np.nan, np.inf, -np.inf):
        yield case("CropAndResize", picture.astype(F), F([[0, bad, 1, 1], [bad, 0, 1, bad], [0.2, 0.2, 0.8, 0.8]]),
                   np.int32([0, 1, 2]), np.int32([3, 3]), tol=ulps(2), extrapolation_value=1.0)
    yield case("CropAndResize", picture.astype(F), np.zeros([0, 4], F), np.zeros([0], np.int32), np.int32([3, 3]))
    yield case("CropAndResize", picture[..., :0].astype(F), boxes, which, np.int32([3, 3]))
    # Refused by both.
    for size in ([0, 3], [3, -1], [3], [3, 3, 3]):
        yield case("CropAndResize", picture.astype(F), boxes, which, np.int32(size))
    yield case("CropAndResize", picture.astype(F), boxes, which + 2, np.int32([3, 3]))
    yield case("CropAndResize", picture.astype(F), boxes, which - 1, np.int32([3, 3]))
    yield case("CropAndResize", picture.astype(F), boxes[:3], which, np.int32([3, 3]))
    yield case("CropAndResize", picture.astype(F), boxes[:, :3], which, np.int32([3, 3]))
    yield case("CropAndResize", picture[0].astype(F), boxes, which, np.int32([3, 3]))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG's colour types
PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def packed_rows(samples, bits):
    """samples [h, w * n] as a PNG's rows, unfiltered."""
    rows = []
    for row in samples:
        digits = "".join(format(int(v), f"0{bits}b") for v in row)
        digits += "0" * (-len(digits) % 8)
        rows.append(b"\0" + int(digits, 2).to_bytes(len(digits) // 8, "big"))
    return b"".join(rows)


def png(colour, bits, seed=0, width=9, height=7, transparent=None, palette=None, interlaced=False, extra=()):
    rng = np.random.default_rng(seed)
    highest = (1 << bits) - 1 if palette is None else len(palette) - 1
    pixels = rng.integers(0, highest + 1, (height, width, SAMPLES[colour]))
    if colour == 2:
        pixels[-1] = pixels[-1, :, :1]  # colours that are grey
    passes = PASSES if interlaced else [(0, 0, 1, 1)]
    parts = [pixels[y::dy, x::dx] for y, x, dy, dx in passes]
    data = b"".join(packed_rows(p.reshape(p.shape[0], -1), bits) for p in parts if p.size)
    body = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))
    body += b"".join(chunk(k, d) for k, d in extra)
    if palette is not None:
        body += chunk(b"PLTE", bytes(np.asarray(palette, np.uint8).ravel().tolist()))
    if transparent is not None:
        body += chunk(b"tRNS", transparent)
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def pngs():
    """Name and bytes of PNGs of each kind."""
    palette = np.random.default_rng(5).integers(0, 256, (256, 3))
    for bits in (1, 2, 4, 8, 16):
        yield png(0, bits)
        yield png(0, bits, transparent=struct.pack(">H", 1))
        yield png(0, bits, interlaced=True)
    for bits in (8, 16):
        for colour in (2, 4, 6):
            yield png(colour, bits)
            yield png(colour, bits, interlaced=True)
        yield png(2, bits, transparent=struct.pack(">HHH", 5, 6, 7))
    for bits in (1, 2, 4, 8):
        yield png(3, bits, palette=palette[:1 << bits])
        yield png(3, bits, palette=palette[:1 << bits], transparent=bytes([0, 100][:1 << bits]))
        yield png(3, bits, palette=palette[:1 << bits], interlaced=True)
    yield png(2, 8, width=1, height=1)


def gammas():
    """PNGs that say how bright their samples are."""
    for colour, bits in ((2, 8), (2, 16), (6, 8), (0, 8), (3, 8)):
        palette = np.random.default_rng(5).integers(0, 256, (256, 3)) if colour == 3 else None
        for extra in ([(b"gAMA", struct.pack(">I", 45455))], [(b"gAMA", struct.pack(">I", 100000))],
                      [(b"gAMA", struct.pack(">I", 22000))], [(b"sRGB", b"\0")],
                      [(b"sRGB", b"\1"), (b"gAMA", struct.pack(">I", 45455))],
                      [(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))],
                      [(b"cHRM", struct.pack(">8I", 34567, 35850, 73469, 26531, 11416, 82618, 12607, 10490)),
                       (b"gAMA", struct.pack(">I", 45455))]):
            yield png(colour, bits, palette=palette, extra=extra)


def decoded(op, contents, **attrs):
    return case(op, np.array(contents, object), tol=BITS, **attrs)


def png_cases():
    for contents in pngs():
        for channels, dtype in itertools.product((0, 1, 3, 4), (np.uint8, np.uint16)):
            yield decoded("DecodePng", contents, channels=channels, dtype=dtype)
        for dtype in (np.uint8, np.uint16, F):
            yield decoded("DecodeImage", contents, dtype=dtype)
        yield decoded("DecodeJpeg", contents, channels=1)
        yield decoded("DecodeGif", contents)
    for contents in gammas():
        for channels, dtype in itertools.product((0, 1, 3), (np.uint8, np.uint16)):
            yield decoded("DecodePng", contents, channels=channels, dtype=dtype)


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def smooth(height, width, channels, seed=0):
    """Something like a photograph: smooth with a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 100 * np.sin(x / (3 + c) + y / (5 - c / 2)) + rng.normal(0, 6, (height, width))
              for c in range(channels)]
    pixels = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
    return pixels[..., 0] if channels == 1 else pixels


def jpegs():
    colour, grey = Image.fromarray(smooth(33, 45, 3)), Image.fromarray(smooth(20, 17, 1))
    for subsampling in (0, 1, 2):
        yield saved(colour, "JPEG", quality=90, subsampling=subsampling)
    yield saved(colour, "JPEG", quality=30)
    yield saved(colour, "JPEG", quality=90, progressive=True)
    yield saved(colour, "JPEG", quality=90, keep_rgb=True)
    yield saved(grey, "JPEG", quality=90)
    yield saved(grey, "JPEG", quality=60, progressive=True)
    yield saved(Image.fromarray(smooth(16, 24, 4), "CMYK"), "JPEG", quality=90)


def jpeg_cases():
    for contents in jpegs():
        for channels, dct in itertools.product((0, 1, 3, 4), ("", "INTEGER_FAST", "INTEGER_ACCURATE")):
            yield decoded("DecodeJpeg", contents, channels=channels, dct_method=dct)
        for ratio, fancy in itertools.product((2, 4, 8), (True, False)):
            yield decoded("DecodeJpeg", contents, ratio=ratio, fancy_upscaling=fancy)
        yield decoded("DecodeJpeg", contents, fancy_upscaling=False)
        for op in ("DecodePng", "DecodeGif", "DecodeBmp"):
            yield decoded(op, contents)
        yield decoded("DecodePng", contents, channels=1, dtype=np.uint16)
        for channels, dtype in itertools.product((0, 1, 3), (np.uint8, np.uint16, F)):
            yield decoded("DecodeImage", contents, channels=channels, dtype=dtype)


def gif(frames, palette, size=(8, 6), background=0):
    """A GIF of frames (left, top, pixels, transparent or None, disposal, palette or None)."""
    bits = 3  # of the palettes
    flat = bytes(np.asarray(palette, np.uint8).ravel().tolist())
    out = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80 | bits - 1, background, 0) + flat
    for left, top, pixels, transparent, disposal, own in frames:
        flags = disposal << 2 | (transparent is not None)
        out += b"\x21\xf9\x04" + struct.pack("<BHB", flags, 5, transparent or 0) + b"\0"
        height, width = pixels.shape
        out += b"\x2c" + struct.pack("<HHHHB", left, top, width, height, 0x80 | bits - 1 if own is not None else 0)
        if own is not None:
            out += bytes(np.asarray(own, np.uint8).ravel().tolist())
        codes = "".join(format(c, "04b")[::-1] for v in pixels.ravel() for c in (8, int(v)))  # clear, pixel
        codes += format(9, "04b")[::-1]
        codes += "0" * (-len(codes) % 8)
        data = bytes(int(codes[i:i + 8][::-1], 2) for i in range(0, len(codes), 8))
        out += b"\x03" + b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255))
        out += b"\0"
    return out + b"\x3b"


def gifs():
    rng = np.random.default_rng(7)
    palette, other = rng.integers(0, 256, (2, 8, 3))
    full = [rng.integers(0, 8, (6, 8)) for _ in range(4)]
    part = rng.integers(0, 8, (3, 4))
    yield gif([(0, 0, full[0], None, 0, None)], palette)
    yield gif([(0, 0, f, None, 0, None) for f in full], palette)
    yield gif([(0, 0, f, None, 0, other) for f in full[:2]], palette)
    yield gif([(0, 0, full[0], None, 0, None), (2, 1, part, None, 0, None)], palette)
    yield gif([(2, 1, part, None, 0, None)], palette)
    yield gif([(2, 1, part, None, 0, None), (0, 0, full[0], None, 0, None)], palette)
    for disposal in (0, 1, 2, 3):
        yield gif([(0, 0, full[0], None, disposal, None), (2, 1, part, 3, disposal, None),
                   (0, 0, full[1], 5, disposal, None)], palette)
    yield gif([(0, 0, full[0], 2, 0, None)], palette)
    yield gif([(6, 4, part, None, 0, None)], palette)
    yield saved(Image.fromarray(smooth(20, 30, 3)), "GIF")
    frames = [Image.fromarray(smooth(12, 16, 3, seed)) for seed in range(3)]
    yield saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    yield saved(Image.fromarray(smooth(21, 30, 1)), "GIF", interlace=1)


def gif_cases():
    for contents in gifs():
        for op in ("DecodeGif", "DecodePng", "DecodeJpeg", "DecodeBmp"):
            yield decoded(op, contents)
        for channels in (1, 3, 4):
            yield decoded("DecodePng", contents, channels=channels)
        for dtype, expand, channels in itertools.product((np.uint8, np.uint16, F), (True, False), (0, 3)):
            yield decoded("DecodeImage", contents, channels=channels, expand_animations=expand, dtype=dtype)
        yield decoded("DecodeImage", contents, channels=1)


def bmp(bits, width=5, height=4, offset=54, top_down=False, seed=0, compression=0, tail=b""):
    rng = np.random.default_rng(seed)
    row = (width * bits // 8 + 3) // 4 * 4
    pixels = rng.integers(0, 256, row * height).astype(np.uint8).tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, compression, len(pixels),
                         2835, 2835, 0, 0)
    between = rng.integers(0, 256, offset - 54).astype(np.uint8).tobytes()
    size = offset + len(pixels)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, offset) + header + between + pixels + tail


def bmps():
    for bits, offset in ((8, 54 + 1024), (24, 54), (32, 54), (24, 60)):
        yield bmp(bits, offset=offset)
        yield bmp(bits, offset=offset, top_down=True)
        yield bmp(bits, width=1, height=1, offset=offset)
    yield saved(Image.fromarray(smooth(9, 7, 3)), "BMP")
    yield saved(Image.fromarray(smooth(9, 7, 1)), "BMP")
    yield saved(Image.fromarray(smooth(9, 8, 4), "RGBA"), "BMP")


def bmp_cases():
    for contents in bmps():
        for channels in (0, 1, 3, 4):
            yield decoded("DecodeBmp", contents, channels=channels)
            # A BMP from the top down as anything but uint8 ends TensorFlow.
            dtypes = (np.uint8, np.uint16, F) if contents[25] < 128 else (np.uint8,)
            for dtype, expand in itertools.product(dtypes, (True, False)):
                yield decoded("DecodeImage", contents, channels=channels, dtype=dtype, expand_animations=expand)
        for op in ("DecodePng", "DecodeJpeg", "DecodeGif"):
            yield decoded(op, contents)
    for bits in (1, 4, 16):
        yield decoded("DecodeBmp", bmp(bits, width=8))


def bad_cases():
    whole = [png(2, 8), next(jpegs()), next(gifs()), bmp(24)]
    contents = [b"", b"x", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF1234WEBP"]
    contents += [w[:len(w) // 2] for w in whole]
    for bytes_of_none in contents:
        for op in ("DecodePng", "DecodeJpeg", "DecodeGif", "DecodeBmp", "DecodeImage"):
            yield decoded(op, bytes_of_none)
    for op in ("DecodePng", "DecodeJpeg", "DecodeGif", "DecodeBmp", "DecodeImage"):
        yield case(op, np.array([whole[0]], object))


CASES += [*resizes(), *crops(), *png_cases(), *jpeg_cases(), *gif_cases(), *bmp_cases(), *bad_cases()]
