// TensorFlow's serialised constants to tensors and back.
#pragma once

#include <cstddef>
#include <string>

#include "tensor.pb.h"
#include "thaw/tensor.h"

namespace thaw {

// kInvalid for the types thaw has no elements of (resource, variant, complex, quantised).
DType dtype_from_tf(tf::DataType dtype);
tf::DataType dtype_to_tf(DType dtype);
// "DT_FLOAT", or "type 99" for a number TensorFlow doesn't define.
std::string tf_dtype_name(int dtype);

// Unknown rank and dimensions allowed; throws InputError on negative or absurd ones and on shapes
// that no memory holds, naming `where`.
Shape shape_from_tf(const tf::TensorShapeProto& proto, const std::string& where);
void shape_to_tf(const Shape& shape, tf::TensorShapeProto* proto);

// What constants may still expand to beyond the bytes stored for them (one value repeated for a
// whole shape). Genuine graphs need next to nothing; a hostile one would claim 10^12 elements.
struct SplatBudget {
  size_t bytes_left = size_t{64} << 20;
};

// The value of a constant. `where` names it in errors ("model.pb: node 'x', attribute 'value'").
Tensor tensor_from_proto(const tf::TensorProto& proto, const std::string& where,
                         SplatBudget* budget);
// The same, taking the bytes out of `proto` instead of copying them.
Tensor take_tensor(tf::TensorProto* proto, const std::string& where, SplatBudget* budget);

// Writes tensor_content (string_val for strings).
void tensor_to_proto(const Tensor& tensor, tf::TensorProto* proto);

}  // namespace thaw
