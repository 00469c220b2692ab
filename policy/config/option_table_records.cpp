// Options of the journal and of what a request waits for.
#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"

namespace headrace::policy::config {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
constexpr std::uint64_t kHour = 3600;
constexpr std::uint64_t kDay = 24 * kHour;

constexpr std::string_view kOnDisconnectNames[] = {"cancel", "drain"};

constexpr auto kJournalRow = &JournalModel::row;
constexpr OptionSpec kJournalOptions[] = {
    otherwise("none: no usage records are kept",
              text<&JournalModel::directory>(
                  "directory", TextRule::file, 1024,
                  "The folder of the journal's segments, on a disk. Made where it is missing.")),
    otherwise("the machine's name",
              text<&JournalModel::node>("node", TextRule::identifier, 128,
                                        "By which the journal calls this node.")),
    number<kJournalRow, &JournalSettings::records_per_second_planned>(
        "records_per_second_planned", "records per second", {2000, 1, 100'000},
        "Of each shard: memory is reserved for 60 seconds of them, in which a disk that takes "
        "nothing may recover. Beyond that requests are answered 503."),
    number<kJournalRow, &JournalSettings::requests_under_way_max>(
        "requests_under_way_max", "requests", {16'384, 16, 1'000'000},
        "Of each shard: entries of the table that tells a successor what was under way when a "
        "process died. Beyond it requests are answered 503."),
    number<kJournalRow, &JournalSettings::flush_interval_ms>(
        "flush_interval_ms", "ms", {100, 1, 10'000},
        "How long a record may wait to be on the disk: what a power failure costs."),
    size<kJournalRow, &JournalSettings::segment_bytes_max>(
        "segment_bytes_max", {64 * kMiB, 64 * 1024, kGiB},
        "A segment ends when it has reached this, and the next one begins."),
    number<kJournalRow, &JournalSettings::segment_age_max_s>(
        "segment_age_max_s", "s", {kHour, 1, 30 * kDay}, "A segment ends at this age."),
    number<kJournalRow, &JournalSettings::retention_segments_max>(
        "retention_segments_max", "segments", {0, 0, 1'000'000},
        "The oldest segments beyond so many are removed. 0: none for this reason."),
    size<kJournalRow, &JournalSettings::retention_bytes_max>(
        "retention_bytes_max", {0, 0, 1024 * 1024 * kGiB},
        "The oldest segments beyond so many bytes are removed. 0: none for this reason."),
    number<kJournalRow, &JournalSettings::retention_age_max_s>(
        "retention_age_max_s", "s", {0, 0, 3660 * kDay},
        "Segments that were ended longer ago are removed. 0: none for this reason."),
    flag<kJournalRow, &JournalSettings::body_tags>(
        "body_tags", true,
        "`metadata`, `user` and `safety_identifier` of request bodies stand in records, as tags "
        "behind those of `X-Headrace-Tags`. They may name people: false leaves them out."),
};

constexpr auto kBillingRow = &BillingModel::row;
constexpr OptionSpec kBillingOptions[] = {
    flag<kBillingRow, &BillingSettings::strict>(
        "strict", false,
        "A request goes to its provider only when its intent is on the disk: then even a power "
        "failure costs no record. Needs `journal.directory`."),
    choice<kBillingRow, &BillingSettings::on_disconnect>(
        "on_disconnect", kOnDisconnectNames, 0,
        "When a client leaves before its answer is complete: `cancel` the provider's answer at "
        "once, and bill what had come; or `drain` it, and bill what the provider says."),
};

}  // namespace

constinit const SectionSpec kJournalSection = section<JournalModel>("journal", kJournalOptions);
constinit const SectionSpec kBillingSection = section<BillingModel>("billing", kBillingOptions);

}  // namespace headrace::policy::config
