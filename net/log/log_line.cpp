#include "net/log/log_line.h"

#include <array>
#include <string_view>

#include "core/check.h"
#include "net/log/access_log.h"
#include "net/log/line_writer.h"

namespace headrace::net {

namespace {

std::int64_t micros(core::Duration duration) {
  return duration.count() / 1000;
}

void write_usage(const policy::Usage& usage, LineWriter& line) {
  if (usage.source == policy::UsageSource::none) return;
  line.plain(",\"usage_source\":\"", policy::to_text(usage.source));
  line.number(",\"tokens_in\":", usage.in_total());
  line.number(",\"tokens_out\":", usage.out_total());
  line.number_if_any(",\"tokens_in_cache_read\":", usage.in_cache_read);
  line.number_if_any(",\"tokens_in_cache_write\":",
                     usage.in_cache_write_5m + usage.in_cache_write_1h);
  line.number_if_any(",\"tokens_in_audio\":", usage.in_audio);
  line.number_if_any(",\"tokens_in_image\":", usage.in_image);
  line.number_if_any(",\"tokens_out_reasoning\":", usage.out_reasoning);
  line.number_if_any(",\"tokens_out_audio\":", usage.out_audio);
  line.number_if_any(",\"tokens_out_image\":", usage.out_image);
  line.number_if_any(",\"web_searches\":", usage.web_searches);
  line.text(",\"service_tier\":\"", usage.service_tier.view());
}

}  // namespace

std::size_t write_log_line(const AccessRecord& record, std::span<char> out) {
  HEADRACE_CHECK(out.size() >= kLogLineBytesMax);
  std::array<char, PeerAddress::kTextBytesMax> peer;
  LineWriter line(out.data());
  line.raw("{\"time\":\"");
  line.time(record.ended_at);
  line.raw("\"");
  line.plain(",\"request_id\":\"", record.request_id);
  line.plain(",\"peer\":\"", record.peer.text(peer));
  line.plain(",\"method\":\"", http::method_text(record.method));
  line.text(",\"path\":\"", record.path);
  line.number(",\"status\":", record.status);
  line.number(",\"duration_us\":", micros(record.duration));
  if (record.time_to_first_byte != core::Duration::zero()) {
    line.number(",\"first_byte_us\":", micros(record.time_to_first_byte));
  }
  line.number_if_any(",\"waited_us\":", micros(record.waited));
  line.number(",\"bytes_in\":", static_cast<std::int64_t>(record.bytes_in));
  line.number(",\"bytes_out\":", static_cast<std::int64_t>(record.bytes_out));
  line.text(",\"tenant\":\"", record.tenant);
  line.text(",\"key\":\"", record.key);
  line.text(",\"user\":\"", record.user);
  line.plain(",\"endpoint\":\"", policy::to_text(record.endpoint));
  line.text(",\"model\":\"", record.model);
  line.text(",\"provider\":\"", record.provider);
  line.number_if_any(",\"attempts\":", record.attempts);
  line.plain(",\"tries\":\"", record.tries);
  write_usage(record.usage, line);
  line.flag(",\"streamed\":true", record.streamed);
  line.flag(",\"local\":true", record.local);
  line.flag(",\"cut\":true", record.cut);
  line.plain(",\"code\":\"", record.code);
  line.plain(",\"limit\":\"", record.limit);
  line.number_if_any(",\"refusals_left_out\":",
                     static_cast<std::int64_t>(record.refusals_left_out));
  line.plain(",\"upstream_failure\":\"", name(record.failure));
  line.number(",\"shard\":", record.shard);
  line.raw("}\n");
  return static_cast<std::size_t>(line.at() - out.data());
}

std::size_t write_access_line(std::span<const std::byte> record, std::span<char> out) {
  AccessRecord read;
  return read_access_record(record, read) ? write_log_line(read, out) : 0;
}

}  // namespace headrace::net
