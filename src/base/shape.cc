#include <algorithm>

#include "thaw/error.h"
#include "thaw/tensor.h"

namespace thaw {
namespace {

// No memory holds more, and no product of 8 bytes with fewer overflows.
constexpr int64_t kMaxElements = int64_t{1} << 48;

}  // namespace

Shape::Shape(std::initializer_list<int64_t> dims) {
  for (int64_t d : dims) push_back(d);
}

Shape::Shape(const std::vector<int64_t>& dims) {
  for (int64_t d : dims) push_back(d);
}

Shape Shape::unknown() {
  Shape s;
  s.rank_ = -1;
  return s;
}

Shape Shape::unknown_of_rank(int rank) {
  Shape s;
  for (int i = 0; i < rank; ++i) s.push_back(kUnknownDim);
  return s;
}

bool Shape::is_static() const {
  return has_rank() && std::all_of(begin(), end(), [](int64_t d) { return d >= 0; });
}

void Shape::push_back(int64_t dim) { insert(rank_, dim); }

void Shape::insert(int position, int64_t dim) {
  if (rank_ < 0) throw InternalError("a dimension was added to a shape of unknown rank");
  if (rank_ >= kMaxRank)
    throw InputError("a tensor has more than " + std::to_string(kMaxRank) + " dimensions");
  auto at = dims_.begin() + position;
  std::copy_backward(at, dims_.begin() + rank_, dims_.begin() + rank_ + 1);
  *at = dim;
  ++rank_;
}

void Shape::erase(int position) {
  auto at = dims_.begin() + position;
  std::copy(at + 1, dims_.begin() + rank_, at);
  --rank_;
}

int64_t Shape::num_elements() const {
  if (!is_static()) throw InternalError("the size of shape " + str() + " is not known");
  int64_t n = 1;
  for (int64_t d : *this)
    if (__builtin_mul_overflow(n, std::max<int64_t>(d, 1), &n) || n > kMaxElements)
      throw InputError("shape " + str() + " is larger than any memory");
  return std::find(begin(), end(), 0) != end() ? 0 : n;
}

std::string Shape::str() const {
  if (!has_rank()) return "?";
  std::string s = "[";
  for (int i = 0; i < rank_; ++i) {
    if (i) s += ',';
    s += (*this)[i] < 0 ? "?" : std::to_string((*this)[i]);
  }
  return s + "]";
}

bool Shape::operator==(const Shape& other) const {
  return rank_ == other.rank_ && std::equal(begin(), end(), other.begin());
}

}  // namespace thaw
