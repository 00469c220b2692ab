// Options of the process itself: what it bounds of HTTP, its shards and their rings, its access log
// and its admin listener.
#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kLogOutputNames[] = {"off", "stdout", "file"};

constexpr auto kHttpRow = &HttpModel::row;
constexpr OptionSpec kHttpOptions[] = {
    size<kHttpRow, &HttpSettings::head_bytes_max>(
        "head_bytes_max", {32 * kKiB, kKiB, 256 * kKiB},
        "Request line and fields together, from clients and from providers. More is answered 431."),
    number<kHttpRow, &HttpSettings::fields_max>("fields_max", "fields", {100, 8, 128},
                                                "Fields of one head. More is answered 431."),
    size<kHttpRow, &HttpSettings::line_bytes_max>(
        "line_bytes_max", {16 * kKiB, 256, kMiB},
        "One line of a head: the request line (414), or a field (431)."),
    size<kHttpRow, &HttpSettings::body_bytes_max>("body_bytes_max", {32 * kMiB, kKiB, kGiB},
                                                  "One request body. More is answered 413."),
    size<kHttpRow, &HttpSettings::bodies_memory_bytes_max>(
        "bodies_memory_bytes_max", {256 * kMiB, kMiB, 1024 * kGiB},
        "All request bodies that are held at one time. Beyond it requests are answered 503."),
    size<kHttpRow, &HttpSettings::event_bytes_max>(
        "event_bytes_max", {32 * kMiB, 64 * kKiB, kGiB},
        "One event of a streamed answer (of Gemini's arrays, one element). A stream with a longer "
        "one is ended with an error event, and its provider blamed."),
    number<kHttpRow, &HttpSettings::head_timeout_ms>(
        "head_timeout_ms", "ms", {10 * kSecond, 100, 10 * kMinute},
        "From the first byte of a head to its last, however it drips."),
    number<kHttpRow, &HttpSettings::keep_alive_timeout_ms>(
        "keep_alive_timeout_ms", "ms", {75 * kSecond, 100, kHour},
        "How long a connection may stay open between two requests."),
    number<kHttpRow, &HttpSettings::tls_handshake_timeout_ms>(
        "tls_handshake_timeout_ms", "ms", {10 * kSecond, 100, kMinute},
        "From accepting a connection to the end of its TLS handshake."),
    number<kHttpRow, &HttpSettings::body_bytes_per_second_min>(
        "body_bytes_per_second_min", "bytes per second", {kKiB, 0, kGiB},
        "A client that sends its body more slowly is answered 408. 0 switches this off."),
    number<kHttpRow, &HttpSettings::send_bytes_per_second_min>(
        "send_bytes_per_second_min", "bytes per second", {256, 0, kGiB},
        "A client that reads its answer more slowly while bytes wait for it is cut off. 0 switches "
        "this off."),
    number<kHttpRow, &HttpSettings::rate_grace_ms>(
        "rate_grace_ms", "ms", {10 * kSecond, 100, 10 * kMinute},
        "How long a rate may be below its minimum before it counts."),
    number<kHttpRow, &HttpSettings::drain_grace_ms>(
        "drain_grace_ms", "ms", {30 * kSecond, 0, kHour},
        "How long running answers may go on after SIGTERM."),
    flag<kHttpRow, &HttpSettings::via>("via", true, "Add a Via field, as RFC 9110 asks."),
};

constexpr auto kShardRow = &ShardModel::row;
constexpr OptionSpec kShardOptions[] = {
    number<kShardRow, &ShardSettings::count>(
        "count", "shards", {0, 0, 256},
        "Threads that serve traffic. 0: one for each core that the process may use."),
    flag<kShardRow, &ShardSettings::pin>("pin", true, "Keep each shard on a core of its own."),
    number<kShardRow, &ShardSettings::spin_us>(
        "spin_us", "us", {0, 0, 10'000},
        "Poll for so long before sleeping: lower latency for burnt processor time."),
};

constexpr auto kIoRow = &IoModel::row;
constexpr OptionSpec kIoOptions[] = {
    flag<kIoRow, &IoSettings::single_issuer>("single_issuer", true,
                                             "Use the kernel's single-issuer rings."),
    flag<kIoRow, &IoSettings::defer_taskrun>("defer_taskrun", true,
                                             "Let completions wait for the shard's turn."),
    flag<kIoRow, &IoSettings::recv_multishot>("recv_multishot", true,
                                              "Arm a receive once for many arrivals."),
    flag<kIoRow, &IoSettings::accept_multishot>("accept_multishot", true,
                                                "Arm an accept once for many connections."),
    flag<kIoRow, &IoSettings::send_vectorized>("send_vectorized", true,
                                               "Send several slices in one plain send."),
    flag<kIoRow, &IoSettings::ring_messages>("ring_messages", true,
                                             "Wake other shards through their rings."),
    flag<kIoRow, &IoSettings::absolute_waits>("absolute_waits", true,
                                              "Wait until an instant instead of for a span."),
    flag<kIoRow, &IoSettings::idle_waits>(
        "idle_waits", true,
        "Let a shard that waits count as idle; monitors show it as iowait otherwise."),
    power_of_two(
        number<kIoRow, &IoSettings::small_buffers>("small_buffers", "buffers", {1024, 2, 32'768},
                                                   "Receive buffers of 4 KiB, for each shard.")),
    power_of_two(number<kIoRow, &IoSettings::bulk_buffers>(
        "bulk_buffers", "buffers", {8, 1, 1024}, "Receive buffers of 128 KiB, for each shard.")),
};

constexpr OptionSpec kAccessLogOptions[] = {
    choice<&AccessLogModel::row, &AccessLogSettings::output>(
        "output", kLogOutputNames, static_cast<std::uint64_t>(LogOutput::standard_output),
        "Where one line of JSON for each request goes."),
    text<&AccessLogModel::path>("path", TextRule::file, kFileBytesMax,
                                "The file, with `output: file`. Opened anew on SIGUSR1."),
    number<&AccessLogModel::row, &AccessLogSettings::refusals_per_second>(
        "refusals_per_second", "lines", {100, 0, 1'000'000},
        "How many refused requests of a second have a line, for each shard; the next line says how "
        "many were left out. All are counted (`journal`, metrics)."),
};

constexpr OptionSpec kAdminOptions[] = {
    by_default("127.0.0.1:9180",
               text<&AdminModel::address>("address", TextRule::address, kFileBytesMax,
                                          "Where `/health`, `/ready` and `/metrics` are served.")),
    flag<&AdminModel::row, &AdminSettings::allow_remote>(
        "allow_remote", false, "Allow an address that others than this machine can reach."),
    flag<&AdminModel::row, &AdminSettings::metrics>("metrics", true, "Serve `/metrics`."),
};

}  // namespace

constinit const SectionSpec kHttpSection = section<HttpModel>("http", kHttpOptions);
constinit const SectionSpec kShardSection = section<ShardModel>("shards", kShardOptions);
constinit const SectionSpec kIoSection = section<IoModel>("io", kIoOptions);
constinit const SectionSpec kAccessLogSection =
    section<AccessLogModel>("access_log", kAccessLogOptions);
constinit const SectionSpec kAdminSection = section<AdminModel>("admin", kAdminOptions);

}  // namespace headrace::policy::config
