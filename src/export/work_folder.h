// Where work towards a folder lies that is to outlive a kill, and the lock of whoever does it.
//
// "TARGET.work", beside the target, is made by the first writer of the target and locked while it
// lives; others wait for their turn. It goes when the writer's work ends, well or not; what a
// process that was killed has left in it, the next writer finds there.
#pragma once

#include <functional>
#include <string>

namespace thaw {

class WorkFolder {
 public:
  // `waits` is called once where another process or thread has it. Where a file system knows no
  // locks nobody waits. Throws ResourceError naming the folder; Stopped (base/stop.h) while it
  // waits; UsageError where something else has the name: a file, or a folder with other contents.
  WorkFolder(const std::string& target, const std::function<void()>& waits);
  // Removes it with all that is in it.
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  // The path of a file in it.
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  bool lock(const std::function<void()>& waits);

  std::string path_;
  int fd_ = -1;
};

}  // namespace thaw
