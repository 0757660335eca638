// Element by element, with numpy's broadcasting where there are two inputs.
#pragma once

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

enum class UnaryKind : uint8_t {
  kAbs,
  kNeg,
  kSign,
  kExp,
  kExpm1,
  kLog,
  kLog1p,
  kSqrt,
  kRsqrt,
  kSquare,
  kReciprocal,
  kSigmoid,
  kTanh,
  kRelu,
  kRelu6,
  kElu,
  kSelu,
  kSoftplus,
  kSoftsign,
  kErf,
  kRound,
  kFloor,
  kCeil,
  kRint,
  kLogicalNot,
  kIsNan,
  kIsInf,
  kIsFinite,
  kZerosLike,
  kOnesLike,
};
THAW_ENUM_NAMES(UnaryKind, "Abs", "Neg", "Sign", "Exp", "Expm1", "Log", "Log1p", "Sqrt", "Rsqrt",
                "Square", "Reciprocal", "Sigmoid", "Tanh", "Relu", "Relu6", "Elu", "Selu",
                "Softplus", "Softsign", "Erf", "Round", "Floor", "Ceil", "Rint", "LogicalNot",
                "IsNan", "IsInf", "IsFinite", "ZerosLike", "OnesLike")

// (x) -> f(x), the TF op of the same name (Round: half to even). LeakyRelu is Unary-free: see
// LeakyRelu's lowering in the importer.
struct Unary {
  static constexpr const char* kName = "Unary";
  UnaryKind kind = UnaryKind::kAbs;
  template <class F>
  static void fields(F&& f) {
    f("kind", &Unary::kind);
  }
};

enum class BinaryKind : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kFloorDiv,
  kFloorMod,
  kTruncateDiv,
  kTruncateMod,
  kPow,
  kMaximum,
  kMinimum,
  kSquaredDifference,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kLogicalAnd,
  kLogicalOr,
  kDivNoNan,
  kAtan2,
};
THAW_ENUM_NAMES(BinaryKind, "Add", "Sub", "Mul", "Div", "FloorDiv", "FloorMod", "TruncateDiv",
                "TruncateMod", "Pow", "Maximum", "Minimum", "SquaredDifference", "Equal",
                "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", "LogicalAnd",
                "LogicalOr", "DivNoNan", "Atan2")

enum class Activation : uint8_t { kNone, kRelu, kRelu6 };
THAW_ENUM_NAMES(Activation, "None", "Relu", "Relu6")

// (a, b) -> activation(f(a, b)), broadcast. Comparisons and logic give bool. kDiv is TF's RealDiv
// for floats and truncating Div for integers.
struct Binary {
  static constexpr const char* kName = "Binary";
  BinaryKind kind = BinaryKind::kAdd;
  Activation activation = Activation::kNone;
  template <class F>
  static void fields(F&& f) {
    f("kind", &Binary::kind);
    f("activation", &Binary::activation);
  }
};

// (condition, a, b) -> a where the condition holds, else b. With broadcast false it is TF's Select:
// equal shapes, or a condition that is a scalar or a vector over the first dimension.
struct Select {
  static constexpr const char* kName = "Select";
  bool broadcast = false;
  template <class F>
  static void fields(F&& f) {
    f("broadcast", &Select::broadcast);
  }
};

// (x) -> x as another type, rounding toward zero from float to integer as TF does.
struct Cast {
  static constexpr const char* kName = "Cast";
  DType dtype = DType::kInvalid;
  template <class F>
  static void fields(F&& f) {
    f("dtype", &Cast::dtype);
  }
};

// (x...) -> their sum; all of one shape.
struct AddN {
  static constexpr const char* kName = "AddN";
  template <class F>
  static void fields(F&&) {}
};

// (x, min, max) -> x rounded to num_bits levels. min and max are scalars, or vectors over the last
// dimension. TF: FakeQuantWithMinMaxArgs, -Vars, -VarsPerChannel.
struct FakeQuant {
  static constexpr const char* kName = "FakeQuant";
  int64_t num_bits = 8;
  bool narrow_range = false;
  template <class F>
  static void fields(F&& f) {
    f("num_bits", &FakeQuant::num_bits);
    f("narrow_range", &FakeQuant::narrow_range);
  }
};

// (x, min, max, num_bits?) -> x rounded to the levels of a scale that follows from min and max, so
// that zero is a level. min and max are scalars, or vectors over dimension `axis`; without
// range_given they are the extremes of x, and nothing is clipped. num_bits, an int32 scalar, goes
// before the attribute. TF: QuantizeAndDequantizeV2, V3 and V4.
struct QuantizeDequantize {
  static constexpr const char* kName = "QuantizeDequantize";
  bool signed_input = true;
  int64_t num_bits = 8;
  bool range_given = false;
  bool half_up = false;  // ties go up; else to the even level
  bool narrow_range = false;
  int64_t axis = -1;  // -1: one range for all
  template <class F>
  static void fields(F&& f) {
    f("signed_input", &QuantizeDequantize::signed_input);
    f("num_bits", &QuantizeDequantize::num_bits);
    f("range_given", &QuantizeDequantize::range_given);
    f("half_up", &QuantizeDequantize::half_up);
    f("narrow_range", &QuantizeDequantize::narrow_range);
    f("axis", &QuantizeDequantize::axis);
  }
};

// (x float32) -> uint8 round(x / scale) + zero, to nearest with ties to even, kept in 0..255; NaN
// becomes 0.
struct Quantize {
  static constexpr const char* kName = "Quantize";
  float scale = 0;
  int64_t zero = 0;
  template <class F>
  static void fields(F&& f) {
    f("scale", &Quantize::scale);
    f("zero", &Quantize::zero);
  }
};

// (q uint8) -> float32 scale * (q - zero)
struct Dequantize {
  static constexpr const char* kName = "Dequantize";
  float scale = 0;
  int64_t zero = 0;
  template <class F>
  static void fields(F&& f) {
    f("scale", &Dequantize::scale);
    f("zero", &Dequantize::zero);
  }
};

}  // namespace thaw
