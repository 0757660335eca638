// Reference kernels of lists. A list is written in place when nobody else can see it, otherwise a
// copy of its handles is; elements themselves are never written.
#include <fmt/core.h>

#include <algorithm>

#include "kernels/ref/copy.h"

namespace thaw::ref {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 22;

const TensorList& list_of(const char* op, const Tensor& t) {
  if (t.dtype() != DType::kList) fail(op, fmt::format("a list was expected, got {}", t.str()));
  return t.as_list();
}

// Input 0, a list, ready to be changed and given on.
Tensor writable_list(const char* op, RunContext& context) {
  list_of(op, context.input(0));
  Tensor list = context.owns_input(0) ? context.take_input(0) : context.input(0);
  return list.unique() ? std::move(list) : list.clone();
}

// Input i as something that may be kept beyond this run.
Tensor keep(RunContext& context, size_t i) {
  Tensor t = context.owns_input(i) ? context.take_input(i) : context.input(i);
  return t.owned() ? std::move(t) : t.clone();
}

void check_length(const char* op, int64_t count) {
  if (count < 0 || count > kMostElements)
    fail(op, fmt::format("{} elements; 0 to {} can be", count, kMostElements));
  // Whether there is memory for as many; the list is charged once it is whole.
  const MemoryShare room(static_cast<size_t>(count) * sizeof(Tensor));
}

// Makes the list as long as the index asks.
void grow_to(const char* op, TensorList& list, int64_t index) {
  if (index < static_cast<int64_t>(list.elements.size())) return;
  check_length(op, index < kMostElements ? index + 1 : index);
  list.elements.resize(static_cast<size_t>(index) + 1);
}

size_t element_index(const char* op, const TensorList& list, int64_t index) {
  if (index < 0 || index >= static_cast<int64_t>(list.elements.size()))
    fail(op, fmt::format("element {} of a list of {}", index, list.elements.size()));
  return static_cast<size_t>(index);
}

bool fits(const Shape& shape, const Shape& known) {
  if (!known.has_rank()) return true;
  if (shape.rank() != known.rank()) return false;
  for (int i = 0; i < shape.rank(); ++i)
    if (known[i] >= 0 && shape[i] != known[i]) return false;
  return true;
}

void check_element(const char* op, const TensorList& list, const Tensor& element) {
  if (list.dtype != DType::kInvalid && list.dtype != element.dtype())
    fail(op, fmt::format("{} into a list of {}", element.str(), dtype_name(list.dtype)));
  if (!fits(element.shape(), list.element_shape))
    fail(op, fmt::format("{} into a list of {} elements", element.str(), list.element_shape.str()));
}

// What is known of both shapes at once.
Shape known_of_both(const char* op, const Shape& a, const Shape& b) {
  if (!a.has_rank()) return b;
  if (!b.has_rank()) return a;
  Shape known = a;
  bool agree = a.rank() == b.rank();
  for (int i = 0; agree && i < known.rank(); ++i) {
    agree = a[i] < 0 || b[i] < 0 || a[i] == b[i];
    known[i] = std::max(a[i], b[i]);
  }
  if (!agree) fail(op, fmt::format("elements of {} where {} was expected", b.str(), a.str()));
  return known;
}

// What an unwritten element reads as.
Tensor zero_element(const char* op, DType dtype, const Shape& shape) {
  if (!shape.is_static())
    fail(op, fmt::format("an element that was never written has no value: its shape {} is not "
                         "known",
                         shape.str()));
  return Tensor::zeros(dtype, shape);
}

// The shape of elements: what the op and the list say; where they don't say all, what the written
// ones of `chosen` have, which is one shape then.
Shape shape_of(const char* op, const TensorList& list, const std::vector<size_t>& chosen,
               const Shape& expected) {
  Shape shape = known_of_both(op, expected, list.element_shape);
  if (shape.is_static()) return shape;
  for (size_t i : chosen)
    if (list.elements[i].defined()) shape = known_of_both(op, shape, list.elements[i].shape());
  return shape;
}

std::vector<size_t> all_of(const TensorList& list) {
  std::vector<size_t> all(list.elements.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

Tensor slice_of(const Tensor& x, int64_t i) {
  Shape shape = x.shape();
  shape.erase(0);
  Tensor slice = Tensor::empty(x.dtype(), shape);
  const int64_t n = slice.num_elements();
  copy_strided("List", x, i * n, slice, 0, {{n, 1, 1}});
  charge_contents(slice);
  return slice;
}

// The chosen elements as one tensor.
void stack(const char* op, const TensorList& list, const std::vector<size_t>& chosen, DType dtype,
           const Shape& expected, RunContext& context) {
  Shape shape = shape_of(op, list, chosen, expected);
  if (!shape.is_static())
    fail(op, fmt::format("elements of an unknown shape {} can't be stacked", shape.str()));
  for (size_t i : chosen) {
    const Tensor& e = list.elements[i];
    if (e.defined() && (e.shape() != shape || e.dtype() != dtype || !fits(shape, expected)))
      fail(op, fmt::format("element {} is {} where {}{} was expected", i, e.str(),
                           dtype_name(dtype), shape.str()));
  }
  const int64_t n = shape.num_elements();
  shape.insert(0, static_cast<int64_t>(chosen.size()));
  Tensor& out = context.output(0, dtype, shape);
  shape.erase(0);
  for (size_t k = 0; k < chosen.size(); ++k) {
    const Tensor& e = list.elements[chosen[k]];
    copy_strided(op, e.defined() ? e : zero_element(op, dtype, shape), 0, out,
                 static_cast<int64_t>(k) * n, {{n, 1, 1}});
  }
}

}  // namespace

void run(const ListReserve& op, RunContext& context) {
  const int64_t count = scalar_int("ListReserve", context.input(0), "the count");
  check_length("ListReserve", count);
  TensorList list{op.dtype, op.element_shape, {}};
  list.elements.resize(static_cast<size_t>(count));
  context.set_output(0, Tensor::list(std::move(list)));
}

void run(const ListFromTensor&, RunContext& context) {
  const Tensor& x = context.input(0);
  if (x.rank() < 1 || x.dim(0) > kMostElements)
    fail("ListFromTensor", fmt::format("a list of the slices of {}", x.str()));
  Shape element = x.shape();
  element.erase(0);
  TensorList list{x.dtype(), element, {}};
  for (int64_t i = 0; i < x.dim(0); ++i) list.elements.push_back(slice_of(x, i));
  context.set_output(0, Tensor::list(std::move(list)));
}

void run(const ListGet& op, RunContext& context) {
  const TensorList& list = list_of("ListGet", context.input(0));
  const int64_t index = scalar_int("ListGet", context.input(1), "the index");
  const Tensor& element = list.elements[element_index("ListGet", list, index)];
  if (!element.defined())
    return context.set_output(
        0, zero_element("ListGet", op.dtype,
                        shape_of("ListGet", list, all_of(list), op.element_shape)));
  if (element.dtype() != op.dtype)
    fail("ListGet",
         fmt::format("element {} is {}, not {}", index, element.str(), dtype_name(op.dtype)));
  context.set_output(0, element);
}

void run(const ListSet& op, RunContext& context) {
  const int64_t index = scalar_int("ListSet", context.input(1), "the index");
  Tensor list = writable_list("ListSet", context);
  if (op.grow) grow_to("ListSet", list.as_list(), index);
  const size_t at = element_index("ListSet", list.as_list(), index);
  check_element("ListSet", list.as_list(), context.input(2));
  list.as_list().elements[at] = keep(context, 2);
  context.set_output(0, std::move(list));
}

void run(const ListPushBack&, RunContext& context) {
  Tensor list = writable_list("ListPushBack", context);
  check_element("ListPushBack", list.as_list(), context.input(1));
  if (static_cast<int64_t>(list.as_list().elements.size()) >= kMostElements)
    fail("ListPushBack", fmt::format("more than {} elements", kMostElements));
  list.as_list().elements.push_back(keep(context, 1));
  context.set_output(0, std::move(list));
}

void run(const ListResize&, RunContext& context) {
  const int64_t count = scalar_int("ListResize", context.input(1), "the count");
  check_length("ListResize", count);
  Tensor list = writable_list("ListResize", context);
  list.as_list().elements.resize(static_cast<size_t>(count));
  context.set_output(0, std::move(list));
}

void run(const ListStack& op, RunContext& context) {
  const TensorList& list = list_of("ListStack", context.input(0));
  stack("ListStack", list, all_of(list), op.dtype, op.element_shape, context);
}

void run(const ListGather& op, RunContext& context) {
  const TensorList& list = list_of("ListGather", context.input(0));
  std::vector<size_t> chosen;
  for (int64_t i : int_vector("ListGather", context.input(1), "the indices"))
    chosen.push_back(element_index("ListGather", list, i));
  stack("ListGather", list, chosen, op.dtype, op.element_shape, context);
}

void run(const ListScatter& op, RunContext& context) {
  const Tensor& x = context.input(2);
  const std::vector<int64_t> indices = int_vector("ListScatter", context.input(1), "the indices");
  if (x.rank() < 1 || x.dim(0) != static_cast<int64_t>(indices.size()))
    fail("ListScatter", fmt::format("{} indices for {}", indices.size(), x.str()));
  Tensor list = writable_list("ListScatter", context);
  for (size_t i = 0; i < indices.size(); ++i) {
    if (op.grow) grow_to("ListScatter", list.as_list(), indices[i]);
    const size_t at = element_index("ListScatter", list.as_list(), indices[i]);
    Tensor element = slice_of(x, static_cast<int64_t>(i));
    check_element("ListScatter", list.as_list(), element);
    list.as_list().elements[at] = std::move(element);
  }
  context.set_output(0, std::move(list));
}

void run(const ListLength&, RunContext& context) {
  const TensorList& list = list_of("ListLength", context.input(0));
  context.output(0, DType::kInt32, {}).data<int32_t>()[0] =
      static_cast<int32_t>(list.elements.size());
}

}  // namespace thaw::ref
