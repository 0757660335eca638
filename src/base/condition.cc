#include "base/condition.h"

#include <string>

namespace thaw {

bool is_true(const Tensor& condition) {
  if (condition.rank() > 0) return condition.num_elements() > 0;
  switch (condition.dtype()) {
    case DType::kFloat32:
      return *condition.data<float>() != 0;
    case DType::kFloat64:
      return *condition.data<double>() != 0;
    case DType::kString:
      return !condition.data<std::string>()->empty();
    default:
      return condition.int_at(0) != 0;
  }
}

}  // namespace thaw
