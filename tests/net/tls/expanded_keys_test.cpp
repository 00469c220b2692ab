#include "net/tls/expanded_keys.h"

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/tls/record_key.h"
#include "net/tls/workspace.h"
#include "tests/net/tls/record_secrets.h"

namespace headrace::net::tls::test {
namespace {

TEST(ExpandedKeys, ManyConnectionsShareFewSlots) {
  Workspace shard(4);
  constexpr RecordSuite kSuite = RecordSuite::aes_128_gcm_sha256;
  std::vector<std::unique_ptr<RecordKey>> sealers;
  std::vector<std::unique_ptr<RecordKey>> openers;
  for (std::uint8_t i = 0; i < 20; ++i) {
    sealers.push_back(std::make_unique<RecordKey>(kSuite, secret(i, kSuite), 0));
    openers.push_back(std::make_unique<RecordKey>(kSuite, secret(i, kSuite), 0));
  }
  for (unsigned step = 0; step < 500; ++step) {
    const std::size_t at = step * 7 % 20;
    const std::string text = "text of " + std::to_string(step);
    std::string room(kRecordHeaderBytes + text.size() + 1 + kRecordTagBytes, '\0');
    sealers[at]->seal(kDataType, bytes_of(text), std::as_writable_bytes(std::span(room)), shard);
    const auto opened = openers[at]->open(std::as_writable_bytes(std::span(room)), {}, shard);
    const auto inner = opened.value_or(std::span<std::byte>());
    ASSERT_EQ(inner.size(), text.size() + 1) << step;
    EXPECT_EQ(std::memcmp(inner.data(), text.data(), text.size()), 0);
  }
  EXPECT_GT(shard.counters().key_expansions, 40U);
}

TEST(ExpandedKeys, AnActiveConnectionKeepsItsSlots) {
  Workspace shard(4);
  constexpr RecordSuite kSuite = RecordSuite::aes_128_gcm_sha256;
  RecordKey active(kSuite, secret(1, kSuite), 0);
  std::string room(kRecordHeaderBytes + 1 + 1 + kRecordTagBytes, '\0');
  const auto seal = [&](RecordKey& key) {
    const std::uint64_t before = shard.counters().key_expansions;
    key.seal(kDataType, bytes_of("x"), std::as_writable_bytes(std::span(room)), shard);
    return shard.counters().key_expansions - before;
  };
  seal(active);
  std::uint64_t expansions = 0;
  for (std::uint8_t i = 0; i < 100; ++i) {
    RecordKey passing(kSuite, secret(i, kSuite), 0);
    seal(passing);
    expansions += seal(active);
  }
  EXPECT_EQ(expansions, 0U);
}

}  // namespace
}  // namespace headrace::net::tls::test
