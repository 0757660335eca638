// How detections are drawn; `annotate` itself is in thaw/detector.h.
#pragma once

#include "media/draw.h"

namespace thaw {

// The same class always has the same colour; neighbouring ids have colours far apart.
Colour class_colour(int class_id);
// Black or white, whichever reads better on the colour.
Colour text_colour_on(Colour background);

}  // namespace thaw
