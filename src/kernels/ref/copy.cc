#include "kernels/ref/copy.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace thaw::ref {
namespace {

// Drops dimensions of extent 1 and merges neighbours that continue each other on both sides.
std::vector<CopyDim> merge(const std::vector<CopyDim>& dims) {
  std::vector<CopyDim> merged;
  for (const CopyDim& d : dims) {
    if (d.extent == 1) continue;
    if (!merged.empty()) {
      CopyDim& last = merged.back();
      if (last.from_stride == d.from_stride * d.extent &&
          last.to_stride == d.to_stride * d.extent) {
        last = {last.extent * d.extent, d.from_stride, d.to_stride};
        continue;
      }
    }
    merged.push_back(d);
  }
  return merged;
}

template <class T>
void copy_line(const T* from, T* to, const CopyDim& d) {
  if (std::is_trivially_copyable_v<T> && d.from_stride == 1 && d.to_stride == 1) {
    std::memcpy(static_cast<void*>(to), from, static_cast<size_t>(d.extent) * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < d.extent; ++i) put(to[i * d.to_stride], from[i * d.from_stride]);
}

template <class T>
void copy_box(const T* from, T* to, const std::vector<CopyDim>& dims) {
  const size_t outer = dims.size() - 1;
  std::vector<int64_t> at(outer, 0);
  for (;;) {
    copy_line(from, to, dims[outer]);
    size_t d = outer;
    for (;;) {  // the next line, like an odometer
      if (d == 0) return;
      --d;
      from += dims[d].from_stride;
      to += dims[d].to_stride;
      if (++at[d] < dims[d].extent) break;
      from -= dims[d].from_stride * dims[d].extent;
      to -= dims[d].to_stride * dims[d].extent;
      at[d] = 0;
    }
  }
}

}  // namespace

void copy_strided(const char* op, const Tensor& from, int64_t from_offset, Tensor& to,
                  int64_t to_offset, std::vector<CopyDim> dims) {
  for (const CopyDim& d : dims)
    if (d.extent <= 0) return;
  dims = merge(dims);
  if (dims.empty()) dims.push_back({1, 1, 1});
  for_carrier(op, from.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    copy_box(from.data<T>() + from_offset, to.data<T>() + to_offset, dims);
  });
}

void fill(const char* op, Tensor& to, const Tensor& value) {
  for_carrier(op, to.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T element = value.defined() ? *value.data<T>() : T{};
    if constexpr (std::is_same_v<T, std::string>)
      claim_text(static_cast<size_t>(
          checked_product(op, to.num_elements(), static_cast<int64_t>(element.size()))));
    std::fill_n(to.data<T>(), to.num_elements(), element);
  });
}

}  // namespace thaw::ref
