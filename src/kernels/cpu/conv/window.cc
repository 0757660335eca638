#include "kernels/cpu/conv/window.h"

#include <fmt/core.h>

#include "kernels/ref/window.h"

namespace thaw::cpu {

WindowShape window_shape(const char* op, const Window& window, const Tensor& x, int64_t kernel_h,
                         int64_t kernel_w, int64_t out_c) {
  if (x.rank() != 4) ref::fail(op, fmt::format("{} must have 4 dimensions", x.str()));
  const ref::WindowAxis h = ref::window_axis(op, window, 0, x.dim(1), kernel_h);
  const ref::WindowAxis w = ref::window_axis(op, window, 1, x.dim(2), kernel_w);
  WindowShape s;
  s.batch = x.dim(0);
  s.in_h = x.dim(1);
  s.in_w = x.dim(2);
  s.in_c = x.dim(3);
  s.out_h = h.output;
  s.out_w = w.output;
  s.out_c = out_c;
  s.kernel_h = kernel_h;
  s.kernel_w = kernel_w;
  s.stride_h = h.stride;
  s.stride_w = w.stride;
  s.dilation_h = h.dilation;
  s.dilation_w = w.dilation;
  s.pad_top = h.before;
  s.pad_left = w.before;
  return s;
}

std::optional<WindowShape> planned_window(const char* op, const Window& window, const Shape& x,
                                          int64_t kernel_h, int64_t kernel_w, int64_t out_c) {
  if (!x.is_static()) return {};
  const Tensor without_memory = Tensor::view(DType::kFloat32, x, nullptr);
  const WindowShape s = window_shape(op, window, without_memory, kernel_h, kernel_w, out_c);
  if (output_shape(s).num_elements() == 0) return {};
  return s;
}

}  // namespace thaw::cpu
