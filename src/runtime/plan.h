// A plan: what the engine makes of a graph and the executor runs. Slots hold tensors; steps run in
// order, cut into segments that each lie on one device. A plan is immutable but for its kernels'
// own memory, and runs from one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/kernel.h"
#include "runtime/device.h"
#include "runtime/resident.h"
#include "thaw/tensor.h"

namespace thaw {

enum class SlotKind : uint8_t {
  kInput,     // set by the caller, or by the enclosing loop
  kConstant,  // set once when the plan is instantiated
  kArena,     // at a fixed offset of the arena; its shape is static
  kHeap,      // made by the step that writes it, freed after its last reader
};

// Which memory a slot lies in.
enum class Space : uint8_t { kHost, kDevice };

struct Slot {
  SlotKind kind = SlotKind::kHeap;
  Space space = Space::kHost;
  DType dtype = DType::kInvalid;
  Shape shape = Shape::unknown();
  size_t offset = 0;  // kArena
  Tensor constant;    // kConstant, in the memory of its space
};

enum class Stage : uint8_t { kUpload, kPreprocess, kNetwork, kPostprocess, kDownload };
constexpr int kNumStages = 5;
constexpr uint32_t kNoSlot = ~uint32_t{0};

enum class StepKind : uint8_t { kKernel, kUpload, kDownload, kWhile, kIf };

struct Plan;

struct Step {
  StepKind kind = StepKind::kKernel;
  Stage stage = Stage::kNetwork;
  Space space = Space::kHost;  // where the kernel runs
  std::unique_ptr<OpKernel> kernel;
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
  std::vector<uint32_t> release;  // heap slots that nobody reads afterwards
  uint32_t scratch = kNoSlot;     // the kernel's, in the arena
  std::unique_ptr<Plan> first;    // While: condition; If: taken when the predicate holds
  std::unique_ptr<Plan> second;   // While: body; If: taken otherwise
  std::string name;               // of the TF node, for errors and profiles
  std::string op;                 // for profiles: the op with its attributes
  std::string kernel_name;
  std::string why;  // why faster kernels were passed over
  int64_t macs = 0;
  int threads = 0;                  // that its loops are split for; 0: all of the pool's
  DType numbers = DType::kInvalid;  // what is multiplied, kInt8 for bytes; none without macs
  Shape product;                    // [rows, length, columns] of its matrix product; else []
};

// Steps that follow each other on one device. Copies to and from a device are that device's.
struct Segment {
  Space space = Space::kHost;
  size_t begin = 0;  // steps
  size_t end = 0;
  // On the host: the device's latest segment whose results it reads, and of those before what they
  // read: it starts when that is done.
  std::optional<size_t> after;
  std::string why;  // why its first kernel does not run where the segment before ran; may be empty
};

struct Plan {
  std::vector<Slot> slots;
  std::vector<Step> steps;
  std::vector<Segment> segments;  // all steps, in order
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
  // By output: it lies in the arena and shares its memory with no other slot, so that it may lie
  // elsewhere as well.
  std::vector<bool> can_move_output;
  size_t arena_bytes[2] = {0, 0};  // by Space
  size_t constant_bytes = 0;
  std::shared_ptr<ResidentConstants> resident;  // those of Space::kDevice; null without any
  bool is_static = true;                        // no heap slot and no nested plan

  size_t bytes() const { return arena_bytes[0] + arena_bytes[1] + constant_bytes; }
};

}  // namespace thaw
