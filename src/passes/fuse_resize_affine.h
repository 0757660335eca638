// A detector's preprocessing as one pass over the pixels:
//   Binary(Binary(Resize(Cast(image), Const), Const) {Mul}, Const) {Sub}
//     -> ResizeAffine(image) {height, width, scale, offset}
#pragma once

#include "passes/pass.h"

namespace thaw {

// Scale and offset are scalars and round one after the other, as they did. A picture that has the
// wanted size already is cast and scaled without a Resize; that becomes a ResizeAffine to its own
// size, which moves no pixel. A bilinear Resize that nothing could be taken into reads the
// picture's bytes too, without the Cast.
bool fuse_resize_affine(Graph& graph, const PassContext& context);

}  // namespace thaw
