#include "thaw/batcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <iterator>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "engine/engine_core.h"
#include "thaw/error.h"
#include "thaw/request.h"

namespace thaw {
namespace {

// An inference that waits.
struct Single {
  std::vector<Tensor> inputs;
  std::promise<std::vector<Tensor>> promise;
  Clock::time_point came;
};

// Those that can run together, in the order in which they came.
using Group = std::deque<Single>;

void copy_elements(const Tensor& from, int64_t first, int64_t count, Tensor& to, int64_t at) {
  if (from.dtype() == DType::kString) {
    std::copy_n(from.data<std::string>() + first, count, to.data<std::string>() + at);
    return;
  }
  const auto size = static_cast<int64_t>(dtype_size(from.dtype()));
  if (count > 0)
    std::memcpy(to.data<char>() + at * size, from.data<char>() + first * size,
                static_cast<size_t>(count * size));
}

bool run_together(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Tensor& x, const Tensor& y) {
    return x.dtype() == y.dtype() && x.shape() == y.shape();
  });
}

// Below each other, along the first extent.
std::vector<Tensor> stacked(const std::vector<Single>& batch) {
  if (batch.size() == 1) return batch[0].inputs;
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < batch[0].inputs.size(); ++i) {
    const Tensor& first = batch[0].inputs[i];
    inputs.emplace_back();
    if (!first.defined()) continue;
    Shape shape = first.shape();
    shape[0] = static_cast<int64_t>(batch.size());
    inputs.back() = Tensor::empty(first.dtype(), shape);
    int64_t at = 0;
    for (const Single& single : batch) {
      copy_elements(single.inputs[i], 0, first.num_elements(), inputs.back(), at);
      at += first.num_elements();
    }
  }
  return inputs;
}

// What the inference at this place of the batch gets.
std::vector<Tensor> rows(const std::vector<Tensor>& results, size_t place) {
  std::vector<Tensor> own;
  for (const Tensor& t : results) {
    Shape shape = t.shape();
    shape[0] = 1;
    own.push_back(Tensor::empty(t.dtype(), shape));
    const int64_t count = own.back().num_elements();
    copy_elements(t, static_cast<int64_t>(place) * count, count, own.back(), 0);
  }
  return own;
}

void check_results(const Engine& engine, const std::vector<Tensor>& results, size_t batch) {
  for (size_t i = 0; i < results.size(); ++i)
    if (results[i].rank() < 1 || results[i].dim(0) != static_cast<int64_t>(batch) ||
        results[i].dtype() == DType::kList)
      throw InputError(
          fmt::format("output '{}' is {} for a batch of {}: a row for each was expected",
                      engine.outputs()[i].name, results[i].str(), batch));
}

// A longer wait is for ever, and a time after now stays one that the clock can tell.
constexpr std::chrono::microseconds kLongestWait = std::chrono::hours(24 * 365);

void check_batches(const Engine& engine, const BatcherOptions& options) {
  if (options.max_batch < 1 || options.max_wait.count() < 0 || options.requests < 1)
    throw UsageError(fmt::format(
        "a batcher for batches of {}, {} us and {} requests: at least 1, 0 and 1 were expected",
        options.max_batch, options.max_wait.count(), options.requests));
  for (const TensorInfo& input : engine.inputs()) {
    if (!input.shape.has_rank() || input.optional) continue;
    const bool is_open = input.shape.rank() > 0 && input.shape[0] == kUnknownDim;
    const bool is_one = input.shape.rank() > 0 && input.shape[0] == 1 && options.max_batch == 1;
    if (is_open || is_one) continue;
    throw InputError(
        fmt::format("input '{}' is {}{}: batches of up to {} were expected as its first "
                    "extent",
                    input.name, dtype_name(input.dtype), input.shape.str(), options.max_batch));
  }
}

}  // namespace

struct Batcher::Impl {
  Impl(const Engine& e, const BatcherOptions& o) : engine(e), options(o) {
    options.max_wait = std::min(options.max_wait, kLongestWait);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void start();
  void serve(Request& request);
  void add(Single single);
  bool is_ready(const Group& group, Clock::time_point now) const;
  std::list<Group>::iterator next_ready();
  void wait(std::unique_lock<std::mutex>& lock);
  std::vector<Single> take(std::list<Group>::iterator group);
  void run(Request& request, std::vector<Single> batch) const;

  const Engine engine;
  BatcherOptions options;
  std::mutex mutex;
  std::condition_variable came;
  std::list<Group> waiting;  // none is empty
  bool is_over = false;
  std::vector<Request> requests;
  std::vector<std::thread> threads;  // one for each request
};

Batcher::Impl::~Impl() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    is_over = true;
  }
  came.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void Batcher::Impl::start() {
  for (int i = 0; i < options.requests; ++i) requests.emplace_back(engine);
  try {
    for (Request& request : requests) threads.emplace_back([this, &request] { serve(request); });
  } catch (const std::system_error& e) {
    throw ResourceError(fmt::format("of {} threads only {} can be started: {}", requests.size(),
                                    threads.size(), e.code().message()));
  }
}

void Batcher::Impl::serve(Request& request) {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    const auto group = next_ready();
    if (group != waiting.end()) {
      std::vector<Single> batch = take(group);
      lock.unlock();
      run(request, std::move(batch));
      lock.lock();
    } else if (is_over) {
      return;
    } else {
      wait(lock);
    }
  }
}

void Batcher::Impl::add(Single single) {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    single.came = Clock::now();
    auto group = std::find_if(waiting.begin(), waiting.end(), [&](const Group& g) {
      return run_together(g.front().inputs, single.inputs);
    });
    if (group == waiting.end()) group = waiting.emplace(waiting.end());
    group->push_back(std::move(single));
  }
  came.notify_all();
}

bool Batcher::Impl::is_ready(const Group& group, Clock::time_point now) const {
  return is_over || group.size() >= static_cast<size_t>(options.max_batch) ||
         group.front().came + options.max_wait <= now;
}

// Of the groups that are ready the one that waits longest, so that full ones don't keep others
// waiting for ever; the end where none is.
std::list<Group>::iterator Batcher::Impl::next_ready() {
  const Clock::time_point now = Clock::now();
  auto next = waiting.end();
  for (auto group = waiting.begin(); group != waiting.end(); ++group)
    if (is_ready(*group, now) &&
        (next == waiting.end() || group->front().came < next->front().came))
      next = group;
  return next;
}

// Until something comes, or the first of those that wait has waited long enough.
void Batcher::Impl::wait(std::unique_lock<std::mutex>& lock) {
  if (waiting.empty()) {
    came.wait(lock);
    return;
  }
  const auto oldest = std::min_element(
      waiting.begin(), waiting.end(),
      [](const Group& a, const Group& b) { return a.front().came < b.front().came; });
  const Clock::time_point until = oldest->front().came + options.max_wait;
  came.wait_until(lock, until);
}

std::vector<Single> Batcher::Impl::take(std::list<Group>::iterator group) {
  auto size = static_cast<size_t>(options.max_batch);
  if (group->size() < size)
    for (size = 1; 2 * size <= group->size();) size *= 2;
  const auto end = group->begin() + static_cast<std::ptrdiff_t>(size);
  std::vector<Single> batch(std::make_move_iterator(group->begin()), std::make_move_iterator(end));
  group->erase(group->begin(), end);
  if (group->empty()) waiting.erase(group);
  return batch;
}

void Batcher::Impl::run(Request& request, std::vector<Single> batch) const {
  std::vector<std::vector<Tensor>> own(batch.size());
  try {
    const std::vector<Tensor>& results = request.run(stacked(batch));
    check_results(engine, results, batch.size());
    for (size_t i = 0; i < batch.size(); ++i) own[i] = rows(results, i);
  } catch (...) {
    for (Single& single : batch) single.promise.set_exception(std::current_exception());
    return;
  }
  for (size_t i = 0; i < batch.size(); ++i) batch[i].promise.set_value(std::move(own[i]));
}

Batcher::Batcher(const Engine& engine, const BatcherOptions& options) {
  check_batches(engine, options);
  impl_ = std::make_unique<Impl>(engine, options);
  impl_->start();
}
Batcher::Batcher(Batcher&&) noexcept = default;
Batcher::~Batcher() = default;

std::future<std::vector<Tensor>> Batcher::submit(const std::vector<Tensor>& inputs) {
  impl_->engine.core_->check_inputs(inputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].defined() && (inputs[i].rank() < 1 || inputs[i].dim(0) != 1))
      throw InputError(fmt::format("input '{}' is {}: a first extent of 1 was expected",
                                   impl_->engine.inputs()[i].name, inputs[i].str()));
  Single single;
  single.inputs = inputs;
  std::future<std::vector<Tensor>> result = single.promise.get_future();
  impl_->add(std::move(single));
  return result;
}

std::vector<Tensor> Batcher::run(const std::vector<Tensor>& inputs) { return submit(inputs).get(); }

}  // namespace thaw
