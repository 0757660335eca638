"""Pinhole camera over a gently curved, flat road.

Street coordinates in metres: `u` to the right of the road's centre line, `y` up from the road's
surface, `z` ahead of the camera along the road. Pixels: x to the right, y down, (0, 0) is the top
left corner of the frame. A curve moves what lies at `z` by `curve * z * z / 2` to the right.
"""

import dataclasses

FOCAL_ROWS = 840 / 360  # focal length over the frame's height: 1 m at 12 m is 70 of 360 rows
BASE_ROWS = 360


@dataclasses.dataclass(frozen=True)
class Camera:
    """Where the camera is and how large its frame is; `horizon` and `centre` are parts of the frame."""

    rows: int
    columns: int
    horizon: float  # row of the horizon over rows
    centre: float  # column of the vanishing point over columns
    height: float  # of the lens over the road, m
    u: float  # of the lens, m
    curve: float  # of the road, 1/m

    @property
    def focal(self):
        return FOCAL_ROWS * self.rows

    @property
    def scale(self):
        """Pixels of this frame per pixel of a frame of 360 rows."""
        return self.rows / BASE_ROWS

    @property
    def horizon_row(self):
        return self.horizon * self.rows

    @property
    def centre_column(self):
        return self.centre * self.columns

    def lateral(self, u, z):
        """Metres to the right of the optical axis."""
        return u - self.u + 0.5 * self.curve * z * z

    def column(self, u, z):
        return self.centre_column + self.focal * self.lateral(u, z) / z

    def row(self, y, z):
        return self.horizon_row + self.focal * (self.height - y) / z

    def point(self, u, y, z):
        return self.column(u, z), self.row(y, z)

    def pixels(self, metres, z):
        """Length in pixels of `metres` across the line of sight at `z`."""
        return self.focal * metres / z
