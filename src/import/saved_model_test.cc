// SavedModels, built here as TensorFlow builds them, through reading, freezing and writing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/tensor_bundle_writer.h"
#include "export/write_graph.h"
#include "export/write_saved_model.h"
#include "import/frozen_model.h"
#include "import/read_graph.h"
#include "import/tensor_bundle.h"
#include "import/testing.h"
#include "saved_model.pb.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;
using testing::add_const;
using testing::add_node;
using ::testing::AllOf;
using testing::error_of;
using testing::floats;
using ::testing::HasSubstr;
using testing::small_graph;
using testing::TempFolder;

void set_info(tf::TensorInfo* info, const std::string& tensor) {
  info->set_name(tensor);
  info->set_dtype(tf::DT_FLOAT);
  info->mutable_tensor_shape()->add_dim()->set_size(3);
}

tf::SavedModel saved_model(const tf::GraphDef& graph, const std::string& in,
                           const std::string& out) {
  tf::SavedModel saved;
  saved.set_saved_model_schema_version(1);
  tf::MetaGraphDef* meta = saved.add_meta_graphs();
  meta->mutable_meta_info_def()->add_tags("serve");
  *meta->mutable_graph_def() = graph;
  tf::SignatureDef& s = (*meta->mutable_signature_def())["serving_default"];
  set_info(&(*s.mutable_inputs())["x"], in);
  set_info(&(*s.mutable_outputs())["y"], out);
  return saved;
}

// TF1 form: y = x + read(v), v restored by the saver of the graph from the key "renamed".
tf::SavedModel tf1_model(bool resource) {
  tf::GraphDef graph;
  auto* nodes = graph.mutable_node();
  add_node(nodes, "x", "Placeholder");
  add_node(nodes, "v", resource ? "VarHandleOp" : "VariableV2");
  add_node(nodes, "v/read", resource ? "ReadVariableOp" : "Identity", {"v"});
  add_node(nodes, "sum", "AddV2", {"x", "v/read"});
  add_const(nodes, "save/Const", Tensor::of<std::string>(DType::kString, {}, {"model"}));
  add_const(nodes, "save/names",
            Tensor::of<std::string>(DType::kString, {2}, {"other", "renamed"}));
  add_const(nodes, "save/slices", Tensor::of<std::string>(DType::kString, {2}, {"", ""}));
  add_node(nodes, "save/RestoreV2", "RestoreV2", {"save/Const", "save/names", "save/slices"});
  if (resource) {
    add_node(nodes, "save/Identity", "Identity", {"save/RestoreV2:1"});
    add_node(nodes, "save/Assign", "AssignVariableOp", {"v", "save/Identity"});
  } else {
    add_node(nodes, "save/Assign", "Assign", {"v", "save/RestoreV2:1"});
  }
  add_node(nodes, "save/restore_all", "NoOp", {"^save/Assign"});
  tf::SavedModel saved = saved_model(graph, "x:0", "sum:0");
  saved.mutable_meta_graphs(0)->mutable_saver_def()->set_restore_op_name("save/restore_all");
  return saved;
}

void add_arg(google::protobuf::RepeatedPtrField<tf::OpDef::ArgDef>* args, const std::string& name,
             tf::DataType dtype) {
  tf::OpDef::ArgDef* arg = args->Add();
  arg->set_name(name);
  arg->set_type(dtype);
}

tf::FunctionDef* add_function(tf::GraphDef* graph, const std::string& name) {
  tf::FunctionDef* f = graph->mutable_library()->add_function();
  f->mutable_signature()->set_name(name);
  return f;
}

void set_function(tf::NodeDef* node, const char* attr, const std::string& name) {
  (*node->mutable_attr())[attr].mutable_func()->set_name(name);
}

// A function of (x, handle) that calls `callee` with both, or adds the variable when it is "".
void add_body(tf::GraphDef* graph, const std::string& name, const std::string& callee) {
  tf::FunctionDef* f = add_function(graph, name);
  add_arg(f->mutable_signature()->mutable_input_arg(), "x", tf::DT_FLOAT);
  add_arg(f->mutable_signature()->mutable_input_arg(), "handle", tf::DT_RESOURCE);
  add_arg(f->mutable_signature()->mutable_output_arg(), "result", tf::DT_FLOAT);
  auto* nodes = f->mutable_node_def();
  if (callee.empty()) {
    add_node(nodes, "read", "ReadVariableOp", {"handle"});
    add_node(nodes, "add", "AddV2", {"x", "read:value:0"});
    (*f->mutable_ret())["result"] = "add:z:0";
  } else {
    tf::NodeDef* call = add_node(nodes, "call", "StatefulPartitionedCall", {"x", "handle"});
    set_function(call, "f", callee);
    (*call->mutable_attr())["Tout"].mutable_list()->add_type(tf::DT_FLOAT);
    (*f->mutable_ret())["result"] = "call:output:0";
  }
}

// TF2 form: the signature's function calls another, which reads the variable.
tf::SavedModel tf2_model() {
  tf::GraphDef graph;
  auto* nodes = graph.mutable_node();
  add_node(nodes, "v", "VarHandleOp");
  add_node(nodes, "serving_default_x", "Placeholder");
  tf::NodeDef* call = add_node(nodes, "StatefulPartitionedCall", "StatefulPartitionedCall",
                               {"serving_default_x", "v"});
  set_function(call, "f", "wrapper");
  (*call->mutable_attr())["Tout"].mutable_list()->add_type(tf::DT_FLOAT);
  add_body(&graph, "wrapper", "inner");
  add_body(&graph, "inner", "");
  tf::SavedModel saved = saved_model(graph, "serving_default_x:0", "StatefulPartitionedCall:0");
  saved.mutable_meta_graphs(0)->mutable_object_graph_def()->add_nodes();
  return saved;
}

void write_variables(const TempFolder& folder, const std::string& key) {
  fs::create_directories(folder.file("m/variables"));
  TensorBundleWriter writer(folder.file("m/variables/variables"));
  writer.add(key, floats({10, 20, 30}));
  writer.finish();
}

std::string write_model(const TempFolder& folder, const tf::SavedModel& saved) {
  folder.write("m/saved_model.pb", saved.SerializeAsString());
  return folder.file("m");
}

const tf::NodeDef* node_called(const FrozenModel& model, const std::string& name) {
  for (const tf::NodeDef& node : model.nodes)
    if (node.name() == name) return &node;
  return nullptr;
}

TEST(SavedModel, Tf1VariablesBecomeConstants) {
  for (bool resource : {false, true}) {
    const TempFolder folder;
    write_variables(folder, "renamed");
    const FrozenModel m = read_frozen_model(write_model(folder, tf1_model(resource)));
    EXPECT_EQ(m.kind, ModelKind::kSavedModelTf1);
    const tf::NodeDef* v = node_called(m, "v");
    ASSERT_NE(v, nullptr);
    EXPECT_EQ(v->op(), "Const");
    SplatBudget budget;
    EXPECT_TRUE(identical(tensor_from_proto(v->attr().at("value").tensor(), "v", &budget),
                          floats({10, 20, 30})));
    EXPECT_EQ(node_called(m, "v/read")->op(), "Identity");
    EXPECT_EQ(node_called(m, "save/restore_all"), nullptr) << "pruned";
    ASSERT_EQ(m.outputs.size(), 1u);
    EXPECT_EQ(m.outputs[0].tensor, "y:0");
    EXPECT_EQ(node_called(m, "y")->input(0), "sum");
  }
}

TEST(SavedModel, Tf2CallsAreInlined) {
  const TempFolder folder;
  write_variables(folder, "v");
  const FrozenModel m = read_frozen_model(write_model(folder, tf2_model()));
  EXPECT_EQ(m.kind, ModelKind::kSavedModelTf2);
  ASSERT_EQ(m.inputs.size(), 1u);
  EXPECT_EQ(m.inputs[0].tensor, "x:0") << "named after the signature's key";
  const tf::NodeDef* read = nullptr;
  for (const tf::NodeDef& node : m.nodes) {
    EXPECT_THAT(node.op(), ::testing::AnyOf("Const", "Placeholder", "Identity", "AddV2"));
    if (node.op() == "AddV2") {
      EXPECT_EQ(node.input(0), "x");
      read = node_called(m, node.input(1));
    }
  }
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->op(), "Identity");
  EXPECT_EQ(read->input(0), "v");
}

TEST(SavedModel, HandlesPassedIntoLoopsBecomeTensors) {
  tf::SavedModel saved = tf2_model();
  tf::GraphDef* graph = saved.mutable_meta_graphs(0)->mutable_graph_def();
  tf::NodeDef* loop = graph->mutable_node(2);
  loop->set_op("While");
  loop->mutable_attr()->clear();
  for (tf::DataType t : {tf::DT_FLOAT, tf::DT_RESOURCE})
    (*loop->mutable_attr())["T"].mutable_list()->add_type(t);
  set_function(loop, "cond", "cond");
  set_function(loop, "body", "inner");
  tf::FunctionDef* inner = graph->mutable_library()->mutable_function(1);
  add_arg(inner->mutable_signature()->mutable_output_arg(), "handle_out", tf::DT_RESOURCE);
  (*inner->mutable_ret())["handle_out"] = "handle";
  tf::FunctionDef* cond = add_function(graph, "cond");
  add_arg(cond->mutable_signature()->mutable_input_arg(), "x", tf::DT_FLOAT);
  add_arg(cond->mutable_signature()->mutable_input_arg(), "handle", tf::DT_RESOURCE);
  add_arg(cond->mutable_signature()->mutable_output_arg(), "go", tf::DT_BOOL);
  add_const(cond->mutable_node_def(), "no", Tensor::zeros(DType::kBool, {}));
  (*cond->mutable_ret())["go"] = "no:output:0";

  const TempFolder folder;
  write_variables(folder, "v");
  const FrozenModel m = read_frozen_model(write_model(folder, saved));
  ASSERT_EQ(m.functions.size(), 2u);
  const GraphFunction& body = m.functions.at("inner");
  EXPECT_EQ(body.args[1].dtype, tf::DT_FLOAT);
  EXPECT_EQ(body.results[1].dtype, tf::DT_FLOAT);
  EXPECT_EQ(body.results[1].tensor, "handle");
  EXPECT_EQ(body.nodes[0].op(), "Identity");
  const tf::NodeDef* node = node_called(m, "StatefulPartitionedCall");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->attr().at("T").list().type(1), tf::DT_FLOAT);
  // What is written has its references in the form of function bodies again.
  const tf::GraphDef written = graph_def(m);
  ASSERT_EQ(written.library().function_size(), 2);
  const tf::FunctionDef& f = written.library().function(1);
  EXPECT_EQ(f.signature().name(), "inner");
  EXPECT_EQ(f.node_def(1).input(1), "read:output:0");
  EXPECT_EQ(f.ret().at("result"), "add:z:0");
}

TEST(SavedModel, RecursiveFunctionsAreRefused) {
  tf::SavedModel saved = tf2_model();
  tf::GraphDef* graph = saved.mutable_meta_graphs(0)->mutable_graph_def();
  graph->mutable_library()->clear_function();
  add_body(graph, "wrapper", "inner");
  add_body(graph, "inner", "wrapper");
  const TempFolder folder;
  const std::string path = write_model(folder, saved);
  EXPECT_THAT(error_of([&] { read_frozen_model(path); }),
              AllOf(HasSubstr("calls itself"), HasSubstr("wrapper -> inner -> wrapper")));
}

TEST(SavedModel, MissingFunctionsAreNamed) {
  tf::SavedModel saved = tf2_model();
  saved.mutable_meta_graphs(0)
      ->mutable_graph_def()
      ->mutable_library()
      ->mutable_function()
      ->RemoveLast();
  const TempFolder folder;
  const std::string path = write_model(folder, saved);
  EXPECT_THAT(error_of([&] { read_frozen_model(path); }),
              AllOf(HasSubstr("'inner'"), HasSubstr("not in the library")));
}

TEST(SavedModel, ExponentialInliningIsRefused) {
  tf::SavedModel saved = tf2_model();
  tf::GraphDef* graph = saved.mutable_meta_graphs(0)->mutable_graph_def();
  graph->mutable_library()->clear_function();
  add_body(graph, "wrapper", "f0");
  for (int i = 0; i < 40; ++i) {
    const std::string name = "f" + std::to_string(i);
    add_body(graph, name, "f" + std::to_string(i + 1));
    auto* nodes = graph->mutable_library()->mutable_function(i + 1)->mutable_node_def();
    tf::NodeDef again = nodes->Get(0);
    again.set_name("again");
    *nodes->Add() = again;
  }
  add_body(graph, "f40", "");
  const TempFolder folder;
  const std::string path = write_model(folder, saved);
  EXPECT_THAT(error_of([&] { read_frozen_model(path); }), HasSubstr("inlining its functions"));
}

TEST(SavedModel, MissingValuesAreNamed) {
  const TempFolder folder;
  const std::string path = write_model(folder, tf2_model());
  EXPECT_THAT(error_of([&] { read_frozen_model(path); }),
              AllOf(HasSubstr("variable 'v'"), HasSubstr("no variables.index")));
  write_variables(folder, "something else");
  EXPECT_THAT(error_of([&] { read_frozen_model(path); }),
              AllOf(HasSubstr("variable 'v'"), HasSubstr("variables.index")));
}

TEST(SavedModel, EveryTruncationIsRefused) {
  const TempFolder folder;
  write_variables(folder, "v");
  const std::string bytes = tf2_model().SerializeAsString();
  for (size_t n = 0; n < bytes.size(); ++n) {
    folder.write("m/saved_model.pb", bytes.substr(0, n));
    EXPECT_THAT(error_of([&] { read_frozen_model(folder.file("m")); }), HasSubstr("saved_model.pb"))
        << n;
  }
}

TEST(SavedModel, TagsAndSignaturesAreListedWhereTheyDoNotFit) {
  const TempFolder folder;
  tf::SavedModel saved = saved_model(small_graph(), "x:0", "y:0");
  saved.mutable_meta_graphs(0)->mutable_meta_info_def()->set_tags(0, "train");
  EXPECT_THAT(error_of([&] { read_model_file(write_model(folder, saved)); }),
              AllOf(HasSubstr("'serve'"), HasSubstr("[train]")));
  *saved.add_meta_graphs() = saved_model(small_graph(), "x:0", "product:0").meta_graphs(0);
  EXPECT_EQ(read_frozen_model(write_model(folder, saved)).outputs[0].key, "y") << "the second";
  FreezeOptions options;
  options.signature = "nonsense";
  EXPECT_THAT(error_of([&] { read_frozen_model(folder.file("m"), options); }),
              HasSubstr("there are: serving_default"));
  saved = saved_model(small_graph(), "x:0", "nowhere:0");
  EXPECT_THAT(error_of([&] { read_frozen_model(write_model(folder, saved)); }),
              HasSubstr("'nowhere:0', which is not in the graph"));
}

TEST(SavedModel, Tf2ModelsNeedASignature) {
  const TempFolder folder;
  write_variables(folder, "v");
  tf::SavedModel saved = tf2_model();
  saved.mutable_meta_graphs(0)->clear_signature_def();
  EXPECT_THAT(error_of([&] { read_frozen_model(write_model(folder, saved)); }),
              HasSubstr("has no signature"));
}

TEST(SavedModel, FoldersThatAreNone) {
  const TempFolder folder;
  folder.write("m/frozen_inference_graph.pb", "x");
  EXPECT_THAT(error_of([&] { read_model_file(folder.file("m")); }),
              AllOf(HasSubstr("has no saved_model.pb"), HasSubstr("did you mean")));
}

TEST(SavedModel, NothingOutsideTheFolderIsRead) {
  const TempFolder folder;
  const std::string path = write_model(folder, tf2_model());
  write_variables(folder, "v");
  fs::rename(folder.file("m/variables/variables.index"), folder.file("elsewhere.index"));
  fs::create_symlink("../../elsewhere.index", folder.file("m/variables/variables.index"));
  EXPECT_THAT(error_of([&] { read_frozen_model(path); }), HasSubstr("leads out of the model"));
}

TEST(SavedModel, WrittenFromAFrozenGraphAndReadBack) {
  const TempFolder folder;
  const std::string pb = folder.write("g.pb", small_graph().SerializeAsString());
  const FrozenModel frozen = read_frozen_model(pb);
  ASSERT_EQ(frozen.outputs.size(), 1u);
  EXPECT_EQ(frozen.outputs[0].why, "nothing in the graph consumes it");
  write_saved_model(folder.file("out"), frozen, false);
  EXPECT_TRUE(fs::is_empty(folder.file("out/variables")));
  const FrozenModel again = read_frozen_model(folder.file("out"));
  EXPECT_EQ(again.inputs[0].key, "x");
  EXPECT_EQ(again.outputs[0].key, "y");
  EXPECT_EQ(again.versions.producer(), 27);
  write_frozen_graph(folder.file("again.pb"), again, false);
  write_frozen_graph(folder.file("first.pb"), frozen, false);
  EXPECT_EQ(testing::read_bytes(folder.file("again.pb")),
            testing::read_bytes(folder.file("first.pb")));
  write_frozen_graph(folder.file("again.pbtxt"), again, false);
  EXPECT_EQ(read_model_file(folder.file("again.pbtxt")).kind, ModelKind::kFrozenText);
}

TEST(SavedModel, NothingIsOverwrittenUnasked) {
  const TempFolder folder;
  const FrozenModel model =
      read_frozen_model(folder.write("g.pb", small_graph().SerializeAsString()));
  folder.write("full/precious.txt", "data");
  EXPECT_THROW(write_saved_model(folder.file("full"), model, false), UsageError);
  EXPECT_THROW(write_saved_model(folder.file("full"), model, true), UsageError) << "no SavedModel";
  EXPECT_THROW(write_saved_model(folder.file("g.pb"), model, true), UsageError);
  EXPECT_THROW(write_frozen_graph(folder.file("g.pb"), model, false), UsageError);
  write_saved_model(folder.file("s"), model, false);
  EXPECT_THROW(write_saved_model(folder.file("s"), model, false), UsageError);
  write_saved_model(folder.file("s"), model, true);
  int left = 0;
  for (const auto& entry : fs::directory_iterator(folder.file(""))) {
    (void)entry;
    ++left;
  }
  EXPECT_EQ(left, 3) << "no temporary folder stays behind";
}

}  // namespace
}  // namespace thaw
