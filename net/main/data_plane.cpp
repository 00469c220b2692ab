#include "net/main/data_plane.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <initializer_list>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "core/event_log.h"
#include "core/terminal_text.h"
#include "net/journal/record_areas.h"
#include "net/main/address_wait.h"
#include "net/main/config_file.h"
#include "net/main/new_addresses.h"
#include "net/main/process_memory_plan.h"
#include "policy/config/config_remarks.h"

namespace headrace::net {

namespace config = policy::config;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kNameRequestsMax = 256;
constexpr milliseconds kNamesPollInterval{1000};
// Nothing is polled for: the bell wakes it.
constexpr milliseconds kSignaturesPollInterval{60'000};
constexpr std::size_t kMessagesMax = 1024;

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers)
    sigaddset(&signals, number);
  return signals;
}

sigset_t our_signals() {
  return set_of({SIGTERM, SIGINT, SIGHUP, SIGUSR1});
}

// Who ends a gateway is what its operator wants to know afterwards.
std::string sender_of(const siginfo_t& info) {
  return info.si_code <= 0 && info.si_pid > 0 ? fmt::format("process {}", info.si_pid)
                                              : std::string("outside");
}

bool on(config::Switch value) {
  return value == config::Switch::on;
}

core::IoOptions io_options_of(const config::Settings& settings) {
  core::IoOptions options;
  options.features.single_issuer = on(settings.io.single_issuer);
  options.features.defer_taskrun = on(settings.io.defer_taskrun);
  options.features.recv_multishot = on(settings.io.recv_multishot);
  options.features.accept_multishot = on(settings.io.accept_multishot);
  options.features.send_vectorized = on(settings.io.send_vectorized);
  options.features.ring_messages = on(settings.io.ring_messages);
  options.features.absolute_waits = on(settings.io.absolute_waits);
  options.features.idle_waits = on(settings.io.idle_waits);
  options.small_buffers = static_cast<std::uint32_t>(settings.io.small_buffers);
  options.bulk_buffers = static_cast<std::uint32_t>(settings.io.bulk_buffers);
  options.spin = std::chrono::microseconds(settings.shards.spin_us);
  return options;
}

void say_remarks(const config::ConfigView& view) {
  const auto now_unix_s = static_cast<std::uint64_t>(std::time(nullptr));
  for (const std::string& remark : config::config_remarks(view, now_unix_s))
    HEADRACE_EVENT(warning, "the config: {}", remark);
}

}  // namespace

DataPlane::DataPlane(CommandLine line, const config::MasterKey& master_key)
    : line_(std::move(line)), master_key_(master_key) {}

DataPlane::~DataPlane() = default;

void DataPlane::hold_reloads() {
  const sigset_t signals = set_of({SIGHUP, SIGUSR1});
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void DataPlane::block_signals() {
  const sigset_t signals = our_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is as a full disk
}

// --- start ---------------------------------------------------------------------------------------

std::expected<void, std::string> DataPlane::start(std::shared_ptr<const ConfigSnapshot> snapshot) {
  // Nobody else keeps what the process began with: it is gone when a reload has replaced it.
  snapshot_ = std::move(snapshot);
  started_with_.emplace(snapshot_->view());
  say_remarks(snapshot_->view());
  if (line_.processor) {
    if (auto pinned = core::pin_to_processor(*line_.processor); !pinned) return pinned;
  }
  if (auto made = make_shards(snapshot_); !made) return made;
  if (auto opened = logs_.open(*snapshot_, shards_, fleet_); !opened) return opened;
  if (journal_ != nullptr) journal_->start();
  names_thread_ =
      std::make_unique<core::AttendantThread<NameWork>>(*names_, "names", kNamesPollInterval);
  signatures_thread_ = std::make_unique<core::AttendantThread<tls::SignatureWork>>(
      *signatures_, "signatures", kSignaturesPollInterval);
  const std::vector<unsigned> processors = core::usable_processors();
  const bool pin = on(snapshot_->view().settings().shards.pin) && !line_.processor;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    std::optional<unsigned> processor;
    if (pin && shards_.size() <= processors.size()) processor = processors[i];
    threads_.push_back(std::make_unique<core::ShardThread>(shards_[i]->shard(), processor));
  }
  fleet_.ready.store(true);
  std::string addresses;
  for (const std::string& address : shards_.front()->listening_on()) {
    addresses += (addresses.empty() ? "" : ", ") + address;
  }
  HEADRACE_EVENT(info, "ready: {} shard{}, listening on {}", shards_.size(),
                 shards_.size() == 1 ? "" : "s", addresses);
  return {};
}

std::expected<void, std::string> DataPlane::make_shards(
    const std::shared_ptr<const ConfigSnapshot>& snapshot) {
  const config::Settings& settings = snapshot->view().settings();
  const std::size_t processors = line_.processor ? 1 : core::usable_processors().size();
  const std::size_t count =
      settings.shards.count == 0 ? processors : static_cast<std::size_t>(settings.shards.count);
  const core::IoOptions io_options = io_options_of(settings);
  DataPlaneShard::Options options;
  options.small_buffers = io_options.small_buffers;
  options.bulk_buffers = io_options.bulk_buffers;
  options.small_buffer_bytes = io_options.small_buffer_bytes;
  budget_ = std::make_unique<core::BodyBudget>(
      static_cast<std::size_t>(settings.http.bodies_memory_bytes_max));
  post_office_ =
      std::make_unique<core::PostOffice>(static_cast<std::uint32_t>(count), kMessagesMax);
  names_ = std::make_unique<core::Attendant<NameWork>>(
      name_work_, static_cast<std::uint32_t>(count), kNameRequestsMax);
  signatures_ = std::make_unique<core::Attendant<tls::SignatureWork>>(
      signature_work_, static_cast<std::uint32_t>(count), TlsWaiting::kSignaturesMax);
  auto region =
      RegionHome::open(line_.region_path, static_cast<std::uint32_t>(count), snapshot->view());
  if (!region) return std::unexpected(region.error());
  region_.emplace(std::move(*region));
  auto journal = JournalHome::open(snapshot->view(), *region_);
  if (!journal) return std::unexpected(journal.error());
  journal_ = std::move(*journal);
  process_watch_.look();
  fleet_.process = &process_watch_.gauges();
  if (journal_ != nullptr) fleet_.journal = &journal_->journal().statistics();
  if (journal_ != nullptr && line_.region_path.empty()) {
    HEADRACE_EVENT(warning,
                   "a journal without --region: records that are not on the disk yet end with the "
                   "process");
  }
  options.limits = region_->limits();
  options.incarnation = region_->incarnation_number();
  budget_notices_ = std::make_unique<policy::BudgetNotices>();
  options.budget_notices = budget_notices_.get();
  cache_ = std::make_unique<ProcessCache>(snapshot->view().cache().settings().memory_bytes_max,
                                          static_cast<std::uint32_t>(count));
  options.cache = cache_.get();
  queues_ = std::make_unique<ProcessQueues>(static_cast<std::uint32_t>(count));
  options.queues = queues_.get();
  fleet_.target_slots = region_->target_slots();
  fleet_.key_slots = region_->key_slots();
  fleet_.limits = region_->limits();
  fleet_.last_uses = region_->region().last_uses();
  const core::MemoryPlan plan = process_memory_plan(
      options, io_options, count,
      {.region = region_->bytes(),
       .cache = static_cast<std::size_t>(snapshot->view().cache().settings().memory_bytes_max),
       .bodies = budget_->bytes_max()});
  fmt::print(stderr, "memory plan: reserved at start, touched only as it is used\n{}",
             plan.table());
  wait_for_addresses(snapshot->view());
  for (std::uint32_t number = 0; number < count; ++number) {
    auto io = core::Io::create(io_options);
    if (!io) return std::unexpected(io.error());
    post_office_->attach(number, **io);
    names_->attach(number, **io);
    signatures_->attach(number, **io);
    if (journal_ != nullptr) journal_->journal().attach(number, **io);
    mailboxes_.push_back(std::make_unique<core::Mailbox>(*post_office_, number));
    shards_.push_back(std::make_unique<DataPlaneShard>(number, std::move(*io),
                                                       mailboxes_.back().get(), snapshot, *budget_,
                                                       names_.get(), &fleet_, options));
    shards_.back()->attach(*signatures_);
    if (journal_ != nullptr) keep_records(*shards_.back(), number);
    const DataPlaneShard* first = number == 0 ? nullptr : shards_.front().get();
    if (auto listening = shards_.back()->listen(first); !listening) return listening;
  }
  for (const auto& shard : shards_) {
    fleet_.shards.push_back({.statistics = &shard->shard().statistics(),
                             .counters = &shard->context().counters,
                             .cache = &shard->cache()->statistics(),
                             .ended = &shard->ended_flag()});
  }
  return {};
}

void DataPlane::keep_records(DataPlaneShard& shard, std::uint32_t number) {
  const core::Incarnation& own = region_->incarnation();
  shard.keep_records({.region = region_->region().identity(),
                      .epoch = static_cast<std::uint32_t>(own.epoch()),
                      .shard = number},
                     record_areas(region_->region(), own.number(), number), &journal_->bell());
  shard.context().record_keeper->records().hear_of_gaps(journal_->journal().gaps(number));
}

// --- run -----------------------------------------------------------------------------------------

void DataPlane::run() {
  const sigset_t signals = our_signals();
  constexpr timespec kLookPeriod{.tv_sec = ProcessWatch::kPeriod.count(), .tv_nsec = 0};
  for (;;) {
    siginfo_t info{};
    const int signal = sigtimedwait(&signals, &info, &kLookPeriod);
    process_watch_.look();
    if (signal == SIGHUP) {
      reload();
    } else if (signal == SIGUSR1) {
      logs_.reopen();
    } else if (signal == SIGTERM || signal == SIGINT) {
      HEADRACE_EVENT(info, "told to end by {}", sender_of(info));
      drain();
      break;
    }
  }
  for (const auto& shard : shards_)
    shard->shard().request_stop();
  for (const auto& thread : threads_)
    thread->join();
  names_thread_.reset();
  signatures_thread_.reset();
  logs_.stop();
  if (journal_ != nullptr) journal_->stop();
  finish_region();
  HEADRACE_EVENT(info, "ended");
}

// What the disk did not take by now is the successor's.
void DataPlane::finish_region() {
  if (journal_ != nullptr && journal_->journal().statistics().stalled.value() != 0) {
    if (line_.region_path.empty()) {
      HEADRACE_EVENT(error,
                     "{} bytes of records that the journal's disk has not taken are lost: without "
                     "--region they end with the process",
                     journal_->journal().statistics().waiting_bytes.value());
      return;
    }
    HEADRACE_EVENT(warning,
                   "records still wait for the journal's disk: the next start writes them");
    return;
  }
  region_->finish();
}

void DataPlane::reload() {
  auto snapshot = load_config_file(line_.config_path, master_key_);
  const std::string wrong =
      snapshot ? refused_addresses((*snapshot)->view(), snapshot_->view()) : snapshot.error();
  if (!wrong.empty()) {
    HEADRACE_EVENT(error, "the config is refused, the one before goes on; what is wrong with it:");
    // All of it, a line each, as `-t` prints it: an event would be cut, and is one line.
    fmt::print(stderr, "{}", core::terminal_lines(wrong));
    fleet_.config_reloads_failed.fetch_add(1);
    return;
  }
  if (auto published = region_->publish((*snapshot)->view().bytes()); !published) {
    fleet_.config_reloads_failed.fetch_add(1);
    HEADRACE_EVENT(error, "the config is refused, the one before goes on: {}", published.error());
    return;
  }
  snapshot_ = *snapshot;
  say_remarks(snapshot_->view());
  for (const auto& shard : shards_) {
    auto* handed = new std::shared_ptr<const ConfigSnapshot>(snapshot_);
    if (!shard->command({.kind = ShardCommandKind::reload, .snapshot = handed})) {
      delete handed;
      HEADRACE_EVENT(error, "shard {} does not take commands; reload again",
                     shard->shard().number());
      return;
    }
  }
  const std::uint64_t generation = fleet_.config_generation.fetch_add(1) + 1;
  HEADRACE_EVENT(info, "config generation {} taken over", generation);
  if (const std::string changed = started_with_->changed_in(snapshot_->view()); !changed.empty()) {
    HEADRACE_EVENT(warning, "changed, but in force only from the next start on: {}", changed);
  }
}

void DataPlane::tell_all(ShardCommandKind kind) {
  for (const auto& shard : shards_) {
    while (!shard->command({.kind = kind, .snapshot = nullptr})) {
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
}

// No new requests; what runs may end, but only for so long, or until a second signal.
void DataPlane::drain() {
  fleet_.draining.store(true);
  const auto grace = milliseconds(snapshot_->view().settings().http.drain_grace_ms);
  HEADRACE_EVENT(info, "draining: what runs has {} ms to end", grace.count());
  tell_all(ShardCommandKind::drain);
  if (wait_until_ended(grace)) return;
  HEADRACE_EVENT(warning, "closing what still runs");
  tell_all(ShardCommandKind::close);
  constexpr milliseconds kCloseTime{2000};
  if (!wait_until_ended(kCloseTime)) {
    HEADRACE_EVENT(error, "connections did not close in time; ending all the same");
    logs_.stop();
    if (journal_ != nullptr) journal_->stop();
    std::_Exit(1);
  }
}

// False when the time is up or a second signal came.
bool DataPlane::wait_until_ended(milliseconds longest) {
  constexpr milliseconds kStep{5};
  const sigset_t signals = our_signals();
  const auto end = std::chrono::steady_clock::now() + longest;
  for (;;) {
    const bool ended =
        std::ranges::all_of(shards_, [](const auto& shard) { return shard->ended(); });
    if (ended) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    if (!pages_left_ && region_->has_successor()) {
      pages_left_ = true;
      tell_all(ShardCommandKind::leave_pages);
    }
    process_watch_.look();
    const timespec step{.tv_sec = 0, .tv_nsec = kStep.count() * 1'000'000};
    siginfo_t info{};
    const int signal = sigtimedwait(&signals, &info, &step);
    if (signal == SIGTERM || signal == SIGINT) {
      HEADRACE_EVENT(info, "told to end at once by {}", sender_of(info));
      return false;
    }
    // Logs are rotated while streams take their time to end; a config has nobody left to serve.
    if (signal == SIGUSR1) logs_.reopen();
    if (signal == SIGHUP) HEADRACE_EVENT(warning, "draining: the config is not read again");
    // The shards only look when something wakes them.
    for (const auto& shard : shards_)
      shard->shard().wake();
  }
}

}  // namespace headrace::net
