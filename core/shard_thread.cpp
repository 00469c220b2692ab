#include "core/shard_thread.h"

#include <cerrno>
#include <cstring>

#include <pthread.h>
#include <sched.h>

#include "core/event_log.h"
#include "core/shard.h"

namespace headrace::core {

namespace {

constexpr std::size_t kThreadNameBytesMax = 15;

// Up to 4096 processors: more than the fixed cpu_set_t holds.
constexpr std::size_t kProcessorsMax = 4096;

struct ProcessorSet {
  cpu_set_t parts[kProcessorsMax / CPU_SETSIZE];
};

}  // namespace

std::vector<unsigned> usable_processors() {
  ProcessorSet set{};
  std::vector<unsigned> processors;
  if (::sched_getaffinity(0, sizeof(set), set.parts) != 0) return processors;
  for (unsigned processor = 0; processor < kProcessorsMax; ++processor) {
    if (CPU_ISSET_S(processor, sizeof(set), set.parts)) processors.push_back(processor);
  }
  return processors;
}

std::expected<void, std::string> pin_to_processor(unsigned processor) {
  if (processor >= kProcessorsMax) return std::unexpected("there is no such processor");
  ProcessorSet set{};
  CPU_SET_S(processor, sizeof(set), set.parts);
  if (::sched_setaffinity(0, sizeof(set), set.parts) == 0) return {};
  if (errno == EINVAL) return std::unexpected("this process may not run on that processor");
  return std::unexpected(std::string(std::strerror(errno)));
}

void name_thread(const std::string& name) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, kThreadNameBytesMax).c_str());
}

ShardThread::ShardThread(Shard& shard, std::optional<unsigned> processor)
    : thread_([&shard, processor] {
        name_thread("shard-" + std::to_string(shard.number()));
        never_wait_for_event_log();
        if (processor.has_value()) {
          if (auto pinned = pin_to_processor(*processor); !pinned) {
            HEADRACE_EVENT(warning, "shard {} runs unpinned: processor {}: {}", shard.number(),
                           *processor, pinned.error());
          }
        }
        shard.run();
      }) {}

ShardThread::~ShardThread() {
  join();
}

void ShardThread::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace headrace::core
