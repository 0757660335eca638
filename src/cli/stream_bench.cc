#include "cli/stream_bench.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <system_error>
#include <thread>

#include "cli/clock.h"
#include "thaw/error.h"

namespace thaw::cli {
namespace {

// One request's thread and what it found.
struct Stream {
  std::vector<double> ms;
  StageTimes stages;  // sums
  std::exception_ptr error;
};

class Streams {
 public:
  Streams(std::vector<Request>& requests, const BenchInput& input, int warmup, int runs)
      : requests_(requests),
        input_(input),
        warmup_(std::max(warmup, 1)),
        runs_(runs),
        streams_(requests.size()) {}
  ~Streams() {
    next_ = runs_;  // after an error the others need not go on
    end_threads();
  }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // Seconds from the first timed run to the end of the last.
  double run() {
    start_threads();
    while (warm_.load() < requests_.size())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const Clock::time_point start = Clock::now();
    end_threads();
    for (const Stream& stream : streams_)
      if (stream.error) std::rethrow_exception(stream.error);
    return seconds_since(start);
  }

  const std::vector<Stream>& streams() const { return streams_; }

 private:
  void start_threads() {
    threads_.reserve(requests_.size());
    try {
      for (size_t i = 0; i < requests_.size(); ++i)
        threads_.emplace_back([this, i] { work(requests_[i], streams_[i], i); });
    } catch (const std::system_error& error) {
      throw ResourceError("of " + std::to_string(requests_.size()) + " streams only " +
                          std::to_string(threads_.size()) +
                          " can be started: " + error.code().message());
    }
  }

  void end_threads() {
    go_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void work(Request& request, Stream& stream, size_t number) {
    bool warm = false;
    try {
      stream.ms.reserve(static_cast<size_t>(runs_));
      for (int i = 0; i < warmup_; ++i) request.run(inputs(number + static_cast<size_t>(i)));
      warm = true;
      ++warm_;
      while (!go_) std::this_thread::yield();
      for (int i; (i = next_++) < runs_;) {
        const Clock::time_point start = Clock::now();
        request.run(inputs(static_cast<size_t>(i)));
        stream.ms.push_back(milliseconds_since(start));
        add_stages(stream.stages, request.stages(), 1);
      }
    } catch (...) {
      stream.error = std::current_exception();
      next_ = runs_;  // the others need not go on
      if (!warm) ++warm_;
    }
  }

  const std::vector<Tensor>& inputs(size_t i) const {
    return input_.batches[i % input_.batches.size()];
  }

  std::vector<Request>& requests_;
  const BenchInput& input_;
  const int warmup_;
  const int runs_;
  std::vector<Stream> streams_;
  std::vector<std::thread> threads_;
  std::atomic<size_t> warm_{0};
  std::atomic<bool> go_{false};
  std::atomic<int> next_{0};
};

}  // namespace

std::vector<Request> make_streams(const Engine& engine, int count) {
  std::vector<Request> requests;
  for (int i = 0; i < count; ++i) requests.emplace_back(engine);
  return requests;
}

void run_streams(std::vector<Request>& requests, const BenchInput& input, int warmup, int runs,
                 BenchReport& report) {
  for (Request& request : requests) request.prepare(input.shapes());
  Streams streams(requests, input, warmup, runs);
  report.seconds = streams.run();
  for (const Stream& stream : streams.streams()) {
    add_stages(report.stages, stream.stages, 1.0 / runs);
    report.streams.push_back({"", stream.ms, statistics(stream.ms)});
  }
  // All runs about in the order in which they were made.
  for (size_t i = 0; i < static_cast<size_t>(runs); ++i)
    for (const BenchSide& stream : report.streams)
      if (i < stream.ms.size()) report.side.ms.push_back(stream.ms[i]);
}

}  // namespace thaw::cli
