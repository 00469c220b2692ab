#include "net/main/process_logs.h"

namespace headrace::net {

namespace config = policy::config;

std::expected<void, std::string> ProcessLogs::open(
    const ConfigSnapshot& snapshot, std::span<const std::unique_ptr<DataPlaneShard>> shards,
    Fleet& fleet) {
  const config::Settings& settings = snapshot.view().settings();
  const auto open_one = [&](const LogKind& kind, config::LogOutput output, config::TextRef path,
                            auto log_of,
                            std::unique_ptr<LogWriter>& into) -> std::expected<void, std::string> {
    if (output == config::LogOutput::off) return {};
    auto writer = LogWriter::open(kind, output == config::LogOutput::file
                                            ? std::string(snapshot.view().text(path))
                                            : std::string());
    if (!writer) return std::unexpected(writer.error());
    into = std::move(*writer);
    for (const auto& shard : shards)
      into->attach(((*shard).*log_of)());
    into->start();
    return {};
  };
  auto opened = open_one(kAccessLogKind, settings.access_log.output, settings.access_log.path,
                         &DataPlaneShard::access_log, access_);
  if (opened) {
    opened = open_one(kAuditLogKind, settings.audit.output, settings.audit.path,
                      &DataPlaneShard::audit_log, audit_);
  }
  if (access_ != nullptr) fleet.access_lines_lost = &access_->lines_lost();
  if (audit_ != nullptr) fleet.audit_lines_lost = &audit_->lines_lost();
  return opened;
}

void ProcessLogs::reopen() {
  for (const auto& writer : {&access_, &audit_}) {
    if (*writer != nullptr) (*writer)->reopen();
  }
}

void ProcessLogs::stop() {
  for (const auto& writer : {&access_, &audit_}) {
    if (*writer != nullptr) (*writer)->stop();
  }
}

}  // namespace headrace::net
