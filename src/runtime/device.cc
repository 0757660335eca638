#include "runtime/device.h"

namespace thaw {
namespace {

class PieceByPiece : public PreparedSegment {
 public:
  explicit PieceByPiece(std::vector<Work> work) : work_(std::move(work)) {}
  void run(Queue& queue) override {
    for (const Work& work : work_) enqueue(queue, work);
  }

 private:
  std::vector<Work> work_;
};

}  // namespace

void enqueue(Queue& queue, const Work& work) {
  switch (work.kind) {
    case Work::Kind::kUpload:
      queue.upload(work.to->raw(), work.from->raw(), work.from->num_bytes());
      break;
    case Work::Kind::kDownload:
      queue.download(work.to->raw(), work.from->raw(), work.from->num_bytes());
      break;
    case Work::Kind::kLaunch:
      queue.launch(work.launch);
      break;
  }
  if (work.after != nullptr) queue.record(*work.after);
}

std::unique_ptr<PreparedSegment> Device::prepare(const std::vector<Work>& work) {
  return std::make_unique<PieceByPiece>(work);
}

}  // namespace thaw
