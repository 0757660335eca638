#include "passes/lower_list_reads.h"

#include <gtest/gtest.h>

#include "passes/pass_test_util.h"

namespace thaw {
namespace {

// A loop that sums the elements of a list.
std::string summing(const std::string& list, const std::string& type, const std::string& read) {
  const std::string operand = list.empty() ? "%x" : "%list";
  return R"(graph(%x: float32[3,2]) {
  %zero = Const() {value=int32[]{0}}
  %sum = Const() {value=float32[2]{0,0}}
  )" + list +
         R"(
  %i, %s, %l = While(%zero, %sum, )" +
         operand + R"() {
    cond={ graph(%i: int32[], %s: float32[2], %l: )" +
         type + R"() {
      %three = Const() {value=int32[]{3}}
      %c = Binary(%i, %three) {kind=Less}
      return c=%c } },
    body={ graph(%i: int32[], %s: float32[2], %l: )" +
         type + R"() {
      %one = Const() {value=int32[]{1}}
      %j = Binary(%i, %one)
      )" +
         read +
         R"(
      %t = Binary(%s, %e)
      return i=%j, s=%t, l=%l } }}
  return s=%s
})";
}

const char* const kGet = "%e: float32[?] = ListGet(%l, %i) {dtype=float32, element_shape=[?]}";
const char* const kGather =
    "%axis = Const() {value=int32[]{0}} %e: float32[2] = Gather(%l, %i, %axis)";

TEST(LowerListReads, OfASplitTensor) {
  expect_pass(lower_list_reads, summing("%list = ListFromTensor(%x)", "list[]", kGet),
              summing("", "float32[3,2]", kGather));
}

TEST(LowerListReads, OfATensorArray) {
  const char* const kArray = R"(%count = Const() {value=int32[]{3}}
  %order = Const() {value=int32[3]{0,1,2}}
  %array = ListReserve(%count) {dtype=float32}
  %list = ListScatter(%array, %order, %x))";
  expect_pass(lower_list_reads, summing(kArray, "list[]", kGet),
              summing("", "float32[3,2]", kGather));
}

TEST(LowerListReads, LeavesAnotherOrder) {
  const char* const kArray = R"(%count = Const() {value=int32[]{3}}
  %order = Const() {value=int32[3]{0,2,1}}
  %array = ListReserve(%count) {dtype=float32}
  %list = ListScatter(%array, %order, %x))";
  expect_unchanged(lower_list_reads, summing(kArray, "list[]", kGet));
}

TEST(LowerListReads, LeavesALongerList) {
  const char* const kArray = R"(%count = Const() {value=int32[]{4}}
  %order = Const() {value=int32[3]{0,1,2}}
  %array = ListReserve(%count) {dtype=float32}
  %list = ListScatter(%array, %order, %x))";
  expect_unchanged(lower_list_reads, summing(kArray, "list[]", kGet));
}

}  // namespace
}  // namespace thaw
