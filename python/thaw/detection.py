"""What a detector finds, and the forms in which other programs want it."""

from . import _library, errors


class Detection:
    """An object that was found.

    label: the class's name, or its number as text. score: 0..1. class_id: the class's number.
    box: (ymin, xmin, ymax, xmax), 0..1 of the picture. width, height: of the picture, pixels."""

    __slots__ = ("label", "score", "box", "class_id", "width", "height")

    def __init__(self, label, score, box, class_id, width, height):
        self.label, self.score, self.box, self.class_id = label, score, tuple(box), class_id
        self.width, self.height = width, height

    @property
    def pixels(self):
        """(xmin, ymin, xmax, ymax) in pixels, not rounded."""
        ymin, xmin, ymax, xmax = self.box
        return (xmin * self.width, ymin * self.height, xmax * self.width, ymax * self.height)

    def to_dict(self):
        """As `thaw detect --json` writes it."""
        return {"class_id": self.class_id, "label": self.label, "score": self.score,
                "box": list(self.box)}

    def to_row(self):
        """One row of Detections.to_pandas() as a dict: pixels, one column a number."""
        xmin, ymin, xmax, ymax = self.pixels
        return {"label": self.label, "class_id": self.class_id, "score": self.score, "xmin": xmin,
                "ymin": ymin, "xmax": xmax, "ymax": ymax}

    def to_pandas(self):
        """to_row() as a pandas Series; needs pandas."""
        import pandas
        return pandas.Series(self.to_row())

    def to_coco(self, image_id):
        """An entry of a COCO results file: bbox is x, y, width, height in pixels."""
        xmin, ymin, xmax, ymax = self.pixels
        return {"image_id": image_id, "category_id": self.class_id,
                "bbox": [xmin, ymin, xmax - xmin, ymax - ymin], "score": self.score}

    def __eq__(self, other):
        return isinstance(other, Detection) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __ne__(self, other):
        return not self == other

    __hash__ = None  # type: ignore

    def __repr__(self):
        return "Detection({!r}, score={:.3f}, box=({}), class_id={})".format(
            self.label, self.score, ", ".join("{:.4f}".format(v) for v in self.box), self.class_id)

    def __reduce__(self):
        return Detection, tuple(getattr(self, name) for name in self.__slots__)


class Detections(list):
    """The Detections of one picture, best score first.

    width, height: of the picture, pixels. stages: StageTimes of its runs."""

    def __init__(self, width, height, stages, handle):
        super().__init__()
        self.width, self.height, self.stages = width, height, stages
        self._handle = handle

    def annotate(self, picture):
        """A copy of the picture with boxes, labels and scores: a Picture. Of all that was found,
        whatever became of this list."""
        from .picture import Picture
        if self._handle is None:
            raise errors.UsageError("detections that were pickled can't be drawn any more")
        on = Picture.of(picture)
        return Picture(_library.create(
            "picture", _library.library().thaw_detections_annotate, self._handle.pointer,
            on._handle.pointer))

    def to_dicts(self):
        """A list of dicts as `thaw detect --json` writes them."""
        return [one.to_dict() for one in self]

    def to_coco(self, image_id):
        """Entries of a COCO results file (pycocotools' loadRes)."""
        return [one.to_coco(image_id) for one in self]

    def to_pandas(self):
        """A pandas DataFrame: label, class_id, score, xmin, ymin, xmax, ymax in pixels."""
        import pandas
        columns = ["label", "class_id", "score", "xmin", "ymin", "xmax", "ymax"]
        return pandas.DataFrame([one.to_row() for one in self], columns=columns)

    def to_supervision(self):
        """supervision.Detections with xyxy in pixels, confidence, class_id and class_name."""
        import numpy as np
        import supervision
        return supervision.Detections(
            xyxy=np.array([one.pixels for one in self], "float32").reshape(-1, 4),
            confidence=np.array([one.score for one in self], "float32"),
            class_id=np.array([one.class_id for one in self], int),
            data={"class_name": np.array([one.label for one in self], str)})

    def __reduce__(self):
        return _again, (self.width, self.height, tuple(self.stages), list(self))


def _again(width, height, stages, found):
    from .plan import StageTimes
    again = Detections(width, height, StageTimes(*stages), None)
    again.extend(found)
    return again
