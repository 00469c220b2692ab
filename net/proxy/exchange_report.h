// What is told of a request: to its client in the fields of the answer, to the counters, the access
// log and the audit log: a layer of the exchange (exchange_story.h).
//
//   exchange_fields.cpp   the head of an answer
//   exchange_explain.cpp  ... and those of its fields that tell who gave it, and why
//   exchange_log.cpp      counters and access log
//   exchange_audit.cpp    the audit log
//
// Threads:  one shard.
// Lifetime: an exchange's.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "core/units.h"
#include "net/http/head_writer.h"
#include "net/http/response_head.h"
#include "net/proxy/exchange_attempts.h"

namespace headrace::net {

class ExchangeReport : protected ExchangeAttempts {
 protected:
  ExchangeReport(ShardContext& shard, DownstreamConnection& downstream)
      : ExchangeAttempts(shard, downstream) {}
  ~ExchangeReport() = default;

  // --- to the client ---------------------------------------------------------------------------
  void write_answer_head(const http::ResponseHead& head, http::HeadWriter& writer);
  // What every answer carries, ours and the provider's.
  void write_own_fields(http::HeadWriter& writer);
  // What they can say of its use and cost: only what is known before its body is passed on.
  void note_use(const http::ResponseHead& head, std::span<const std::byte> body);

  // --- to operators ----------------------------------------------------------------------------
  void count_outcome();
  [[nodiscard]] bool is_left_out_of_log();
  void write_log_line();

  // --- to auditors -----------------------------------------------------------------------------
  void decide_passed(policy::Stage stage);
  void decide_refused(policy::Reason reason, std::string_view limit, std::string_view why);
  [[nodiscard]] std::string_view why_target() const;
  [[nodiscard]] bool is_audited() const;
  void write_audit();

 private:
  void write_quota_fields(http::HeadWriter& writer);
  void write_told_fields(http::HeadWriter& writer);
  void write_explained(http::HeadWriter& writer);

  std::optional<core::MicroUsd> cost_told_;  // before it is settled: what an answer's head says
};

}  // namespace headrace::net
