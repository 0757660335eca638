#include "graph/text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "graph/verify.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// The text of a graph stays the same through parsing, and every constant keeps its bits.
void expect_round_trip(const Graph& graph) {
  const std::string text = to_text(graph);
  const Graph parsed = parse_graph(text);
  EXPECT_EQ(to_text(parsed), text);
  EXPECT_NO_THROW(verify(parsed));
}

std::string error_of(const std::string& text) {
  try {
    parse_graph(text);
  } catch (const InputError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Text, PrintsAsDocumented) {
  Graph g;
  const ValueId x = g.add_input("image", {DType::kUInt8, {1, kUnknownDim, 3}});
  const ValueId f = g.add(Cast{DType::kFloat32}, {x}, "Preprocessor/Cast");
  Binary mul;
  mul.kind = BinaryKind::kMul;
  g.add_output("out", g.add(mul, {f, g.constant_scalar(0.5F)}));
  EXPECT_EQ(to_text(g), R"(graph(%image: uint8[1,?,3]) {
  %1: float32[1,?,3] = Cast(%image) {dtype=float32} "Preprocessor/Cast"
  %2: float32[] = Const() {value=float32[]{0.5}}
  %3: float32[1,?,3] = Binary(%1, %2) {kind=Mul}
  return out=%3
}
)");
  expect_round_trip(g);
}

TEST(Text, FloatsKeepTheirBits) {
  uint32_t payload = 0xffc12345;
  float odd_nan = 0;
  std::memcpy(&odd_nan, &payload, 4);
  const std::vector<float> values{0.1F,
                                  -0.0F,
                                  1e-45F,
                                  3.4028235e38F,
                                  std::numeric_limits<float>::infinity(),
                                  -std::numeric_limits<float>::infinity(),
                                  std::numeric_limits<float>::quiet_NaN(),
                                  odd_nan};
  Graph g;
  g.add_output("c", g.constant(Tensor::of<float>(DType::kFloat32, {8}, values)));
  const Graph parsed = parse_graph(to_text(g));
  const Tensor* back = parsed.constant_value(parsed.outputs()[0].value);
  ASSERT_NE(back, nullptr);
  EXPECT_EQ(std::memcmp(back->raw(), values.data(), 32), 0) << to_text(g);
}

TEST(Text, ConstantsOfEveryType) {
  Graph g;
  const auto keep = [&g](Tensor t) {
    g.add_output(fmt::format("{} out", g.num_nodes()), g.constant(std::move(t)));
  };
  keep(Tensor::of<double>(DType::kFloat64, {2}, {1.0 / 3, -1e300}));
  keep(Tensor::of<uint16_t>(DType::kFloat16, {2}, {0x3c00, 0xfe01}));
  keep(Tensor::of<int8_t>(DType::kInt8, {2}, {-128, 127}));
  keep(Tensor::of<int64_t>(DType::kInt64, {2}, {INT64_MIN, INT64_MAX}));
  keep(Tensor::of<uint64_t>(DType::kUInt64, {1}, {UINT64_MAX}));
  keep(Tensor::of<uint8_t>(DType::kBool, {2}, {1, 0}));
  keep(Tensor::of<std::string>(DType::kString, {2}, {"a\"b\\\n\x01", std::string("\0\xff", 2)}));
  keep(Tensor::zeros(DType::kFloat32, {0, 3}));
  keep(Tensor::of<int32_t>(DType::kInt32, {2, 2}, {7, 7, 7, 7}));
  expect_round_trip(g);
  const Graph parsed = parse_graph(to_text(g));
  for (size_t i = 0; i < g.outputs().size(); ++i)
    EXPECT_TRUE(identical(*g.constant_value(g.outputs()[i].value),
                          *parsed.constant_value(parsed.outputs()[i].value)))
        << i;
}

TEST(Text, NestedGraphsAndNamesThatNeedQuotes) {
  const Graph g = parse_graph(R"(
    // counts to n
    graph(%n: int32[], %2 "a name:0": float32?) {
      %zero = Const() {value=int32[]{0}}
      %i, %limit = While(%zero, %n) {
        cond={ graph(%i: int32[], %n: int32[]) {
          %less = Binary(%i, %n) {kind=Less}
          return more=%less
        } },
        body={ graph(%i: int32[], %n: int32[]) {
          %one = Const() {value=int32[]{1}}
          %next = Binary(%i, %one)
          return i=%next, n=%n
        } }} "while"
      return "i:0"=%i, x=%2
    })");
  EXPECT_EQ(g.value(g.inputs()[1]).name, "a name:0");
  EXPECT_EQ(g.outputs()[0].name, "i:0");
  EXPECT_EQ(g.num_subgraphs(), 2U);
  expect_round_trip(g);
}

TEST(Text, EveryOpsDefaultsRoundTrip){
#define OP(Name)                                  \
  {                                               \
    Op op = Name{};                               \
    const std::string text = op_text(op);         \
    EXPECT_EQ(text.rfind(Name::kName, 0), 0U);    \
    EXPECT_TRUE(same_op(op, Op(Name{}))) << text; \
    EXPECT_EQ(hash_op(op), hash_op(Op(Name{})));  \
  }
#include "ops/ops.inc"
#undef OP
}

TEST(Text, AttributesOfEveryKind) {
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {1, 8, 8, 4}});
  Conv2D conv;
  conv.strides = {2, 1};
  conv.padding = Padding::kExplicit;
  conv.pads = {0, 1, 2, 3};
  conv.activation = Activation::kRelu6;
  const ValueId w = g.constant(Tensor::zeros(DType::kFloat32, {3, 3, 4, 2}));
  const ValueId y = g.add(conv, {x, w}, "name \"quoted\"");
  Squeeze squeeze;
  squeeze.axes = {0};
  g.add_output("y", g.add(squeeze, {y}));
  BoxDecode decode;
  decode.scales = {0.1F, 10, std::numeric_limits<float>::infinity(), 5};
  const ValueId boxes = g.add_input("", {DType::kFloat32, {6, 4}});
  const ValueId anchors = g.add_input("x", {DType::kFloat32, {6, 4}});
  g.add_output("b", g.add(decode, {boxes, anchors}));
  ParseExample parse;
  parse.keys = {"k", "image/encoded"};
  parse.dtypes = {DType::kInt64, DType::kString};
  parse.shapes = {0, 1, 3};
  const ValueId s = g.add_input("s", {DType::kString, Shape::unknown()});
  const NodeId p = g.add_node(parse, {s, s, s});
  g.add_output("p", g.node(p).outputs[1]);
  ListReserve reserve;
  reserve.dtype = DType::kFloat32;
  reserve.element_shape = {kUnknownDim, 3};
  g.add_output("l", g.add(reserve, {g.constant(Tensor::of<int32_t>(DType::kInt32, {}, {3}))}));
  expect_round_trip(g);
}

TEST(Text, RandomGraphsRoundTrip) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int run = 0; run < 50; ++run) {
    Graph g;
    std::vector<ValueId> values{g.add_input("x", {DType::kFloat32, {kUnknownDim, 4}})};
    const auto pick = [&] { return values[random() % values.size()]; };
    for (int i = 0; i < 40; ++i) {
      Binary binary;
      binary.kind = static_cast<BinaryKind>(random() % 10);
      switch (random() % 4) {
        case 0:
          values.push_back(g.constant_scalar(std::ldexp(static_cast<float>(random()), -20)));
          break;
        case 1:
          values.push_back(g.add(Unary{static_cast<UnaryKind>(random() % 20)}, {pick()}));
          break;
        default:
          values.push_back(g.add(binary, {pick(), pick()}, "n" + std::to_string(i)));
      }
    }
    g.add_output("y", pick());
    expect_round_trip(g);
  }
}

TEST(Text, ErrorsNameLineAndColumn) {
  EXPECT_EQ(error_of("graph(%x: float32[2]) {\n  %y = Nop(%x)\n  return\n}"),
            "graph text, line 2, column 11: there is no op 'Nop'");
  EXPECT_NE(error_of("graph(%x: float32[2]) {\n  %y = Unary(%z)").find("no value %z"),
            std::string::npos);
  EXPECT_NE(error_of("graph(%x: float32[2]) {\n  %y: int32[2] = Unary(%x)\n return }")
                .find("%y is float32[2], not int32[2]"),
            std::string::npos);
  EXPECT_NE(error_of("graph() {").find("without 'return'"), std::string::npos);
  EXPECT_NE(error_of("graph() { %c = Const() {value=int8[1]{300}} return }").find("does not fit"),
            std::string::npos);
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += "graph() { %x = While() {cond={ ";
  EXPECT_NE(error_of(deep).find("too deeply"), std::string::npos);
  EXPECT_NE(error_of("graph() { %c = Const() {value=int8[99999999999]{all 0}} return }")
                .find("99999999999"),
            std::string::npos);
}

// Whatever a file of text holds, it is a graph or an InputError.
TEST(Text, DamagedTextIsAnInputError) {
  const std::string text = R"(graph(%x: float32[1,?,4]) {
    %1 = Const() {value=int32[2]{-1,4}} "shape"
    %2 = Reshape(%x, %1)
    %3 = Const() {value=string[1]{"a\x00\"b"}}
    %5 = Const() {value=bool[]{true}}
    %4 = If(%5, %2) {then={ graph(%y: float32[?,4]) { return y=%y } }, else={ graph(%y: float32?) {
      %1 = Unary(%y) {kind=Relu6} return y=%1 } }}
    return "y:0"=%2, z=%3 })";
  std::mt19937 random(7);
  const auto parse = [](const std::string& damaged) {
    try {
      verify(parse_graph(damaged));
    } catch (const InputError&) {
    }
  };
  for (size_t n = 0; n < text.size(); ++n) parse(text.substr(0, n));
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = text;
    for (unsigned k = random() % 3 + 1; k > 0; --k)
      damaged[random() % damaged.size()] = " ?[]{}()%=,:\"\\09-azAF"[random() % 21];
    EXPECT_NO_THROW(parse(damaged)) << damaged;
  }
}

TEST(Text, ShortenedConstantsDoNotParse) {
  Graph g;
  g.add_output("c", g.constant_ints({1, 2, 3, 4}));
  TextOptions options;
  options.max_constant_elements = 2;
  EXPECT_NE(to_text(g, options).find("{...}"), std::string::npos);
  EXPECT_THROW(parse_graph(to_text(g, options)), InputError);
}

}  // namespace
}  // namespace thaw
