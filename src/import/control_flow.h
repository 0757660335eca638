// TF1's control flow as one finds it in a GraphDef: which loop (frame) and which branches (Switch)
// each node is in. Enter, Exit, Merge, Switch, NextIteration and LoopCond have no counterpart in
// thaw's graph; region.h turns what is found here into While and If.
//
// _SwitchN, which TensorFlow's lowering of Case leaves, is a Switch of N outputs over an index.
//
// Frames follow from Enter's frame_name and Exit, through data and control edges. A node's
// condition is the union of its inputs'; Switch adds an outcome of its predicate, Merge takes the
// one away in which its inputs differ.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "import/cond_states.h"
#include "import/graph_index.h"

namespace thaw {

struct Frame {
  std::string name;
  int32_t parent = -1;     // frame 0 is the graph itself
  int32_t loop_cond = -1;  // the node LoopCond; -1 when there is none
  int depth = 0;
};

// A Merge that joins the branches of a condition.
struct CondMerge {
  TensorRef predicate;
  int32_t predicate_id = -1;       // as in CondOutcome
  std::vector<int> branch_inputs;  // which of its inputs is the result of each branch
  bool by_index = false;           // the predicate is the index of a branch
  int32_t group = -1;              // merges of one group become one condition
  int live_input = -1;             // no other input ever runs: the merge is this input
  std::string error;               // why it can't be imported; matters when it is needed
};

bool is_switch(const std::string& op);  // of a condition or a loop

class ControlFlow {
 public:
  static constexpr int kMaxFrameDepth = 64;
  static constexpr int kMaxBranches = 1024;

  // Analyses what `roots` depend on, control edges included. Throws InputError, naming nodes, on
  // cycles outside loops and on control flow that fits no loop and no condition.
  ControlFlow(const GraphIndex& index, const std::vector<TensorRef>& roots);

  const std::vector<Frame>& frames() const { return frames_; }
  int32_t num_groups() const { return num_groups_; }
  // The frame in which the node's outputs are: the inner one for Enter, the outer one for Exit.
  int32_t frame(int32_t node) const { return out_frame_[static_cast<size_t>(node)]; }
  bool is_inside(int32_t frame, int32_t outer) const;  // or the same
  // The tensor is computed only when the predicate has this outcome.
  bool contains(TensorRef ref, CondOutcome outcome) const;
  // The tensor is computed whenever one of `nodes` is; without any, always.
  bool runs_with(TensorRef ref, const std::vector<int32_t>& nodes) const;
  // Both nodes are in the same loop and branches.
  bool same_place(int32_t a, int32_t b) const;

  bool is_loop_merge(int32_t node) const { return loop_merge_[static_cast<size_t>(node)]; }
  bool is_loop_switch(int32_t node) const;
  // Null when the node is no Merge of a condition.
  const CondMerge* cond_merge(int32_t node) const;
  // Enter's and NextIteration's index among the inputs of a loop Merge.
  int enter_input(int32_t loop_merge) const;

 private:
  void find_loop_merges();
  void collect(const std::vector<TensorRef>& roots);
  void sort();
  void visit(int32_t node);
  void check_loop(int32_t node) const;
  void place(int32_t node);
  int32_t inner_frame(int32_t enter, int32_t outer);
  CondStates::Id out_state(TensorRef ref);
  void visit_switch(int32_t node);
  void visit_cond_merge(int32_t node);
  void find_branches(const std::vector<int>& live, RefSpan inputs, CondMerge* merge);
  TensorRef source_of(TensorRef ref) const;
  void group_merges();
  template <class F>
  void for_each_edge(int32_t node, F&& f) const;

  const GraphIndex& index_;
  std::vector<char> loop_merge_;
  std::vector<char> seen_;
  std::vector<int32_t> order_;  // inputs first, the edges that close loops left out
  std::vector<int32_t> out_frame_;
  std::vector<CondStates::Id> state_;
  std::map<int64_t, int32_t> predicates_;  // by TensorRef::key
  struct Predicate {
    TensorRef ref;
    int branches = 2;
    bool by_index = false;
  };
  std::vector<Predicate> predicate_list_;
  std::map<int32_t, int32_t> switch_predicate_;
  std::map<int32_t, CondMerge> merges_;
  std::map<std::pair<std::string, int32_t>, int32_t> frame_ids_;
  std::vector<Frame> frames_;
  CondStates states_;
  int32_t num_groups_ = 0;
};

}  // namespace thaw
