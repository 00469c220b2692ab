// Makes answers as the mock does, from a request's path and body, for tests to look at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "tools/mock/answer.h"
#include "tools/mock/answer_plan.h"
#include "tools/mock/behaviour.h"
#include "tools/mock/endpoint.h"
#include "tools/mock/request_facts.h"

namespace headrace::tools::mock {

struct SseEvent {
  std::string event;
  std::string data;
};

class Answers {
 public:
  explicit Answers(std::uint64_t seed = 1)
      : plain_(seed, ProseKind::plain), tricky_(seed, ProseKind::tricky) {
    provider_ = {.seed = seed, .plain = &plain_, .tricky = &tricky_, .models = {"alpha", "beta"}};
  }

  Behaviour behaviour;

  // Applies a setting by its name, as flags and headers do.
  Answers& with(std::string_view name, std::string_view value) {
    const Setting* setting = find_setting(name);
    EXPECT_NE(setting, nullptr) << name;
    if (setting != nullptr) {
      const auto applied = setting->apply(behaviour, value);
      EXPECT_TRUE(applied.has_value()) << name << ": " << (applied ? "" : applied.error());
    }
    return *this;
  }

  const AnswerPlan& plan(std::string_view path, std::string_view body, std::string_view query = "",
                         std::string_view method = "POST", bool anthropic = false) {
    const Route route = find_route(method, path, query, anthropic);
    EXPECT_NE(route.endpoint, Endpoint::unknown) << path;
    RequestFacts facts;
    facts.model = route.model;
    padded_.assign(body);
    padded_.append(RequestFactsReader::kPadding, '\0');
    if (takes_body(route.endpoint)) {
      const auto read = reader_.read(route, std::string_view(padded_).substr(0, body.size()));
      EXPECT_TRUE(read.has_value()) << (read ? "" : read.error());
      if (read) facts = *read;
    }
    plan_.created_unix_seconds = 1700000000;
    plan_answer(provider_, route, facts, {body.size(), core::hash64(body, provider_.seed)},
                behaviour, 42, plan_);
    return plan_;
  }

  // The whole unstreamed body, parsed.
  nlohmann::json body(std::string_view path, std::string_view request, std::string_view query = "",
                      std::string_view method = "POST", bool anthropic = false) {
    std::string out;
    put_answer(out, provider_, plan(path, request, query, method, anthropic));
    return parsed(out);
  }

  // The whole stream as it would stand on the wire.
  std::string stream(std::string_view path, std::string_view request, std::string_view query = "") {
    const AnswerPlan& made = plan(path, request, query);
    EXPECT_TRUE(made.stream);
    std::string out;
    cursor_.restart();
    while (put_next_event(out, made, cursor_) != EventKind::end) {
    }
    return out;
  }
  [[nodiscard]] const AnswerCursor& cursor() const { return cursor_; }
  [[nodiscard]] const Provider& provider() const { return provider_; }

  static nlohmann::json parsed(std::string_view text) {
    auto json = nlohmann::json::parse(text, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << text;
    return json;
  }

 private:
  Prose plain_;
  Prose tricky_;
  Provider provider_;
  RequestFactsReader reader_;
  std::string padded_;
  AnswerPlan plan_;
  AnswerCursor cursor_;
};

// Takes server-sent events apart by the rules of the HTML standard: fields by line, events by
// empty line. Fails the test on any line that is no field.
inline std::vector<SseEvent> sse_events(std::string_view stream) {
  std::vector<SseEvent> events;
  SseEvent event;
  while (!stream.empty()) {
    const auto end = stream.find('\n');
    EXPECT_NE(end, std::string_view::npos) << "an unfinished line: " << stream;
    if (end == std::string_view::npos) break;
    std::string_view line = stream.substr(0, end);
    stream.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      if (!event.data.empty()) events.push_back(event);
      event = {};
    } else if (line.starts_with("data: ")) {
      event.data += line.substr(6);
    } else if (line.starts_with("event: ")) {
      event.event = line.substr(7);
    } else {
      ADD_FAILURE() << "not a field of an event: " << line;
    }
  }
  EXPECT_TRUE(event.data.empty()) << "an event without its empty line";
  return events;
}

}  // namespace headrace::tools::mock
