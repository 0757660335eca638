// Debian's static libraries are compiled for programs; this is what a shared library needs to take
// them in. Two things in them are out of its reach:
// - `stderr` as a variable of the program's: the linker renames it (--wrap) to one of ours;
// - protobuf's arenas, whose thread's data lie where a program's do. Nothing here makes an arena
//   (messages are on the heap), so ours say so and end the process where somebody would.
#include <google/protobuf/arena.h>

#include <cstdio>
#include <cstdlib>

extern "C" {
extern std::FILE* __real_stderr;     // NOLINT: the linker's name for it
std::FILE* __wrap_stderr = nullptr;  // NOLINT

__attribute__((constructor(101))) static void take_stderr() { __wrap_stderr = __real_stderr; }
}

namespace google::protobuf {
namespace {

[[noreturn]] void fail() {
  static_cast<void>(std::fputs("thaw: protobuf asked for an arena\n", __real_stderr));
  std::abort();
}

}  // namespace

void* Arena::AllocateAlignedNoHook(size_t) { fail(); }
void* Arena::AllocateAlignedWithHook(size_t, const std::type_info*) { fail(); }
void* Arena::AllocateAlignedWithHookForArray(size_t, const std::type_info*) { fail(); }
std::pair<void*, internal::SerialArena::CleanupNode*> Arena::AllocateAlignedWithCleanup(
    size_t, const std::type_info*) {
  fail();
}

namespace internal {

ThreadSafeArena::CacheAlignedLifecycleIdGenerator ThreadSafeArena::lifecycle_id_generator_;
__thread ThreadSafeArena::ThreadCache ThreadSafeArena::thread_cache_ = {
    0, static_cast<LifecycleIdAtomic>(-1), nullptr};

void ThreadSafeArena::Init() { fail(); }
void ThreadSafeArena::InitializeFrom(void*, size_t) { fail(); }
void ThreadSafeArena::InitializeWithPolicy(void*, size_t, AllocationPolicy) { fail(); }
ThreadSafeArena::~ThreadSafeArena() { fail(); }
uint64_t ThreadSafeArena::Reset() { fail(); }
uint64_t ThreadSafeArena::SpaceAllocated() const { fail(); }
uint64_t ThreadSafeArena::SpaceUsed() const { fail(); }
void ThreadSafeArena::AddCleanup(void*, void (*)(void*)) { fail(); }
void* ThreadSafeArena::AllocateAlignedFallback(size_t, const std::type_info*) { fail(); }
std::pair<void*, SerialArena::CleanupNode*> ThreadSafeArena::AllocateAlignedWithCleanup(
    size_t, const std::type_info*) {
  fail();
}
void* SerialArena::AllocateAlignedFallback(size_t, const AllocationPolicy*) { fail(); }
std::pair<void*, SerialArena::CleanupNode*> SerialArena::AllocateAlignedWithCleanupFallback(
    size_t, const AllocationPolicy*) {
  fail();
}

}  // namespace internal
}  // namespace google::protobuf
