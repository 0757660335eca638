// For the passes' tests: graphs before and after as text, and a plain interpreter.
#pragma once

#include <string>
#include <vector>

#include "passes/pass.h"

namespace thaw {

// The context that the engine gives to passes.
PassContext test_context();

// The graph's text with values numbered in the order in which the outputs need them, without nodes
// that nothing needs and without names: equal for graphs that mean the same.
std::string canonical_text(const Graph& graph);

// Runs the pass on the text `before`; the result must be valid, be `after`, and say that it changed
// exactly when it did. A second run must change nothing.
void expect_pass(bool (*pass)(Graph&, const PassContext&), const std::string& before,
                 const std::string& after);
void expect_unchanged(bool (*pass)(Graph&, const PassContext&), const std::string& graph);

// The outputs of the graph for these inputs, op by op with the reference kernels.
std::vector<Tensor> interpret(const Graph& graph, const std::vector<Tensor>& inputs);
// Uniform random numbers from -2 to 2, or integers from 0 to 9.
Tensor random_tensor(DType dtype, const Shape& shape, unsigned seed);
// Equal within relative * the magnitude of the expected tensor.
void expect_close(const Tensor& actual, const Tensor& expected, float relative);

}  // namespace thaw
