// The journal of the simulated gateway: memory for each shard's accounting, and a disk that takes
// what is there whenever it gets to it. At the end it says whether every admitted request has
// exactly one record.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/io.h"
#include "core/record_ring.h"
#include "core/reserved_memory.h"
#include "net/data_plane_shard.h"
#include "policy/record/usage_record.h"
#include "tests/sim/world.h"

namespace headrace::sim {

class SimJournal {
 public:
  // `cramped`: room for a few records only.
  SimJournal(World& world, bool cramped) : world_(world), cramped_(cramped) {}

  // Is shown each record; its texts last as long as the call.
  std::function<void(const policy::UsageRecord&)> on_record;

  void attach(net::DataPlaneShard& shard, core::Io& io);
  // While all shards sleep: what waits is written, after a while.
  void attend();
  // In words: records that are missing, or there twice, and what was not given back.
  [[nodiscard]] std::vector<std::string> complaints();
  [[nodiscard]] std::uint64_t records() const;
  // Calls that another one for the same request had beaten, of all records.
  [[nodiscard]] std::uint64_t beaten() const { return beaten_; }

 private:
  struct Shard {
    net::DataPlaneShard* shard;
    core::Io* io;
    core::ReservedMemory memory;
    std::unique_ptr<core::RecordRingConsumer> ring;
    std::map<std::uint64_t, std::uint32_t> records;  // by sequence number: how many
    bool writing = false;
  };

  void write(Shard& shard);

  World& world_;
  bool cramped_;
  std::uint64_t beaten_ = 0;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace headrace::sim
