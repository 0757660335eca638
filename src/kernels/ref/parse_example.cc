// Reference kernel of ParseExample: dense features out of serialised tf.Example messages.
//
//   Example { Features features = 1 }   Features { map<string, Feature> feature = 1 }
//   Feature { oneof: BytesList 1, FloatList 2, Int64List 3, each `repeated value = 1` }
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "kernels/ref/ref.h"
#include "kernels/ref/wire.h"

namespace thaw::ref {
namespace {

// One feature's values; which vector holds them follows from dtype, kInvalid when it was absent.
struct Values {
  DType dtype = DType::kInvalid;
  std::vector<std::string_view> strings;
  std::vector<float> floats;
  std::vector<int64_t> ints;

  size_t size() const { return strings.size() + floats.size() + ints.size(); }
};

struct Feature {
  const std::string& key;
  DType dtype;
  Shape shape;              // of one example; the first extent may be open
  const Tensor& otherwise;  // empty: the feature is required
};

float to_float(uint32_t bits) {
  float f = 0;
  std::memcpy(&f, &bits, sizeof(f));
  return f;
}

void read_floats(WireReader reader, std::vector<float>& to) {
  while (reader.next()) {
    if (reader.number() == 1 && reader.kind() == WireReader::Kind::kFixed32) {
      to.push_back(to_float(reader.fixed32()));
    } else if (reader.number() == 1 && reader.kind() == WireReader::Kind::kBytes) {
      WireReader packed(reader.bytes());
      while (!packed.at_end()) to.push_back(to_float(packed.fixed32()));
    } else {
      reader.skip();
    }
  }
}

void read_ints(WireReader reader, std::vector<int64_t>& to) {
  while (reader.next()) {
    if (reader.number() == 1 && reader.kind() == WireReader::Kind::kVarint) {
      to.push_back(static_cast<int64_t>(reader.varint()));
    } else if (reader.number() == 1 && reader.kind() == WireReader::Kind::kBytes) {
      WireReader packed(reader.bytes());
      while (!packed.at_end()) to.push_back(static_cast<int64_t>(packed.varint()));
    } else {
      reader.skip();
    }
  }
}

void read_strings(WireReader reader, std::vector<std::string_view>& to) {
  while (reader.next()) {
    if (reader.number() == 1 && reader.kind() == WireReader::Kind::kBytes) {
      to.push_back(reader.bytes());
    } else {
      reader.skip();
    }
  }
}

Values read_feature(std::string_view bytes) {
  Values values;
  WireReader reader(bytes);
  while (reader.next()) {
    if (reader.kind() != WireReader::Kind::kBytes || reader.number() > 3) {
      reader.skip();
      continue;
    }
    const WireReader list(reader.bytes());
    values = {};
    if (reader.number() == 1) {
      values.dtype = DType::kString;
      read_strings(list, values.strings);
    } else if (reader.number() == 2) {
      values.dtype = DType::kFloat32;
      read_floats(list, values.floats);
    } else {
      values.dtype = DType::kInt64;
      read_ints(list, values.ints);
    }
  }
  return values;
}

// An entry of the map: the feature, when its key is one of those asked for.
void read_entry(std::string_view bytes, const std::vector<Feature>& features,
                std::vector<Values>& values) {
  std::string_view key;
  std::string_view feature;
  WireReader reader(bytes);
  while (reader.next()) {
    const bool is_bytes = reader.kind() == WireReader::Kind::kBytes;
    if (is_bytes && reader.number() == 1) {
      key = reader.bytes();
    } else if (is_bytes && reader.number() == 2) {
      feature = reader.bytes();
    } else {
      reader.skip();
    }
  }
  for (size_t i = 0; i < features.size(); ++i)
    if (features[i].key == key) values[i] = read_feature(feature);
}

std::vector<Values> read_example(const std::string& bytes, const std::vector<Feature>& features) {
  std::vector<Values> values(features.size());
  WireReader example(bytes);
  while (example.next()) {
    if (example.number() != 1 || example.kind() != WireReader::Kind::kBytes) {
      example.skip();
      continue;
    }
    WireReader map(example.bytes());
    while (map.next()) {
      if (map.number() == 1 && map.kind() == WireReader::Kind::kBytes) {
        read_entry(map.bytes(), features, values);
      } else {
        map.skip();
      }
    }
  }
  return values;
}

std::vector<Feature> features_of(const ParseExample& op, const RunContext& context) {
  std::vector<Feature> features;
  size_t at = 0;
  for (size_t i = 0; i < op.keys.size(); ++i) {
    Shape shape;
    const auto rank = at < op.shapes.size() ? static_cast<size_t>(op.shapes[at++]) : 0;
    if (rank > op.shapes.size() - at) fail("ParseExample", "a feature's shape is incomplete");
    for (size_t d = 0; d < rank; ++d) shape.push_back(op.shapes[at + d]);
    for (size_t d = 0; d < rank; ++d)
      if (op.shapes[at + d] < (d == 0 ? -1 : 0))
        fail("ParseExample", fmt::format("feature '{}' of shape {}", op.keys[i], shape.str()));
    at += rank;
    Shape step = shape;
    if (!step.is_static()) step[0] = 1;
    step.num_elements();  // an error when it is too large
    features.push_back({op.keys[i], op.dtypes.at(i), shape, context.input(i + 1)});
    const bool open = !shape.is_static();
    const Tensor& otherwise = features.back().otherwise;
    if (otherwise.num_elements() > 0 &&
        (otherwise.dtype() != features.back().dtype ||
         otherwise.num_elements() != (open ? 1 : shape.num_elements())))
      fail("ParseExample", fmt::format("feature '{}' of shape {} has the default {}", op.keys[i],
                                       shape.str(), otherwise.str()));
  }
  return features;
}

int64_t step_of(const Feature& f) {  // elements of one step along an open first extent
  return product(f.shape, f.shape.is_static() ? 0 : 1, f.shape.rank());
}

void check_values(const Feature& f, const Values& v, int64_t example) {
  const char* name = "ParseExample";
  const bool open = !f.shape.is_static();
  if (v.dtype == DType::kInvalid) {
    if (!open && f.otherwise.num_elements() == 0)
      fail(name, fmt::format("example {} lacks the feature '{}'", example, f.key));
    return;
  }
  if (v.dtype != f.dtype)
    fail(name, fmt::format("feature '{}' of example {} is {}, not {}", f.key, example,
                           dtype_name(v.dtype), dtype_name(f.dtype)));
  const auto count = static_cast<int64_t>(v.size());
  const int64_t step = step_of(f);
  if (open ? (step == 0 || count % step != 0) : count != step)
    fail(name, fmt::format("feature '{}' of example {} has {} values for the shape {}", f.key,
                           example, count, f.shape.str()));
}

// One example's values, then the default up to `count`.
template <class T, class From>
void store(const std::vector<From>& values, const Feature& f, bool absent, int64_t count, T* to) {
  const T* otherwise = f.otherwise.num_elements() > 0 ? f.otherwise.data<T>() : nullptr;
  const bool whole = f.otherwise.num_elements() == count && f.shape.is_static();
  for (int64_t i = 0; i < count; ++i) {
    if (!absent && i < static_cast<int64_t>(values.size())) {
      put(to[i], T(values[static_cast<size_t>(i)]));
    } else {
      put(to[i], otherwise ? otherwise[whole ? i : 0] : T());
    }
  }
}

void write_feature(const Feature& f, size_t index, const std::vector<std::vector<Values>>& examples,
                   const Shape& batch, RunContext& context) {
  Shape one = f.shape;
  if (!one.is_static()) {
    one[0] = 0;
    for (const auto& e : examples)
      one[0] = std::max(one[0], static_cast<int64_t>(e[index].size()) / step_of(f));
  }
  Shape shape = batch;
  for (int64_t d : one) shape.push_back(d);
  Tensor& out = context.output(index, f.dtype, shape);
  const int64_t count = one.num_elements();
  for (size_t e = 0; e < examples.size(); ++e) {
    const Values& v = examples[e][index];
    const bool absent = v.dtype == DType::kInvalid;
    const int64_t at = static_cast<int64_t>(e) * count;
    if (f.dtype == DType::kString) {
      store(v.strings, f, absent, count, out.data<std::string>() + at);
    } else if (f.dtype == DType::kFloat32) {
      store(v.floats, f, absent, count, out.data<float>() + at);
    } else if (f.dtype == DType::kInt64) {
      store(v.ints, f, absent, count, out.data<int64_t>() + at);
    } else {
      fail_dtype("ParseExample", f.dtype);
    }
  }
}

}  // namespace

void run(const ParseExample& op, RunContext& context) {
  const Tensor& serialised = context.input(0);
  if (serialised.dtype() != DType::kString || serialised.rank() > 1 ||
      op.dtypes.size() != op.keys.size() || context.num_inputs() != op.keys.size() + 1)
    fail("ParseExample", fmt::format("examples {}, {} keys, {} inputs", serialised.str(),
                                     op.keys.size(), context.num_inputs()));
  const std::vector<Feature> features = features_of(op, context);
  std::vector<std::vector<Values>> examples;
  for (int64_t e = 0; e < serialised.num_elements(); ++e) {
    examples.push_back(read_example(serialised.data<std::string>()[e], features));
    for (size_t i = 0; i < features.size(); ++i) check_values(features[i], examples.back()[i], e);
  }
  for (size_t i = 0; i < features.size(); ++i)
    write_feature(features[i], i, examples, serialised.shape(), context);
}

}  // namespace thaw::ref
