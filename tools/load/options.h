// What a run of the load generator is to do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "net/tls/client_context.h"
#include "tools/load/schedule.h"
#include "tools/load/target.h"

namespace headrace::tools::load {

// closed: each connection sends its next request when it has the answer to the last.
// open: requests start when they are meant to, and wait for a connection where none is free.
enum class Loop : std::uint8_t { closed, open };

struct RequestOptions {
  std::string method = "POST";
  std::string path = "/v1/chat/completions";  // of targets whose URL has none
  std::string key;
  std::vector<std::string> headers;     // "Name: value"
  std::vector<std::string> body_files;  // sent in turn; otherwise one is generated
  std::uint64_t body_bytes = 1536;
  std::string model = "gpt-4o-mini";
  bool stream = false;
  std::uint64_t max_tokens = 0;       // 0: none named
  std::uint32_t expected_status = 0;  // that answers should have; 0: any below 400
  bool request_ids = false;           // x-request-id: load-<seed>-<worker>-<number>
};

struct LoadOptions {
  std::vector<Target> targets;
  // Of each target, in the same order; null for plain ones.
  std::vector<std::shared_ptr<const net::tls::ClientContext>> tls;
  bool tls_resume = true;
  Loop loop = Loop::closed;
  std::vector<RateStep> steps;  // closed: one step without a rate
  Arrivals arrivals = Arrivals::even;
  core::Duration warm_up = std::chrono::seconds(1);
  std::uint32_t connections = 16;           // a target; the most at a time when open
  std::uint64_t requests_max = 10'000'000;  // a target and round, warm-up included
  bool keep_alive = true;
  core::Duration think{};  // closed: between an answer and the next request
  core::Duration timeout = std::chrono::seconds(30);
  std::uint32_t rounds = 1;
  bool together = false;  // all targets at the same time rather than in turn
  std::uint32_t threads = 1;
  std::vector<unsigned> processors;
  core::Duration spin{};
  std::uint64_t seed = 1;
  RequestOptions request;
  double errors_share_max = 0.01;

  // Without the warm-up.
  [[nodiscard]] core::Duration duration() const {
    core::Duration sum{};
    for (const RateStep& step : steps)
      sum += step.duration;
    return sum;
  }
};

}  // namespace headrace::tools::load
