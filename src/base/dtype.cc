#include <cstring>

#include "thaw/tensor.h"

namespace thaw {
namespace {

struct DTypeInfo {
  DType dtype;
  const char* name;
  size_t size;
};

constexpr DTypeInfo kInfos[] = {
    {DType::kInvalid, "invalid", 0},   {DType::kFloat32, "float32", 4},
    {DType::kFloat64, "float64", 8},   {DType::kFloat16, "float16", 2},
    {DType::kBFloat16, "bfloat16", 2}, {DType::kInt8, "int8", 1},
    {DType::kInt16, "int16", 2},       {DType::kInt32, "int32", 4},
    {DType::kInt64, "int64", 8},       {DType::kUInt8, "uint8", 1},
    {DType::kUInt16, "uint16", 2},     {DType::kUInt32, "uint32", 4},
    {DType::kUInt64, "uint64", 8},     {DType::kBool, "bool", 1},
    {DType::kString, "string", 0},     {DType::kList, "list", 0},
};

}  // namespace

size_t dtype_size(DType dtype) { return kInfos[static_cast<size_t>(dtype)].size; }

const char* dtype_name(DType dtype) { return kInfos[static_cast<size_t>(dtype)].name; }

DType dtype_from_name(const std::string& name) {
  for (const DTypeInfo& info : kInfos)
    if (name == info.name) return info.dtype;
  return DType::kInvalid;
}

bool is_floating(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64 || dtype == DType::kFloat16 ||
         dtype == DType::kBFloat16;
}

bool is_integer(DType dtype) { return dtype >= DType::kInt8 && dtype <= DType::kUInt64; }

}  // namespace thaw
