#include "engine/min_cut.h"

#include <algorithm>

namespace thaw {

size_t MinCut::add_vertex() {
  edges_of_.emplace_back();
  return edges_of_.size() - 1;
}

void MinCut::add_edge(size_t from, size_t to, int64_t cost) {
  edges_of_[from].push_back(edges_.size());
  edges_.push_back({to, cost});
  edges_of_[to].push_back(edges_.size());
  edges_.push_back({from, 0});
}

// By edges that take more, how far from the source each vertex is; false when the sink is not.
bool MinCut::find_levels() {
  levels_.assign(edges_of_.size(), -1);
  levels_[kSource] = 0;
  std::vector<size_t> reached{kSource};
  for (size_t i = 0; i < reached.size(); ++i) {
    for (size_t e : edges_of_[reached[i]]) {
      const Edge& edge = edges_[e];
      if (edge.left == 0 || levels_[edge.to] >= 0) continue;
      levels_[edge.to] = levels_[reached[i]] + 1;
      reached.push_back(edge.to);
    }
  }
  return levels_[kSink] >= 0;
}

// Sends as much as one path from level to level takes; 0 when there is none left.
int64_t MinCut::push() {
  std::vector<size_t> path;  // edges
  for (size_t at = kSource; at != kSink;) {
    size_t& next = next_[at];
    const std::vector<size_t>& edges = edges_of_[at];
    while (next < edges.size() &&
           (edges_[edges[next]].left == 0 || levels_[edges_[edges[next]].to] != levels_[at] + 1))
      ++next;
    if (next < edges.size()) {
      path.push_back(edges[next]);
      at = edges_[path.back()].to;
    } else if (path.empty()) {
      return 0;
    } else {
      at = edges_[path.back() ^ 1].to;
      path.pop_back();
      ++next_[at];
    }
  }
  int64_t most = kNever;
  for (size_t e : path) most = std::min(most, edges_[e].left);
  for (size_t e : path) {
    edges_[e].left -= most;
    edges_[e ^ 1].left += most;
  }
  return most;
}

std::vector<bool> MinCut::solve() {
  while (find_levels()) {
    next_.assign(edges_of_.size(), 0);
    while (push() > 0) {
    }
  }
  std::vector<bool> on_source_side(edges_of_.size());
  for (size_t v = 0; v < on_source_side.size(); ++v) on_source_side[v] = levels_[v] >= 0;
  return on_source_side;
}

}  // namespace thaw
