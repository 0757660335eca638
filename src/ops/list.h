// TF's TensorArray and TensorList as plain values of type kList: each op returns the new list.
// A TensorArray's flow output carries the list; its handle has no counterpart.
#pragma once

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

// (count scalar) -> a list of so many elements not yet written. An element that is read before it
// is written is zeros of element_shape, or of the shape of those that are written, else an error.
// TF: TensorArrayV3, TensorListReserve, EmptyTensorList.
struct ListReserve {
  static constexpr const char* kName = "ListReserve";
  DType dtype = DType::kInvalid;
  Shape element_shape = Shape::unknown();
  template <class F>
  static void fields(F&& f) {
    f("dtype", &ListReserve::dtype);
    f("element_shape", &ListReserve::element_shape);
  }
};

// (list, index) -> element. element_shape is what is known of it before the run.
// TF: TensorArrayReadV3, TensorListGetItem.
struct ListGet {
  static constexpr const char* kName = "ListGet";
  DType dtype = DType::kInvalid;
  Shape element_shape = Shape::unknown();
  template <class F>
  static void fields(F&& f) {
    f("dtype", &ListGet::dtype);
    f("element_shape", &ListGet::element_shape);
  }
};

// (list) -> all elements stacked [count, element...]. TF: TensorListStack.
struct ListStack {
  static constexpr const char* kName = "ListStack";
  DType dtype = DType::kInvalid;
  Shape element_shape = Shape::unknown();
  template <class F>
  static void fields(F&& f) {
    f("dtype", &ListStack::dtype);
    f("element_shape", &ListStack::element_shape);
  }
};

// (list, indices vector) -> those elements stacked. TF: TensorArrayGatherV3, TensorListGather.
struct ListGather {
  static constexpr const char* kName = "ListGather";
  DType dtype = DType::kInvalid;
  Shape element_shape = Shape::unknown();
  template <class F>
  static void fields(F&& f) {
    f("dtype", &ListGather::dtype);
    f("element_shape", &ListGather::element_shape);
  }
};

// (x [count, element...]) -> a list of x's slices. TF: TensorListFromTensor.
THAW_PLAIN_OP(ListFromTensor)
// (list, index, element) -> list. With `grow` a list that ends before the index gets as many
// unwritten elements as it takes. TF: TensorArrayWriteV3, TensorListSetItem.
struct ListSet {
  static constexpr const char* kName = "ListSet";
  bool grow = false;
  template <class F>
  static void fields(F&& f) {
    f("grow", &ListSet::grow);
  }
};
// (list, element) -> list. TF: TensorListPushBack.
THAW_PLAIN_OP(ListPushBack)
// (list, count scalar) -> the first elements, then unwritten ones. TF: TensorListResize.
THAW_PLAIN_OP(ListResize)
// (list, indices vector, x [count, element...]) -> list. TF: TensorArrayScatterV3.
struct ListScatter {
  static constexpr const char* kName = "ListScatter";
  bool grow = false;
  template <class F>
  static void fields(F&& f) {
    f("grow", &ListScatter::grow);
  }
};
// (list) -> int32 scalar. TF: TensorArraySizeV3, TensorListLength.
THAW_PLAIN_OP(ListLength)

}  // namespace thaw
