// The thread that a shard runs on: named, and pinned to one processor where one is given.
//
// Lifetime: the shard must outlive the thread. Destroying joins: request the stop first.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace headrace::core {

class Shard;

// Processors that this process may run on (cpusets and affinity considered), ascending.
std::vector<unsigned> usable_processors();
// Of the calling thread. The error is words for an operator.
std::expected<void, std::string> pin_to_processor(unsigned processor);
// As top, perf and gdb show it; cut to the kernel's 15 bytes.
void name_thread(const std::string& name);

class ShardThread {
 public:
  // Starts Shard::run() on a new thread "shard-<number>". Where pinning fails an event is logged
  // and the shard runs unpinned.
  ShardThread(Shard& shard, std::optional<unsigned> processor);
  ShardThread(const ShardThread&) = delete;
  ShardThread& operator=(const ShardThread&) = delete;
  ~ShardThread();

  void join();

 private:
  std::thread thread_;
};

}  // namespace headrace::core
