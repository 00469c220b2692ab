// The log files of the process: the access log and the audit log, where the config has them.
//
// Threads:  the main thread; each log is written by a thread of its own.
// Lifetime: from before the shards run until they have ended.
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string>

#include "net/config_snapshot.h"
#include "net/data_plane_shard.h"
#include "net/fleet.h"
#include "net/log/log_writer.h"

namespace headrace::net {

class ProcessLogs {
 public:
  // The error is for an operator.
  std::expected<void, std::string> open(const ConfigSnapshot& snapshot,
                                        std::span<const std::unique_ptr<DataPlaneShard>> shards,
                                        Fleet& fleet);
  // Their files were moved away: they go on in new ones.
  void reopen();
  void stop();

 private:
  std::unique_ptr<LogWriter> access_;
  std::unique_ptr<LogWriter> audit_;
};

}  // namespace headrace::net
