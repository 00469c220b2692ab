#include "tools/mock/served_log.h"

#include <algorithm>
#include <atomic>

namespace headrace::tools::mock {
namespace {

// Orders the requests of all shards.
std::atomic<std::uint64_t> last_sequence{0};

}  // namespace

void UsageSum::add(const TokenUsage& usage) {
  prompt_tokens += usage.prompt;
  cache_read_tokens += usage.cache_read;
  cache_write_tokens += usage.cache_write;
  text_tokens += usage.text;
  reasoning_tokens += usage.reasoning;
}

void UsageSum::add(const UsageSum& other) {
  prompt_tokens += other.prompt_tokens;
  cache_read_tokens += other.cache_read_tokens;
  cache_write_tokens += other.cache_write_tokens;
  text_tokens += other.text_tokens;
  reasoning_tokens += other.reasoning_tokens;
}

void EndpointTally::add(const EndpointTally& other) {
  requests += other.requests;
  completed += other.completed;
  refused += other.refused;
  streamed += other.streamed;
  aborted += other.aborted;
  usage.add(other.usage);
  usage_of_aborted.add(other.usage_of_aborted);
}

void RequestIdTally::add(const RequestIdTally& other) {
  requests += other.requests;
  completed += other.completed;
  aborted += other.aborted;
  usage.add(other.usage);
  usage_of_aborted.add(other.usage_of_aborted);
}

void Served::add(const Served& other) {
  connections_accepted += other.connections_accepted;
  connections_open += other.connections_open;
  tls_handshakes_resumed += other.tls_handshakes_resumed;
  requests += other.requests;
  requests_on_reused_connections += other.requests_on_reused_connections;
  request_ids_overflowed += other.request_ids_overflowed;
  malformed_requests += other.malformed_requests;
  parse_errors.insert(parse_errors.end(), other.parse_errors.begin(), other.parse_errors.end());
  for (std::size_t i = 0; i < requests_by_credentials.size(); ++i) {
    requests_by_credentials[i] += other.requests_by_credentials[i];
  }
  for (const auto& [text, count] : other.credentials)
    credentials[text] += count;
  for (std::size_t i = 0; i < endpoints.size(); ++i)
    endpoints[i].add(other.endpoints[i]);
  for (const auto& [id, tally] : other.request_ids)
    request_ids[id].add(tally);
  aborts.insert(aborts.end(), other.aborts.begin(), other.aborts.end());
}

void ServedLog::connection_opened() {
  const std::lock_guard lock(mutex_);
  ++sum_.connections_accepted;
  ++sum_.connections_open;
}

void ServedLog::connection_closed() {
  const std::lock_guard lock(mutex_);
  --sum_.connections_open;
}

void ServedLog::handshake_resumed() {
  const std::lock_guard lock(mutex_);
  ++sum_.tls_handshakes_resumed;
}

void ServedLog::malformed(std::string_view error) {
  const std::lock_guard lock(mutex_);
  ++sum_.malformed_requests;
  if (sum_.parse_errors.size() < kParseErrorsMax) sum_.parse_errors.emplace_back(error);
}

std::uint64_t ServedLog::request_began(const RequestInfo& info) {
  const std::lock_guard lock(mutex_);
  ++sum_.requests;
  if (info.number_on_connection > 1) ++sum_.requests_on_reused_connections;
  ++sum_.endpoints[static_cast<std::size_t>(info.route.endpoint)].requests;
  count_credentials(info);
  if (info.request_id.empty()) return 1;
  auto found = request_ids_.find(std::string_view(info.request_id));
  if (found == request_ids_.end()) {
    if (request_ids_.size() >= kRequestIdsMax) {
      ++sum_.request_ids_overflowed;
      return 1;
    }
    found = request_ids_.emplace(info.request_id, RequestIdTally{}).first;
  }
  return ++found->second.requests;
}

void ServedLog::count_credentials(const RequestInfo& info) {
  ++sum_.requests_by_credentials[std::min<std::size_t>(info.credentials.size(), 2)];
  for (const Credential& credential : info.credentials) {
    std::string text(credential_name(credential.kind));
    text.append(" ").append(credential.value);
    if (credentials_.size() < kCredentialsMax || credentials_.contains(text)) ++credentials_[text];
  }
}

void ServedLog::request_read(const RequestInfo& info, std::string_view head, std::string_view body,
                             std::uint64_t body_bytes, core::WallTime now) {
  const std::lock_guard lock(mutex_);
  LastRequest entry;
  if (last_.size() >= kLastRequestsMax) {  // its strings keep their memory
    entry = std::move(last_.front());
    last_.pop_front();
  }
  entry.sequence = last_sequence.fetch_add(1, std::memory_order_relaxed) + 1;
  entry.at_unix_nanos = now.unix_nanos;
  entry.number_on_connection = info.number_on_connection;
  entry.method.assign(info.method);
  entry.target.assign(info.target);
  entry.request_id.assign(info.request_id);
  entry.head.assign(head);
  entry.body.assign(body.substr(0, kLastBodyBytesMax));
  entry.body_bytes = body_bytes;
  entry.endpoint = info.route.endpoint;
  entry.credentials = info.credentials;
  last_.push_back(std::move(entry));
}

void ServedLog::answer_ended(const RequestInfo& info, const AnswerOutcome& outcome,
                             core::WallTime now) {
  const std::lock_guard lock(mutex_);
  EndpointTally& endpoint = sum_.endpoints[static_cast<std::size_t>(info.route.endpoint)];
  const auto found = info.request_id.empty() ? request_ids_.end()
                                             : request_ids_.find(std::string_view(info.request_id));
  RequestIdTally* const by_id = found == request_ids_.end() ? nullptr : &found->second;
  if (outcome.completed) {
    ++endpoint.completed;
    if (outcome.status >= 400) ++endpoint.refused;
    if (outcome.streamed) ++endpoint.streamed;
    endpoint.usage.add(outcome.usage);
    if (by_id != nullptr) {
      ++by_id->completed;
      by_id->usage.add(outcome.usage);
    }
    return;
  }
  ++endpoint.aborted;
  endpoint.usage_of_aborted.add(outcome.usage);
  if (by_id != nullptr) {
    ++by_id->aborted;
    by_id->usage_of_aborted.add(outcome.usage);
  }
  if (sum_.aborts.size() >= kAbortsMax) return;
  sum_.aborts.push_back({.request_id = info.request_id,
                         .endpoint = info.route.endpoint,
                         .by_peer = outcome.by_peer,
                         .events_sent = outcome.events_sent,
                         .bytes_sent = outcome.bytes_sent,
                         .at_unix_nanos = now.unix_nanos,
                         .after_request_nanos = outcome.took.count()});
}

ServedCounts ServedLog::counts() const {
  const std::lock_guard lock(mutex_);
  return {.requests = sum_.requests, .connections_accepted = sum_.connections_accepted};
}

void ServedLog::add_to(Served& sum) const {
  const std::lock_guard lock(mutex_);
  sum.add(sum_);
  for (const auto& [text, count] : credentials_)
    sum.credentials[text] += count;
  for (const auto& [id, tally] : request_ids_)
    sum.request_ids[id].add(tally);
}

std::vector<LastRequest> ServedLog::last_requests() const {
  const std::lock_guard lock(mutex_);
  return {last_.begin(), last_.end()};
}

void ServedLog::reset() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t open = sum_.connections_open;
  sum_ = Served();
  sum_.connections_open = open;
  request_ids_.clear();
  credentials_.clear();
  last_.clear();
}

}  // namespace headrace::tools::mock
