#include "net/main/start_settings.h"

#include <cstring>

namespace headrace::net {

namespace config = policy::config;

namespace {

bool same_numbers(config::JournalSettings one, config::JournalSettings other) {
  // Texts are told apart by themselves: where they stand differs from base to base.
  one.directory = other.directory = {};
  one.node = other.node = {};
  return std::memcmp(&one, &other, sizeof one) == 0;
}

}  // namespace

StartSettings::StartSettings(const config::ConfigView& view)
    : settings_(view.settings()),
      limits_in_use_max_(view.quota().settings().limits_in_use_max),
      access_log_path_(view.text(settings_.access_log.path)),
      cache_(view.cache().settings()),
      audit_path_(view.text(settings_.audit.path)),
      journal_directory_(view.text(settings_.journal.directory)) {}

std::string StartSettings::changed_in(const config::ConfigView& view) const {
  const config::Settings& now = view.settings();
  std::string names;
  const auto note = [&](bool changed, const char* name) {
    if (changed) names += (names.empty() ? "" : ", ") + std::string(name);
  };
  note(now.shards.count != settings_.shards.count, "shards.count");
  note(now.shards.pin != settings_.shards.pin, "shards.pin");
  note(now.shards.spin_us != settings_.shards.spin_us, "shards.spin_us");
  // Numbers and switches without padding between them.
  note(std::memcmp(&now.io, &settings_.io, sizeof now.io) != 0, "io");
  note(now.http.bodies_memory_bytes_max != settings_.http.bodies_memory_bytes_max,
       "http.bodies_memory_bytes_max");
  note(now.http.body_bytes_max > settings_.http.body_bytes_max, "http.body_bytes_max");
  note(view.cache().settings().memory_bytes_max != cache_.memory_bytes_max,
       "cache.memory_bytes_max");
  note(view.quota().settings().limits_in_use_max != limits_in_use_max_, "quota.limits_in_use_max");
  note(now.access_log.output != settings_.access_log.output, "access_log.output");
  note(view.text(now.journal.directory) != journal_directory_, "journal.directory");
  note(!same_numbers(now.journal, settings_.journal), "journal");
  note(view.text(now.access_log.path) != access_log_path_, "access_log.path");
  note(now.audit.output != settings_.audit.output, "audit.output");
  note(view.text(now.audit.path) != audit_path_, "audit.path");
  return names;
}

}  // namespace headrace::net
