// The mock's own paths: what was served, what was asked last, and settings changed on the run.
//
//   GET    /mock/served        counts by endpoint and request id, usage sums, connections, aborts
//   GET    /mock/counters      of those only requests and connections: cheap under load
//   GET    /mock/last?n=3&id=X the newest requests, heads and bodies as received
//   POST   /mock/reset         forgets all of that
//   GET    /mock/behaviour     the settings in force that differ from the program's start
//   POST   /mock/behaviour     {"status":"503","error-rate":"0.1"}: these on top of the start's
//   DELETE /mock/behaviour     back to the start's
//
// Threads: any. Changed settings hold for requests whose head comes later.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tools/mock/behaviour.h"
#include "tools/mock/served_log.h"

namespace headrace::tools::mock {

struct AdminAnswer {
  int status = 200;
  std::string body;  // JSON
};

class Admin {
 public:
  explicit Admin(Behaviour start);

  // Before the shards run.
  void watch(ServedLog& log) { logs_.push_back(&log); }

  AdminAnswer answer(std::string_view method, std::string_view path, std::string_view query,
                     std::string_view body);

  // Grows with every change of the settings.
  [[nodiscard]] std::uint64_t generation() const {
    return generation_.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::shared_ptr<const Behaviour> behaviour() const;
  // What requests for these paths themselves are answered with: no faults.
  [[nodiscard]] const std::shared_ptr<const Behaviour>& honest() const { return honest_; }

 private:
  [[nodiscard]] std::string counters() const;
  [[nodiscard]] Served served() const;
  [[nodiscard]] AdminAnswer last(std::string_view query) const;
  AdminAnswer change_behaviour(std::string_view body);
  void publish(Behaviour behaviour, std::string changes);

  const Behaviour start_;
  const std::shared_ptr<const Behaviour> honest_;
  std::vector<ServedLog*> logs_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Behaviour> behaviour_;
  std::string changes_ = "{}";  // as they were posted
  std::atomic<std::uint64_t> generation_{1};
};

// As GET /mock/served answers.
std::string served_json(const Served& served);
// As one entry of GET /mock/last. Bytes that are no UTF-8 are given in base64.
void put_last_request(std::string& out, const LastRequest& request);

}  // namespace headrace::tools::mock
