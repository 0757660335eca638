// Reference kernel of BoxDecode: one box after the other, one rounding after the other.
#include "kernels/box_decode.h"

#include <fmt/core.h>

#include "kernels/ref/ref.h"

namespace thaw::ref {

void run(const BoxDecode& op, RunContext& context) {
  const Tensor& encodings = context.input(0);
  const Tensor& anchors = context.input(1);
  for (const Tensor* t : {&encodings, &anchors})
    if (t->dtype() != DType::kFloat32 || t->rank() < 1 || t->shape().back() != 4)
      fail("BoxDecode", fmt::format("{}, float32[...,4] was expected", t->str()));
  const int64_t boxes = encodings.num_elements() / 4;
  const int64_t count = anchors.num_elements() / 4;
  if (boxes > 0 && (count == 0 || boxes % count != 0))
    fail("BoxDecode", fmt::format("{} boxes for {} anchors", boxes, count));
  float* out = context.output(0, DType::kFloat32, encodings.shape()).data<float>();
  for (int64_t i = 0; i < boxes; ++i)
    decode_box(op, encodings.data<float>() + 4 * i, anchors.data<float>() + 4 * (i % count),
               out + 4 * i);
}

}  // namespace thaw::ref
