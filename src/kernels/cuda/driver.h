// What thaw uses of the CUDA driver, opened at run time: neither building nor running needs a
// toolkit, and one program serves machines with and without a GPU.
#pragma once

#include <cstddef>
#include <string>

namespace thaw::cuda {

// The driver's handles and numbers; its own header calls them CUcontext, CUdeviceptr and so on.
using Status = int;  // 0: done
using DeviceNumber = int;
using Address = unsigned long long;
using Context = struct ContextOfDriver*;
using Stream = struct StreamOfDriver*;
using EventHandle = struct EventOfDriver*;
using ModuleHandle = struct ModuleOfDriver*;
using Function = struct FunctionOfDriver*;
using GraphHandle = struct GraphOfDriver*;
using GraphNode = struct GraphNodeOfDriver*;
using GraphExec = struct GraphExecOfDriver*;

// A kernel's node of a graph (CUDA_KERNEL_NODE_PARAMS; older drivers read all but the last two).
struct KernelNode {
  Function function;
  unsigned grid[3];
  unsigned block[3];
  unsigned shared_bytes;
  void** arguments;
  void** extra;
  void* library_kernel;
  Context context;
};

// Memory of a copy's one side (half of CUDA_MEMCPY3D).
struct CopySide {
  size_t x_bytes, y, z, level;
  int kind;  // kHostMemory or kDeviceMemory
  void* host;
  Address device;
  void* array;
  void* reserved;
  size_t pitch, height;
};
struct CopyNode {
  CopySide from;
  CopySide to;
  size_t bytes, height, depth;
};
static_assert(sizeof(CopyNode) == 200, "CUDA_MEMCPY3D");
constexpr int kHostMemory = 1;
constexpr int kDeviceMemory = 2;

// How a node of a graph waits for another (CUgraphEdgeData).
struct Edge {
  unsigned char from_port, to_port, type, reserved[5];
};
// A kernel that starts as soon as all of the other's blocks run, and waits for its end by itself.
constexpr Edge kProgrammatic{1, 0, 1, {}};

// CU_DEVICE_ATTRIBUTE_...
enum class Attribute : int {
  kMultiprocessors = 16,
  kIntegrated = 18,
  kMajor = 75,
  kMinor = 76,
  kSharedBytes = 97,  // that a block may opt in to
};
constexpr int kMostDynamicShared = 8;  // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
constexpr int kPointerMemoryType = 2;  // CU_POINTER_ATTRIBUTE_MEMORY_TYPE
constexpr unsigned kPortable = 1;      // CU_MEMHOSTALLOC_PORTABLE
constexpr unsigned kNonBlocking = 1;   // CU_STREAM_NON_BLOCKING

// name here, symbol, and where the library is too old for it another one of the same arguments.
#define THAW_CUDA_DRIVER(F)                                                                       \
  F(init, "cuInit", nullptr, (unsigned))                                                          \
  F(driver_version, "cuDriverGetVersion", nullptr, (int*))                                        \
  F(device_count, "cuDeviceGetCount", nullptr, (int*))                                            \
  F(device_get, "cuDeviceGet", nullptr, (DeviceNumber*, int))                                     \
  F(device_name, "cuDeviceGetName", nullptr, (char*, int, DeviceNumber))                          \
  F(device_attribute, "cuDeviceGetAttribute", nullptr, (int*, Attribute, DeviceNumber))           \
  F(device_memory, "cuDeviceTotalMem_v2", nullptr, (size_t*, DeviceNumber))                       \
  F(context_retain, "cuDevicePrimaryCtxRetain", nullptr, (Context*, DeviceNumber))                \
  F(context_release, "cuDevicePrimaryCtxRelease_v2", "cuDevicePrimaryCtxRelease", (DeviceNumber)) \
  F(context_set, "cuCtxSetCurrent", nullptr, (Context))                                           \
  F(context_get, "cuCtxGetCurrent", nullptr, (Context*))                                          \
  F(memory_info, "cuMemGetInfo_v2", nullptr, (size_t*, size_t*))                                  \
  F(allocate, "cuMemAlloc_v2", nullptr, (Address*, size_t))                                       \
  F(free, "cuMemFree_v2", nullptr, (Address))                                                     \
  F(allocate_host, "cuMemHostAlloc", nullptr, (void**, size_t, unsigned))                         \
  F(free_host, "cuMemFreeHost", nullptr, (void*))                                                 \
  F(pointer_attribute, "cuPointerGetAttribute", nullptr, (void*, int, Address))                   \
  F(copy_up, "cuMemcpyHtoDAsync_v2", nullptr, (Address, const void*, size_t, Stream))             \
  F(copy_down, "cuMemcpyDtoHAsync_v2", nullptr, (void*, Address, size_t, Stream))                 \
  F(stream_create, "cuStreamCreate", nullptr, (Stream*, unsigned))                                \
  F(stream_destroy, "cuStreamDestroy_v2", nullptr, (Stream))                                      \
  F(stream_synchronize, "cuStreamSynchronize", nullptr, (Stream))                                 \
  F(stream_wait, "cuStreamWaitEvent", nullptr, (Stream, EventHandle, unsigned))                   \
  F(event_create, "cuEventCreate", nullptr, (EventHandle*, unsigned))                             \
  F(event_destroy, "cuEventDestroy_v2", nullptr, (EventHandle))                                   \
  F(event_record, "cuEventRecord", nullptr, (EventHandle, Stream))                                \
  F(event_query, "cuEventQuery", nullptr, (EventHandle))                                          \
  F(event_synchronize, "cuEventSynchronize", nullptr, (EventHandle))                              \
  F(event_elapsed, "cuEventElapsedTime", nullptr, (float*, EventHandle, EventHandle))             \
  F(module_load, "cuModuleLoadData", nullptr, (ModuleHandle*, const void*))                       \
  F(module_unload, "cuModuleUnload", nullptr, (ModuleHandle))                                     \
  F(module_function, "cuModuleGetFunction", nullptr, (Function*, ModuleHandle, const char*))      \
  F(function_attribute, "cuFuncSetAttribute", nullptr, (Function, int, int))                      \
  F(launch, "cuLaunchKernel", nullptr,                                                            \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Stream,      \
     void**, void**))                                                                             \
  F(graph_create, "cuGraphCreate", nullptr, (GraphHandle*, unsigned))                             \
  F(graph_destroy, "cuGraphDestroy", nullptr, (GraphHandle))                                      \
  F(graph_add_kernel, "cuGraphAddKernelNode_v2", "cuGraphAddKernelNode",                          \
    (GraphNode*, GraphHandle, const GraphNode*, size_t, const KernelNode*))                       \
  F(graph_add_copy, "cuGraphAddMemcpyNode", nullptr,                                              \
    (GraphNode*, GraphHandle, const GraphNode*, size_t, const CopyNode*, Context))                \
  F(graph_instantiate, "cuGraphInstantiate_v2", "cuGraphInstantiate",                             \
    (GraphExec*, GraphHandle, GraphNode*, char*, size_t))                                         \
  F(graph_exec_destroy, "cuGraphExecDestroy", nullptr, (GraphExec))                               \
  F(graph_launch, "cuGraphLaunch", nullptr, (GraphExec, Stream))                                  \
  F(graph_set_kernel, "cuGraphExecKernelNodeSetParams_v2", "cuGraphExecKernelNodeSetParams",      \
    (GraphExec, GraphNode, const KernelNode*))                                                    \
  F(graph_set_copy, "cuGraphExecMemcpyNodeSetParams", nullptr,                                    \
    (GraphExec, GraphNode, const CopyNode*, Context))                                             \
  F(error_name, "cuGetErrorName", nullptr, (Status, const char**))                                \
  F(error_text, "cuGetErrorString", nullptr, (Status, const char**))

struct Driver {
#define THAW_POINTER(name, symbol, older, arguments) Status(*name) arguments = nullptr;
  THAW_CUDA_DRIVER(THAW_POINTER)
#undef THAW_POINTER
  // Null before CUDA 12.3.
  Status (*graph_connect)(GraphHandle, const GraphNode* from, const GraphNode* to, const Edge*,
                          size_t) = nullptr;
  int version = 0;        // 12040 is CUDA 12.4
  int devices = 0;        // how many it has
  std::string refusal;    // why it can't be used; empty: it can
  bool is_there = false;  // a library, of whatever kind
};

// Opened and started by the first call. Safe from all threads.
const Driver& driver_or_refusal();
// The same; throws ResourceError with the refusal where it can't be used.
const Driver& driver();

// Throws where the driver says that something went wrong: ResourceError where memory ran out or the
// device is lost, InternalError otherwise. `what` was tried: "copying to the device".
void check(Status status, const char* what);

}  // namespace thaw::cuda
