// Requests of one engine, for calls of many threads: as many as ever ran at the same time.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "thaw/request.h"

namespace thaw {

// Any number of threads at once; it outlives its leases.
class RequestPool {
 public:
  explicit RequestPool(const Engine& engine) : engine_(engine) {}

  class Lease {
   public:
    Lease(RequestPool& pool, std::unique_ptr<Request> request)
        : pool_(pool), request_(std::move(request)) {}
    ~Lease() { pool_.give(std::move(request_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Request* operator->() const { return request_.get(); }

   private:
    RequestPool& pool_;
    std::unique_ptr<Request> request_;
  };

  // The one that was given back last, or a new one where all are at work. Throws ResourceError.
  Lease take() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Request> request = std::move(idle_.back());
        idle_.pop_back();
        return {*this, std::move(request)};
      }
    }
    auto request = std::make_unique<Request>(engine_);
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.reserve(++made_);  // giving back must not fail
    return {*this, std::move(request)};
  }

 private:
  void give(std::unique_ptr<Request> request) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(request));
  }

  const Engine& engine_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Request>> idle_;
  size_t made_ = 0;
};

}  // namespace thaw
