// The audit log between shard and writer: a line for each decision, whatever stands in it.
#include "net/log/audit_log.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace headrace::net {
namespace {

using policy::Decided;
using policy::Decision;
using policy::Stage;

AuditRecord record_of(std::span<const Decision> decisions) {
  AuditRecord record;
  record.ended_at = {.unix_nanos = 1'700'000'000'123'000'000};
  record.status = 403;
  record.shard = 1;
  record.method = http::Method::post;
  record.endpoint = policy::Endpoint::chat_completions;
  record.request_id = "request-1";
  record.path = "/v1/chat/completions";
  record.tenant = "acme";
  record.key = "team";
  record.decisions = decisions;
  return record;
}

std::vector<std::string> lines_of(AuditLog& log) {
  std::vector<std::string> lines;
  std::vector<char> room(kAuditLinesBytesMax);
  const auto entry = log.ring().consumer().front();
  if (!entry) return lines;
  std::string_view text(room.data(), write_audit_lines(entry->bytes, room));
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  log.ring().consumer().drop_front();
  return lines;
}

TEST(AuditLog, TellsEachDecisionInALineOfItsOwn) {
  const std::array<Decision, 2> decisions = {
      Decision{.rule = "key", .why = {}, .stage = Stage::identify},
      Decision{.rule = "role_denies",
               .why = "role_denied",
               .after = std::chrono::microseconds(12),
               .stage = Stage::guard,
               .decided = Decided::refused}};
  AuditLog log;
  ASSERT_TRUE(log.write(record_of(decisions)));
  const auto lines = lines_of(log);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(
      lines[0],
      R"({"time":"2023-11-14T22:13:20.123Z","request_id":"request-1","step":1,)"
      R"("stage":"identify","decision":"passed","rule":"key","after_us":0,"peer":"unix","tenant":"acme",)"
      R"("key":"team","method":"POST","path":"/v1/chat/completions",)"
      R"("endpoint":"chat_completions","status":403,"shard":1})");
  EXPECT_TRUE(lines[1].contains(
      R"("step":2,"stage":"guard","decision":"refused","rule":"role_denies","why":"role_denied",)"
      R"("after_us":12,)"))
      << lines[1];
  EXPECT_TRUE(lines[1].contains(R"("last":true)")) << lines[1];
}

TEST(AuditLog, TheLongestLinesFitAndAreJson) {
  const std::string longest(255, '\x01');
  std::vector<Decision> decisions(policy::DecisionTrail::kDecisionsMax,
                                  {.rule = longest,
                                   .why = longest,
                                   .after = core::Duration::max(),
                                   .stage = Stage::body_facts,
                                   .decided = Decided::left_out});
  AuditRecord record = record_of(decisions);
  record.request_id = "x";
  record.path = record.tenant = record.key = record.user = longest;
  record.model = record.route = record.provider = longest;
  record.beyond = UINT32_MAX;
  record.status = UINT16_MAX;
  record.shard = UINT32_MAX;
  AuditLog log;
  ASSERT_TRUE(log.write(record));
  const auto lines = lines_of(log);
  ASSERT_EQ(lines.size(), decisions.size());
  simdjson::dom::parser parser;
  for (const std::string& line : lines) {
    EXPECT_LT(line.size(), kAuditLineBytesMax);
    EXPECT_EQ(parser.parse(line).error(), simdjson::SUCCESS) << line;
  }
  EXPECT_TRUE(lines.back().contains(R"("decisions_left_out":4294967295)")) << lines.back();
}

TEST(AuditLog, LongerTextsAreCutAndWhatIsBehindThemStays) {
  const std::string longer(5000, 'r');
  const std::array<Decision, 2> decisions = {
      Decision{.rule = longer, .why = longer, .stage = Stage::route},
      Decision{.rule = "last", .why = {}, .stage = Stage::upstream}};
  AuditRecord record = record_of(decisions);
  record.path = longer;
  AuditLog log;
  ASSERT_TRUE(log.write(record));
  const auto lines = lines_of(log);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].contains("\"rule\":\"" + std::string(255, 'r') + "\",\"why\""));
  EXPECT_TRUE(lines[1].contains("\"rule\":\"last\""));
}

TEST(AuditLog, AFullRingDropsRequestsWhole) {
  const std::array<Decision, 1> decisions = {Decision{.rule = "key", .why = {}}};
  AuditLog log(4096);
  std::size_t written = 0;
  while (log.write(record_of(decisions)))
    ++written;
  EXPECT_GT(written, 4U);
  for (std::size_t i = 0; i < written; ++i)
    EXPECT_EQ(lines_of(log).size(), 1U);
  EXPECT_TRUE(lines_of(log).empty());
  EXPECT_TRUE(log.write(record_of(decisions)));
}

TEST(AuditLog, WhatIsCutIsNoRecord) {
  const std::array<Decision, 1> decisions = {
      Decision{.rule = "key", .why = "because", .stage = Stage::identify}};
  AuditLog log;
  ASSERT_TRUE(log.write(record_of(decisions)));
  const auto entry = log.ring().consumer().front();
  ASSERT_TRUE(entry);
  std::vector<char> room(kAuditLinesBytesMax);
  EXPECT_GT(write_audit_lines(entry->bytes, room), 0U);
  for (std::size_t bytes = 0; bytes < entry->bytes.size(); ++bytes)
    EXPECT_EQ(write_audit_lines(entry->bytes.first(bytes), room), 0U) << bytes;
}

}  // namespace
}  // namespace headrace::net
