#include "graph/binary.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr const char* kLoop = R"(graph(%n: int32[], %"odd name": float32[?,3]) {
  %1: int32[] = Const() {value=int32[]{7}} "seven"
  %2: int32[], %3: int32[] = While(%1, %n) {cond={ graph(%i: int32[], %n: int32[]) {
    %1: bool[] = Binary(%i, %n) {kind=Less}
    return more=%1
  } }, body={ graph(%i: int32[], %n: int32[]) {
    %1: int32[] = Const() {value=int32[]{1}}
    %2: int32[] = Binary(%i, %1) "next"
    return i=%2, n=%n
  } }} "loop"
  return last=%2
})";

constexpr const char* kLayers = R"(graph(%image: float32[1,4,4,2]) {
  %1: float32[1,1,2,3] = Const() {value=float32[1,1,2,3]{1,2,3,4,5,nan}} "filter"
  %2: float32[1,2,2,3] = Conv2D(%image, %1) {strides=[2,2], padding=SAME, activation=Relu6} "conv"
  %3: string[2] = Const() {value=string[2]{"a b","\x00"}}
  %4: float32[1,2,2,3] = Unary(%2) {kind=Sigmoid}
  return scores=%4, labels=%3
})";

// There and back; the tensors in a plain list.
std::string rewritten(const Graph& graph, size_t* cut_at = nullptr) {
  std::vector<Tensor> tensors;
  ByteWriter out;
  write_graph(graph, out, [&](const Graph&, NodeId, const Tensor& t) {
    tensors.push_back(t);
    return static_cast<uint32_t>(tensors.size() - 1);
  });
  std::string bytes = out.bytes();
  if (cut_at) {
    if (*cut_at >= bytes.size()) return {};
    bytes.resize(*cut_at);
  }
  ByteReader in(bytes);
  const Graph back = read_graph(in, [&](uint32_t i) { return tensors.at(i); });
  EXPECT_EQ(in.left(), 0U);
  return to_text(back);
}

std::string loop_text() {
  std::string text = kLoop;
  const size_t at = text.find("%\"odd name\"");
  return text.replace(at, 11, "%odd_name");
}

TEST(BinaryGraph, ReadsBackAsItWas) {
  for (const std::string& text : {std::string(kLayers), loop_text()}) {
    const Graph graph = parse_graph(text);
    EXPECT_EQ(rewritten(graph), to_text(graph));
  }
}

TEST(BinaryGraph, AnyCutIsAnError) {
  for (const std::string& text : {std::string(kLayers), loop_text()}) {
    const Graph graph = parse_graph(text);
    for (size_t cut = 0; cut < 4000; ++cut) {
      size_t at = cut;
      try {
        EXPECT_EQ(rewritten(graph, &at), "") << cut;
        break;
      } catch (const InputError&) {
      }
    }
  }
}

}  // namespace
}  // namespace thaw
