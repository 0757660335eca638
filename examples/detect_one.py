"""Detects objects in one photograph: detect_one.py MODEL PHOTOGRAPH [LABELS]"""

import sys

import thaw


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: detect_one.py MODEL PHOTOGRAPH [LABELS]")
    try:
        detector = thaw.Detector(sys.argv[1], labels=sys.argv[3] if len(sys.argv) > 3 else None)
        for found in detector(sys.argv[2]):
            left, top, right, bottom = found.pixels
            print("{:<16} {:.3f}  left {:.0f} top {:.0f} right {:.0f} bottom {:.0f}".format(
                found.label, found.score, left, top, right, bottom))
    except thaw.Error as error:
        sys.exit("{}: {}".format(sys.argv[0], error))


if __name__ == "__main__":
    main()
