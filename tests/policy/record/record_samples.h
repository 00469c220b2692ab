// Records for tests: one with everything in it, and random ones.
#pragma once

#include <string>

#include "core/random.h"
#include "policy/record/usage_record.h"

namespace headrace::policy {

inline UsageRecord full_record() {
  UsageRecord record;
  record.id = {.source = {.region = 0xc0ffee, .epoch = 3, .shard = 1}, .sequence = 42};
  record.trace = {1, 2};
  record.request_id = "request-1";
  record.organisation = "org";
  record.tenant = "acme";
  record.project = "search";
  record.key = "ci";
  record.user = "ada";
  record.tags = "task=summary,team=a";
  record.route = "gpt-4o";
  record.provider = "openai";
  record.model = "gpt-4o-mini";
  record.dialect = Dialect::anthropic;
  record.endpoint = Endpoint::messages;
  record.begun_unix_nanos = 1'800'000'000'000'000'000;
  record.ended_unix_nanos = record.begun_unix_nanos + 5;
  record.begun_nanos = 10;
  record.first_byte_nanos = 12;
  record.ended_nanos = 15;
  record.bytes_in = 100;
  record.bytes_out = 200;
  record.status = 200;
  record.ending = RecordEnding::answered;
  record.streamed = true;
  record.limit = "tenant acme: tokens per day";
  record.usage.in_fresh = 1000;
  record.usage.out_text = 50;
  record.usage.audio_seconds = 7;
  record.usage.service_tier = ShortText("priority");
  record.usage.source = UsageSource::provider;
  record.raw.set(RawField::input_tokens, 1000);
  record.raw.set(RawField::output_tokens, 50);
  record.price = "2026-11-01";
  record.cost = core::MicroUsd(1234);
  record.cost_saved = core::MicroUsd(5);
  record.waited_nanos = 6'000'000;
  record.reserved_money = core::MicroUsd(2000);
  record.reserved_tokens = core::Tokens(4096);
  record.attempt_count = 2;
  record.attempts[0] = {.provider = "slow",
                        .begun_nanos = 10,
                        .duration_nanos = 2,
                        .cost = core::MicroUsd(3),
                        .status = 503,
                        .failure = 4};
  record.attempts[1] = {.provider = "openai",
                        .begun_nanos = 12,
                        .duration_nanos = 3,
                        .cost = core::MicroUsd(1231),
                        .status = 200,
                        .failure = 0};
  return record;
}

}  // namespace headrace::policy
