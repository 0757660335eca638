// Small models with every kind of control flow.
#pragma once

#include <string>
#include <vector>

#include "tests/import/test_model.h"

namespace thaw::test {

inline const std::string kN = "n | Placeholder |  | dtype {type: DT_INT32} shape {shape {}}";
inline const std::string kP = "p | Placeholder |  | dtype {type: DT_BOOL} shape {shape {}}";
inline const std::string kY = "y | Placeholder |  | dtype {type: DT_FLOAT} shape {shape {}}";

inline std::string enter(const std::string& name, const std::string& from, bool constant = false,
                         const std::string& frame = "loop/while_context") {
  return name + " | Enter | " + from + " | frame_name {s: '" + frame +
         "'} is_constant {b: " + (constant ? "true" : "false") + "}";
}

// i = 0, s = 1; while (i < n) { s = s * 2; i = i + 1 }, consumers before producers.
inline ModelText doubling() {
  return {{"e_s | Exit | sw_s",
           "sw_s | Switch | m_s cond",
           "m_s | Merge | s0 next_s",
           "next_s | NextIteration | double",
           "double | Mul | sw_s:1 two",
           "two | Const | ^body | " + float_value(2),
           "body | Identity | sw_i:1",
           "sw_i | Switch | m_i cond",
           "cond | LoopCond | less",
           "less | Less | m_i limit",
           "m_i | Merge | i0 next_i",
           "next_i | NextIteration | inc",
           "inc | AddV2 | body one",
           "one | Const | ^body | " + int_value(1),
           enter("limit", "n", true),
           enter("i0", "zero"),
           enter("s0", "start"),
           "zero | Const |  | " + int_value(0),
           "start | Const |  | " + float_value(1),
           kN},
          {"e_s"}};
}

// for i < n: for j < n: s += 1
inline ModelText nested_loops() {
  const std::string inner = "inner/while_context";
  return {{kN,
           "zero | Const |  | " + int_value(0),
           enter("i0", "zero"),
           enter("s0", "zero"),
           enter("limit", "n", true),
           "m_i | Merge | i0 next_i",
           "m_s | Merge | s0 next_s",
           "less | Less | m_i limit",
           "cond | LoopCond | less",
           "sw_i | Switch | m_i cond",
           "sw_s | Switch | m_s cond",
           "body | Identity | sw_i:1",
           "one | Const | ^body | " + int_value(1),
           "inc | Add | body one",
           "next_i | NextIteration | inc",
           "e_s | Exit | sw_s",
           "j_zero | Const | ^body | " + int_value(0),
           enter("j0", "j_zero", false, inner),
           enter("t0", "sw_s:1", false, inner),
           enter("jlimit", "limit", true, inner),
           "m_j | Merge | j0 next_j",
           "m_t | Merge | t0 next_t",
           "jless | Less | m_j jlimit",
           "jcond | LoopCond | jless",
           "sw_j | Switch | m_j jcond",
           "sw_t | Switch | m_t jcond",
           "jbody | Identity | sw_j:1",
           "jone | Const | ^jbody | " + int_value(1),
           "jinc | Add | jbody jone",
           "tinc | Add | sw_t:1 jone",
           "next_j | NextIteration | jinc",
           "next_t | NextIteration | tinc",
           "e_t | Exit | sw_t",
           "next_s | NextIteration | e_t"},
          {"e_s"}};
}

// ys = map(x -> -x, xs)
inline ModelText mapped() {
  return {
      {"xs | Placeholder |  | dtype {type: DT_FLOAT} shape {shape {dim {size: -1} dim {size: 2}}}",
       "shape | Shape | xs",
       "b | Const |  | " + ints_value({0}),
       "e | Const |  | " + ints_value({1}),
       "n | StridedSlice | shape b e e | shrink_axis_mask {i: 1}",
       "in | TensorArrayV3 | n | dtype {type: DT_FLOAT}",
       "out | TensorArrayV3 | n | dtype {type: DT_FLOAT}",
       "zero | Const |  | " + int_value(0),
       "step | Const |  | " + int_value(1),
       "range | Range | zero n step",
       "scatter | TensorArrayScatterV3 | in range xs in:1",
       enter("i0", "zero"),
       enter("ta0", "out:1"),
       enter("limit", "n", true),
       enter("in_h", "in", true),
       enter("in_f", "scatter", true),
       enter("out_h", "out", true),
       "m_i | Merge | i0 next_i",
       "m_ta | Merge | ta0 next_ta",
       "less | Less | m_i limit",
       "cond | LoopCond | less",
       "sw_i | Switch | m_i cond",
       "sw_ta | Switch | m_ta cond",
       "i | Identity | sw_i:1",
       "one | Const | ^i | " + int_value(1),
       "inc | Add | i one",
       "read | TensorArrayReadV3 | in_h i in_f | dtype {type: DT_FLOAT}",
       "neg | Neg | read",
       "write | TensorArrayWriteV3 | out_h i neg sw_ta:1",
       "next_i | NextIteration | inc",
       "next_ta | NextIteration | write",
       "e_ta | Exit | sw_ta",
       "size | TensorArraySizeV3 | out e_ta",
       "all | Range | zero size step",
       "ys | TensorArrayGatherV3 | out all e_ta | dtype {type: DT_FLOAT} element_shape {shape "
       "{dim "
       "{size: 2}}}"},
      {"ys"}};
}

// p ? y + 1 : y * 3 as tf.cond writes it, the predicate behind an Identity and a Switch of itself.
inline ModelText condition() {
  return {{kP, kY, "cond/Switch | Switch | p p", "cond/switch_t | Identity | cond/Switch:1",
           "cond/switch_f | Identity | cond/Switch", "cond/pred_id | Identity | p",
           "y_t | Switch | y cond/pred_id", "y_f | Switch | y cond/pred_id",
           "one | Const | ^cond/switch_t | " + float_value(1),
           "three | Const | ^cond/switch_f | " + float_value(3), "plus | Add | y_t:1 one",
           "times | Mul | y_f three", "merge | Merge | times plus"},
          {"merge"}};
}

// While and If over functions, as TF2 has them.
inline FrozenModel functional() {
  FrozenModel m =
      model({{kN, kY, "zero | Const |  | " + int_value(0),
              "w | StatelessWhile | zero n y | cond {func {name: 'c'}} body {func {name: "
              "'b'}}",
              "out | Neg | w:2"},
             {"out"}});
  auto add = [&](const std::string& name, std::vector<GraphFunction::Arg> args,
                 std::vector<GraphFunction::Result> results,
                 const std::vector<std::string>& nodes) {
    GraphFunction f;
    f.name = name;
    f.args = std::move(args);
    f.results = std::move(results);
    for (const std::string& line : nodes) *f.nodes.Add() = node(line);
    m.functions[name] = std::move(f);
  };
  const std::vector<GraphFunction::Arg> args = {
      {"i", tf::DT_INT32}, {"n", tf::DT_INT32}, {"y", tf::DT_FLOAT}};
  add("c", args, {{"r", "less:0", tf::DT_BOOL}}, {"less | Less | i n"});
  add("b", args,
      {{"i1", "inc", tf::DT_INT32}, {"n1", "n", tf::DT_INT32}, {"y1", "if", tf::DT_FLOAT}},
      {"one | Const |  | " + int_value(1), "inc | AddV2 | i one", "odd | Equal | i one",
       "if | StatelessIf | odd y | then_branch {func {name: 't'}} else_branch {func {name: 'e'}}"});
  add("t", {{"a", tf::DT_FLOAT}}, {{"r", "neg", tf::DT_FLOAT}}, {"neg | Neg | a"});
  add("e", {{"a", tf::DT_FLOAT}}, {{"r", "sq", tf::DT_FLOAT}}, {"sq | Square | a"});
  return m;
}

}  // namespace thaw::test
