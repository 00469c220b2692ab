#include "net/main/journal_home.h"

#include <array>
#include <ctime>

#include <unistd.h>

namespace headrace::net {

namespace config = policy::config;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

core::WallTime wall_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec};
}

std::string machine_name() {
  std::array<char, policy::kNodeBytesMax> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unnamed";
  return name.data();
}

JournalOptions options_of(const config::ConfigView& view) {
  const config::JournalSettings& row = view.settings().journal;
  JournalOptions options;
  options.node = row.node.empty() ? machine_name() : std::string(view.text(row.node));
  options.flush_interval = milliseconds(row.flush_interval_ms);
  options.segment_bytes_max = row.segment_bytes_max;
  options.segment_age_max = seconds(row.segment_age_max_s);
  options.retention_segments_max = row.retention_segments_max;
  options.retention_bytes_max = row.retention_bytes_max;
  options.retention_age_max = seconds(row.retention_age_max_s);
  return options;
}

// All incarnations were left by the dead: a journal without shards settles them.
std::expected<void, std::string> settle_the_dead(JournalFiles& files, const JournalOptions& options,
                                                 RegionHome& region) {
  auto journal =
      Journal::open(files, options, region.region(), nullptr, region.take_orphans(), wall_now());
  if (!journal) return std::unexpected(journal.error());
  const bool written = (*journal)->step(core::Instant{seconds(1)}, wall_now());
  const bool settled = written && !(*journal)->recovering();
  (*journal)->close(wall_now());
  if (settled) return {};
  return std::unexpected(
      "the journal's disk is full, and all incarnations of the shared region "
      "are held by dead processes whose records wait for it: make room");
}

}  // namespace

std::expected<std::unique_ptr<JournalHome>, std::string> JournalHome::open(
    const config::ConfigView& view, RegionHome& region) {
  const config::JournalSettings& settings = view.settings().journal;
  if (settings.directory.empty()) {
    region.drop_orphans();
    if (auto claimed = region.claim(view.bytes()); !claimed) {
      return std::unexpected(claimed.error());
    }
    return nullptr;
  }
  auto files = DiskFiles::open(std::string(view.text(settings.directory)));
  if (!files) return std::unexpected(files.error());
  const JournalOptions options = options_of(view);
  if (!region.claim(view.bytes())) {
    if (auto settled = settle_the_dead(**files, options, region); !settled) {
      return std::unexpected(settled.error());
    }
    if (auto claimed = region.claim(view.bytes()); !claimed) {
      return std::unexpected(claimed.error());
    }
  }
  auto home = std::make_unique<JournalHome>();
  home->files_ = std::move(*files);
  auto journal = Journal::open(*home->files_, options, region.region(), &region.incarnation(),
                               region.take_orphans(), wall_now());
  if (!journal) return std::unexpected(journal.error());
  home->journal_ = std::move(*journal);
  home->pools_ = region.calendar_ledger();
  if (auto set = home->journal_->set_pools(*home->pools_); !set) {
    return std::unexpected(set.error());
  }
  // A process that drains beside us may die, and hold limits then.
  home->journal_->on_settled(
      [&region](std::uint32_t incarnation) { region.give_back_limits(incarnation); });
  home->thread_ = std::make_unique<JournalThread>(*home->journal_);
  return home;
}

}  // namespace headrace::net
