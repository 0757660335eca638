#include "import/op_outputs.h"

#include <fmt/format.h>

#include <sstream>

#include "import/tensor_proto.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// "op: name:type name:type". A type in capitals with a leading '@' is fixed (@INT32); otherwise it
// is the attribute that holds it. "T*num" means `num` tensors, "list(T)" one tensor per type.
// Ops of one output are here where the output's type is not attribute T (or dtype).
constexpr const char* kOps[] = {
    "All output:@BOOL",
    "Any output:@BOOL",
    "ApproximateEqual z:@BOOL",
    "ArgMax output:output_type=@INT64",
    "ArgMin output:output_type=@INT64",
    "Assign output_ref:T",
    "BatchNormWithGlobalNormalization result:T",
    "BroadcastGradientArgs r0:T r1:T",
    "Bucketize output:@INT32",
    "Case output:list(Tout)",
    "Cast y:DstT",
    "CombinedNonMaxSuppression nmsed_boxes:@FLOAT nmsed_scores:@FLOAT nmsed_classes:@FLOAT "
    "valid_detections:@INT32",
    "ConcatOffset offset:shape_type=@INT32*N",
    "CropAndResize crops:@FLOAT",
    "DecodeBmp image:@UINT8",
    "DecodeGif image:@UINT8",
    "DecodeImage image:dtype=@UINT8",
    "DecodeJpeg image:@UINT8",
    "DecodePng image:dtype=@UINT8",
    "DecodeRaw output:out_type",
    "DecodeAndCropJpeg image:@UINT8",
    "Dequantize output:dtype=@FLOAT",
    "DynamicPartition outputs:T*num_partitions",
    "EncodeJpeg contents:@STRING",
    "EncodePng contents:@STRING",
    "Enter output:T",
    "Equal z:@BOOL",
    "ExtractJpegShape image_shape:output_type=@INT32",
    "FakeQuantWithMinMaxArgs outputs:@FLOAT",
    "FakeQuantWithMinMaxVars outputs:@FLOAT",
    "FakeQuantWithMinMaxVarsPerChannel outputs:@FLOAT",
    "FusedBatchNorm y:T batch_mean:T batch_variance:T reserve_space_1:T reserve_space_2:T",
    "FusedBatchNormV2 y:T batch_mean:U batch_variance:U reserve_space_1:U reserve_space_2:U",
    "FusedBatchNormV3 y:T batch_mean:U batch_variance:U reserve_space_1:U reserve_space_2:U "
    "reserve_space_3:U",
    "Gather output:Tparams",
    "GatherNd output:Tparams",
    "GatherV2 output:Tparams",
    "GenerateBoundingBoxProposals rois:@FLOAT roi_probabilities:@FLOAT",
    "Greater z:@BOOL",
    "GreaterEqual z:@BOOL",
    "HashTableV2 table_handle:@RESOURCE",
    "HistogramFixedWidth out:dtype=@INT32",
    "IdentityN output:list(T)",
    "If output:list(Tout)",
    "InTopK precision:@BOOL",
    "InTopKV2 precision:@BOOL",
    "InvertPermutation y:T",
    "IteratorGetNext components:list(output_types)",
    "IteratorGetNextSync components:list(output_types)",
    "IsFinite y:@BOOL",
    "IsInf y:@BOOL",
    "IsNan y:@BOOL",
    "IsVariableInitialized is_initialized:@BOOL",
    "Less z:@BOOL",
    "LessEqual z:@BOOL",
    "ListDiff out:T idx:out_idx=@INT32",
    "LogicalAnd z:@BOOL",
    "LogicalNot y:@BOOL",
    "LogicalOr z:@BOOL",
    "LookupTableFindV2 values:Tout",
    "LoopCond output:@BOOL",
    "MaxPoolWithArgmax output:T argmax:Targmax=@INT64",
    "Merge output:T value_index:@INT32",
    "NoOp",
    "NonMaxSuppression selected_indices:@INT32",
    "NonMaxSuppressionV2 selected_indices:@INT32",
    "NonMaxSuppressionV3 selected_indices:@INT32",
    "NonMaxSuppressionV4 selected_indices:@INT32 valid_outputs:@INT32",
    "NonMaxSuppressionV5 selected_indices:@INT32 selected_scores:T valid_outputs:@INT32",
    "NonMaxSuppressionWithOverlaps selected_indices:@INT32",
    "NotEqual z:@BOOL",
    "OneHot output:T",
    "ParseExample sparse_indices:@INT64*Nsparse sparse_values:list(sparse_types) "
    "sparse_shapes:@INT64*Nsparse dense_values:list(Tdense)",
    "ParseExampleV2 sparse_indices:@INT64*num_sparse sparse_values:list(sparse_types) "
    "sparse_shapes:@INT64*num_sparse dense_values:list(Tdense) "
    "ragged_values:list(ragged_value_types) ragged_row_splits:list(ragged_split_types)",
    "ParseSingleExample sparse_indices:@INT64*num_sparse sparse_values:list(sparse_types) "
    "sparse_shapes:@INT64*num_sparse dense_values:list(Tdense)",
    "PartitionedCall output:list(Tout)",
    "Qr q:T r:T",
    "QueueDequeueManyV2 components:list(component_types)",
    "QueueDequeueUpToV2 components:list(component_types)",
    "QueueDequeueV2 components:list(component_types)",
    "QuantizeV2 output:T output_min:@FLOAT output_max:@FLOAT",
    "Range output:Tidx=@INT32",
    "Rank output:@INT32",
    "ReadFile contents:@STRING",
    "ReaderReadV2 key:@STRING value:@STRING",
    "ReadVariableOp value:dtype",
    "RefEnter output:T",
    "RefMerge output:T value_index:@INT32",
    "RefSwitch output_false:T output_true:T",
    "ResizeArea resized_images:@FLOAT",
    "ResizeBicubic resized_images:@FLOAT",
    "ResizeBilinear resized_images:@FLOAT",
    "ResizeNearestNeighbor resized_images:T",
    "RestoreV2 tensors:list(dtypes)",
    "SampleDistortedBoundingBoxV2 begin:T size:T bboxes:@FLOAT",
    "SegmentSum output:T",
    "SelfAdjointEigV2 e:T v:T",
    "Shape output:out_type=@INT32",
    "ShapeN output:out_type=@INT32*N",
    "ShardedFilename filename:@STRING",
    "Size output:out_type=@INT32",
    "SoftmaxCrossEntropyWithLogits loss:T backprop:T",
    "SparseSoftmaxCrossEntropyWithLogits loss:T backprop:T",
    "SparseToDense dense:T",
    "Split output:T*num_split",
    "SplitV output:T*num_split",
    "StatefulPartitionedCall output:list(Tout)",
    "StatelessCase output:list(Tout)",
    "StatelessIf output:list(Tout)",
    "StatelessWhile output:list(T)",
    "StaticRegexFullMatch output:@BOOL",
    "StringJoin output:@STRING",
    "Substr output:@STRING",
    "Svd s:T u:T v:T",
    "Switch output_false:T output_true:T",
    "_SwitchN outputs:T*num_outs",
    "TensorArrayConcatV3 value:dtype lengths:@INT64",
    "TensorArrayGatherV3 value:dtype",
    "TensorArrayReadV3 value:dtype",
    "TensorArrayScatterV3 flow_out:@FLOAT",
    "TensorArraySizeV3 size:@INT32",
    "TensorArraySplitV3 flow_out:@FLOAT",
    "TensorArrayV3 handle:@RESOURCE flow:@FLOAT",
    "TensorArrayWriteV3 flow_out:@FLOAT",
    "TensorListConcatV2 tensor:element_dtype lengths:@INT64",
    "TensorListElementShape element_shape:shape_type",
    "TensorListFromTensor output_handle:@VARIANT",
    "TensorListGather values:element_dtype",
    "TensorListGetItem item:element_dtype",
    "TensorListLength length:@INT32",
    "TensorListPopBack output_handle:@VARIANT tensor:element_dtype",
    "TensorListPushBack output_handle:@VARIANT",
    "TensorListReserve handle:@VARIANT",
    "TensorListResize output_handle:@VARIANT",
    "TensorListScatterIntoExistingList output_handle:@VARIANT",
    "TensorListScatterV2 output_handle:@VARIANT",
    "TensorListSetItem output_handle:@VARIANT",
    "TensorListSplit output_handle:@VARIANT",
    "TensorListStack tensor:element_dtype",
    "EmptyTensorList handle:@VARIANT",
    "TopK values:T indices:@INT32",
    "TopKV2 values:T indices:index_type=@INT32",
    "Unique y:T idx:out_idx=@INT32",
    "UniqueV2 y:T idx:out_idx=@INT32",
    "UniqueWithCounts y:T idx:out_idx=@INT32 count:out_idx=@INT32",
    "Unpack output:T*num",
    "VarHandleOp resource:@RESOURCE",
    "VarIsInitializedOp is_initialized:@BOOL",
    "VariableShape output:out_type=@INT32",
    "Where index:@INT64",
    "While output:list(T)",
};

tf::DataType fixed_type(const std::string& name) {
  tf::DataType dtype = tf::DT_INVALID;
  if (!tf::DataType_Parse("DT_" + name, &dtype))
    throw InternalError("the table of op outputs has the type " + name);
  return dtype;
}

// "name:type" as described above kOps.
OutputArg parse_arg(const std::string& text) {
  const size_t colon = text.find(':');
  OutputArg arg;
  arg.name = text.substr(0, colon);
  std::string type = text.substr(colon + 1);
  if (type.rfind("list(", 0) == 0) {
    arg.type_list_attr = type.substr(5, type.size() - 6);
    return arg;
  }
  if (const size_t star = type.find('*'); star != std::string::npos) {
    arg.number_attr = type.substr(star + 1);
    type.resize(star);
  }
  if (const size_t at = type.find('@'); at != std::string::npos) {
    arg.dtype = fixed_type(type.substr(at + 1));
    if (at > 0) arg.type_attr = type.substr(0, at - 1);  // "attr=@DEFAULT"
  } else {
    arg.type_attr = type;
  }
  return arg;
}

// How many tensors `arg` stands for on `node`; -1 when an attribute is missing or absurd.
int64_t arg_size(const tf::NodeDef& node, const OutputArg& arg) {
  if (!arg.type_list_attr.empty()) {
    const tf::AttrValue* attr = find_attr(node, arg.type_list_attr);
    return attr ? attr->list().type_size() : -1;
  }
  if (arg.number_attr.empty()) return 1;
  const tf::AttrValue* attr = find_attr(node, arg.number_attr);
  constexpr int64_t kMaxOutputs = 1 << 20;
  return attr && attr->i() >= 0 && attr->i() <= kMaxOutputs ? attr->i() : -1;
}

tf::DataType arg_dtype(const tf::NodeDef& node, const OutputArg& arg, int element) {
  if (!arg.type_list_attr.empty()) {
    const tf::AttrValue* attr = find_attr(node, arg.type_list_attr);
    return attr && element < attr->list().type_size() ? attr->list().type(element) : tf::DT_INVALID;
  }
  if (!arg.type_attr.empty())
    if (const tf::AttrValue* attr = find_attr(node, arg.type_attr)) return attr->type();
  return arg.dtype;
}

}  // namespace

const tf::AttrValue* find_attr(const tf::NodeDef& node, const std::string& name) {
  const auto it = node.attr().find(name);
  return it == node.attr().end() ? nullptr : &it->second;
}

OpOutputs::OpOutputs() {
  for (const char* line : kOps) {
    std::istringstream words(line);
    std::string op, word;
    words >> op;
    std::vector<OutputArg>& args = ops_[op];
    while (words >> word) args.push_back(parse_arg(word));
  }
}

OpOutputs::OpOutputs(const tf::OpList& op_list) : OpOutputs() {
  for (const tf::OpDef& op : op_list.op()) {
    std::vector<OutputArg> args;
    for (const tf::OpDef::ArgDef& arg : op.output_arg())
      args.push_back(
          {arg.name(), arg.type(), arg.type_attr(), arg.number_attr(), arg.type_list_attr()});
    ops_.emplace(op.name(), std::move(args));
  }
}

void OpOutputs::learn(const std::string& op, std::string_view arg) {
  auto [it, fresh] = ops_.try_emplace(op);
  if (!fresh) return;
  OutputArg output;
  output.name = std::string(arg);
  output.type_attr = "T";
  it->second.push_back(std::move(output));
}

const std::vector<OutputArg>* OpOutputs::find(const std::string& op) const {
  const auto it = ops_.find(op);
  return it == ops_.end() ? nullptr : &it->second;
}

int OpOutputs::flat_index(const tf::NodeDef& node, std::string_view arg, int element,
                          const std::string& where) const {
  const std::vector<OutputArg>* args = find(node.op());
  if (!args) return element;
  int64_t first = 0;
  for (const OutputArg& a : *args) {
    const int64_t size = arg_size(node, a);
    if (size < 0)
      throw InputError(fmt::format("{}: node '{}' ({}): attribute {} is missing or out of range",
                                   where, node.name(), node.op(),
                                   a.type_list_attr.empty() ? a.number_attr : a.type_list_attr));
    if (a.name == arg) {
      if (element >= size) break;
      return static_cast<int>(first + element);
    }
    first += size;
  }
  throw InputError(fmt::format("{}: node '{}' ({}) has no output {}:{}", where, node.name(),
                               node.op(), arg, element));
}

std::string OpOutputs::arg_and_element(const tf::NodeDef& node, int index,
                                       const std::string& where) const {
  const std::vector<OutputArg>* args = find(node.op());
  // Never met within a function; most ops of one output call it so.
  if (!args) return fmt::format("output:{}", index);
  int64_t left = index;
  for (const OutputArg& a : *args) {
    const int64_t size = arg_size(node, a);
    if (left < size) return fmt::format("{}:{}", a.name, left);
    left -= size < 0 ? 0 : size;
  }
  throw InputError(
      fmt::format("{}: node '{}' ({}) has no output {}", where, node.name(), node.op(), index));
}

tf::DataType OpOutputs::dtype(const tf::NodeDef& node, int index) const {
  if (const std::vector<OutputArg>* args = find(node.op())) {
    int64_t left = index;
    for (const OutputArg& a : *args) {
      const int64_t size = arg_size(node, a);
      if (left < size) return arg_dtype(node, a, static_cast<int>(left));
      left -= size < 0 ? 0 : size;
    }
    return tf::DT_INVALID;
  }
  for (const char* name : {"T", "dtype", "Tparams", "out_type", "output_type"})
    if (const tf::AttrValue* attr = find_attr(node, name)) return attr->type();
  return tf::DT_INVALID;
}

int OpOutputs::count(const tf::NodeDef& node) const {
  const std::vector<OutputArg>* args = find(node.op());
  if (!args) return -1;
  int64_t n = 0;
  for (const OutputArg& a : *args) n += arg_size(node, a);
  return static_cast<int>(n);
}

}  // namespace thaw
