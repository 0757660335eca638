// Models damaged at random: importing gives a graph that the verifier accepts, or an InputError;
// never anything else.
#include <gtest/gtest.h>

#include <random>

#include "import/op_table.h"
#include "tests/import/sample_models.h"

namespace thaw {
namespace {

using namespace test;

class Damager {
 public:
  explicit Damager(uint32_t seed) : random_(seed) {}

  void damage(google::protobuf::RepeatedPtrField<tf::NodeDef>& nodes) {
    if (nodes.empty()) return;
    tf::NodeDef& node = *nodes.Mutable(pick(nodes.size()));
    switch (pick(7)) {
      case 0:
        return redirect(node, nodes.Get(pick(nodes.size())).name());
      case 1:
        return node.add_input(nodes.Get(pick(nodes.size())).name());
      case 2:
        if (node.input_size() > 0) node.mutable_input()->RemoveLast();
        return;
      case 3:
        return node.set_op(ops_[static_cast<size_t>(pick(static_cast<int>(ops_.size())))]);
      case 4:
        return damage_attribute(node, nodes.Get(pick(nodes.size())));
      case 5:
        return nodes.DeleteSubrange(pick(nodes.size()), 1);
      default:
        return node.set_op(nodes.Get(pick(nodes.size())).op());
    }
  }

  int pick(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

 private:
  void redirect(tf::NodeDef& node, const std::string& to) {
    if (node.input_size() == 0) return;
    static const char* const kOutputs[] = {"", "", "", ":1", ":2"};
    const std::string control = pick(6) == 0 ? "^" : "";
    *node.mutable_input(pick(node.input_size())) =
        control + to + (control.empty() ? kOutputs[pick(5)] : "");
  }

  void damage_attribute(tf::NodeDef& node, const tf::NodeDef& other) {
    auto& attrs = *node.mutable_attr();
    if (attrs.empty()) {
      attrs = other.attr();
      return;
    }
    auto it = attrs.begin();
    std::advance(it, pick(static_cast<int>(attrs.size())));
    switch (pick(4)) {
      case 0:
        attrs.erase(it->first);
        return;
      case 1:
        return it->second.set_i(pick(3) - 1);
      case 2:
        return it->second.set_type(static_cast<tf::DataType>(pick(24)));
      default:
        return it->second.set_s("?");
    }
  }

  std::mt19937 random_;
  std::vector<std::string> ops_ = importable_ops();
};

void survives(FrozenModel m, uint32_t seed) {
  Damager damager(seed);
  for (int i = damager.pick(3); i >= 0; --i) {
    damager.damage(m.nodes);
    for (auto& [name, function] : m.functions)
      if (damager.pick(3) == 0) damager.damage(function.nodes);
  }
  try {
    verify(import_graph(std::move(m), nullptr));
  } catch (const InputError&) {
  } catch (const std::exception& e) {
    ADD_FAILURE() << "seed " << seed << ": " << e.what();
  }
}

TEST(DamagedModels, AreReadOrRefused) {
  for (uint32_t seed = 0; seed < 1500; ++seed) {
    survives(model(doubling()), seed);
    survives(model(nested_loops()), seed);
    survives(model(mapped()), seed);
    survives(model(condition()), seed);
    survives(functional(), seed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace thaw
