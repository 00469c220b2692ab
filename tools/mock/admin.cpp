#include "tools/mock/admin.h"

#include <algorithm>
#include <charconv>

#include <simdjson.h>

#include "net/http/query.h"
#include "tools/mock/base64.h"
#include "tools/mock/put.h"

namespace headrace::tools::mock {
namespace {

void put_sum(std::string& out, const UsageSum& sum) {
  put(out, R"({"prompt_tokens":)", sum.prompt_tokens, R"(,"cache_read_tokens":)",
      sum.cache_read_tokens, R"(,"cache_write_tokens":)", sum.cache_write_tokens,
      R"(,"text_tokens":)", sum.text_tokens, R"(,"reasoning_tokens":)", sum.reasoning_tokens,
      R"(,"output_tokens":)", sum.text_tokens + sum.reasoning_tokens, '}');
}

void put_tally(std::string& out, const EndpointTally& tally) {
  put(out, R"({"requests":)", tally.requests, R"(,"completed":)", tally.completed, R"(,"refused":)",
      tally.refused, R"(,"streamed":)", tally.streamed, R"(,"aborted":)", tally.aborted,
      R"(,"usage":)");
  put_sum(out, tally.usage);
  put(out, R"(,"usage_of_aborted":)");
  put_sum(out, tally.usage_of_aborted);
  put(out, '}');
}

void put_tally(std::string& out, const RequestIdTally& tally) {
  put(out, R"({"requests":)", tally.requests, R"(,"completed":)", tally.completed, R"(,"aborted":)",
      tally.aborted, R"(,"usage":)");
  put_sum(out, tally.usage);
  put(out, R"(,"usage_of_aborted":)");
  put_sum(out, tally.usage_of_aborted);
  put(out, '}');
}

void put_abort(std::string& out, const AbortedAnswer& aborted) {
  put(out, R"({"request_id":")", Escaped{aborted.request_id}, R"(","endpoint":")",
      endpoint_name(aborted.endpoint), R"(","by_peer":)", aborted.by_peer, R"(,"events_sent":)",
      aborted.events_sent, R"(,"bytes_sent":)", aborted.bytes_sent, R"(,"at_unix_nanos":)",
      aborted.at_unix_nanos, R"(,"after_request_nanos":)", aborted.after_request_nanos, '}');
}

void put_text_or_base64(std::string& out, std::string_view name, std::string_view bytes) {
  if (simdjson::validate_utf8(bytes.data(), bytes.size())) {
    put(out, '"', name, "\":\"", Escaped{bytes}, '"');
  } else {
    put(out, '"', name, "_base64\":\"");
    put_base64(out, bytes);
    put(out, '"');
  }
}

AdminAnswer refused(int status, std::string_view why) {
  AdminAnswer answer{.status = status, .body = {}};
  put(answer.body, R"({"error":")", Escaped{why}, "\"}");
  return answer;
}

// Applies one value of {"name": value}: a string, a number, true or false, or a list of these.
std::expected<void, std::string> apply_value(const Setting& setting, simdjson::dom::element value,
                                             Behaviour& behaviour) {
  simdjson::dom::array list;
  if (value.get(list) == simdjson::SUCCESS) {
    for (const auto entry : list) {
      if (auto applied = apply_value(setting, entry, behaviour); !applied) return applied;
    }
    return {};
  }
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return setting.apply(behaviour, text);
  return setting.apply(behaviour, simdjson::minify(value));
}

}  // namespace

Admin::Admin(Behaviour start)
    : start_(std::move(start)),
      honest_(std::make_shared<Behaviour>()),
      behaviour_(std::make_shared<Behaviour>(start_)) {}

std::shared_ptr<const Behaviour> Admin::behaviour() const {
  const std::lock_guard lock(mutex_);
  return behaviour_;
}

AdminAnswer Admin::answer(std::string_view method, std::string_view path, std::string_view query,
                          std::string_view body) {
  if (path == "/mock/served" && method == "GET") {
    return {.status = 200, .body = served_json(served())};
  }
  if (path == "/mock/counters" && method == "GET") {
    return {.status = 200, .body = counters()};
  }
  if (path == "/mock/last" && method == "GET") return last(query);
  if (path == "/mock/reset" && method == "POST") {
    for (ServedLog* log : logs_)
      log->reset();
    return {.status = 200, .body = "{}"};
  }
  if (path == "/mock/behaviour") {
    if (method == "POST") return change_behaviour(body);
    if (method == "DELETE") publish(start_, "{}");
    if (method == "GET" || method == "DELETE") {
      const std::lock_guard lock(mutex_);
      return {.status = 200, .body = changes_};
    }
  }
  return refused(
      404, "There is /mock/served, /mock/counters, /mock/last, /mock/reset and /mock/behaviour.");
}

std::string Admin::counters() const {
  ServedCounts sum;
  for (const ServedLog* log : logs_) {
    const ServedCounts part = log->counts();
    sum.requests += part.requests;
    sum.connections_accepted += part.connections_accepted;
  }
  std::string out;
  put(out, R"({"requests":)", sum.requests, R"(,"connections_accepted":)", sum.connections_accepted,
      "}\n");
  return out;
}

Served Admin::served() const {
  Served sum;
  for (const ServedLog* log : logs_)
    log->add_to(sum);
  std::ranges::sort(sum.aborts, {}, &AbortedAnswer::at_unix_nanos);
  return sum;
}

AdminAnswer Admin::last(std::string_view query) const {
  std::vector<LastRequest> requests;
  for (const ServedLog* log : logs_) {
    for (LastRequest& request : log->last_requests())
      requests.push_back(std::move(request));
  }
  if (const auto id = net::http::find_parameter(query, "id")) {
    std::erase_if(requests, [&id](const LastRequest& r) { return r.request_id != *id; });
  }
  std::ranges::sort(requests, std::ranges::greater(), &LastRequest::sequence);
  std::size_t count = 1;
  if (const auto n = net::http::find_parameter(query, "n")) {
    std::from_chars(n->data(), n->data() + n->size(), count);
  }
  AdminAnswer answer;
  put(answer.body, R"({"requests":[)");
  for (std::size_t i = 0; i < std::min(count, requests.size()); ++i) {
    put(answer.body, i == 0 ? "" : ",");
    put_last_request(answer.body, requests[i]);
  }
  put(answer.body, "]}");
  return answer;
}

AdminAnswer Admin::change_behaviour(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::object fields;
  if (parser.parse(body.data(), body.size()).get(fields) != simdjson::SUCCESS) {
    return refused(400, "The body is not a JSON object of settings.");
  }
  Behaviour changed = start_;
  for (const auto& field : fields) {
    const Setting* setting = find_setting(field.key);
    if (setting == nullptr) {
      return refused(400, "There is no setting \"" + std::string(field.key) + "\".");
    }
    if (const auto applied = apply_value(*setting, field.value, changed); !applied) {
      return refused(400, std::string(field.key) + ": " + applied.error());
    }
  }
  std::string changes = simdjson::minify(fields);
  publish(std::move(changed), changes);
  return {.status = 200, .body = std::move(changes)};
}

void Admin::publish(Behaviour behaviour, std::string changes) {
  const std::lock_guard lock(mutex_);
  behaviour_ = std::make_shared<Behaviour>(std::move(behaviour));
  changes_ = std::move(changes);
  generation_.fetch_add(1, std::memory_order_release);
}

std::string served_json(const Served& served) {
  std::string out;
  put(out, R"({"connections":{"accepted":)", served.connections_accepted, R"(,"open":)",
      served.connections_open, R"(,"requests_on_reused":)", served.requests_on_reused_connections,
      R"(,"tls_resumed":)", served.tls_handshakes_resumed, R"(},"requests":)", served.requests,
      R"(,"malformed_requests":)", served.malformed_requests, R"(,"parse_errors":[)");
  for (std::size_t i = 0; i < served.parse_errors.size(); ++i) {
    put(out, i == 0 ? "\"" : ",\"", Escaped{served.parse_errors[i]}, '"');
  }
  put(out, R"(],"requests_by_credentials":{"none":)", served.requests_by_credentials[0],
      R"(,"one":)", served.requests_by_credentials[1], R"(,"several":)",
      served.requests_by_credentials[2], R"(},"credentials":{)");
  std::string_view comma;
  for (const auto& [text, count] : served.credentials) {
    put(out, comma, '"', Escaped{text}, "\":", count);
    comma = ",";
  }
  put(out, R"(},"endpoints":{)");
  comma = {};
  EndpointTally total;
  for (std::size_t i = 0; i < served.endpoints.size(); ++i) {
    const EndpointTally& tally = served.endpoints[i];
    total.add(tally);
    if (tally.requests == 0) continue;
    put(out, comma, '"', endpoint_name(static_cast<Endpoint>(i)), "\":");
    put_tally(out, tally);
    comma = ",";
  }
  put(out, R"(},"total":)");
  put_tally(out, total);
  put(out, R"(,"request_ids_overflowed":)", served.request_ids_overflowed, R"(,"request_ids":{)");
  comma = {};
  for (const auto& [id, tally] : served.request_ids) {
    put(out, comma, '"', Escaped{id}, "\":");
    put_tally(out, tally);
    comma = ",";
  }
  put(out, R"(},"aborts":[)");
  comma = {};
  for (const AbortedAnswer& aborted : served.aborts) {
    put(out, comma);
    put_abort(out, aborted);
    comma = ",";
  }
  put(out, "]}\n");
  return out;
}

void put_last_request(std::string& out, const LastRequest& request) {
  put(out, R"({"sequence":)", request.sequence, R"(,"at_unix_nanos":)", request.at_unix_nanos,
      R"(,"number_on_connection":)", request.number_on_connection, R"(,"endpoint":")",
      endpoint_name(request.endpoint), R"(","method":")", Escaped{request.method},
      R"(","target":")", Escaped{request.target}, R"(","request_id":")",
      Escaped{request.request_id}, R"(","credentials":[)");
  for (std::size_t i = 0; i < request.credentials.size(); ++i) {
    put(out, i == 0 ? "" : ",", R"({"kind":")", credential_name(request.credentials[i].kind),
        R"(","value":")", Escaped{request.credentials[i].value}, "\"}");
  }
  put(out, "],");
  put_text_or_base64(out, "head", request.head);
  put(out, R"(,"body_bytes":)", request.body_bytes, ',');
  put_text_or_base64(out, "body", request.body);
  put(out, '}');
}

}  // namespace headrace::tools::mock
