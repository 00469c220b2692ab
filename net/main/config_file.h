// A config file becomes a snapshot: read, compiled by policy/config, and built into what the data
// plane serves by. For start and reload alike. The file holds YAML, or the base that `headracectl
// compile` made of it.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "net/config_snapshot.h"
#include "policy/config/seal.h"

namespace headrace::net {

// The master key from HEADRACE_MASTER_KEY, or the file that HEADRACE_MASTER_KEY_FILE names, or
// systemd's credential `headrace-master-key`; a random one for this process where there is none.
std::expected<policy::config::MasterKey, std::string> find_master_key();
// One of these is there: what is sealed now can be unsealed by another process.
bool is_master_key_given();

// The compiled base. Errors: every one of the file, each a line with place and remedy.
std::expected<std::vector<std::byte>, std::string> compile_config_file(
    const std::string& path, const policy::config::MasterKey& master_key);

std::expected<std::shared_ptr<const ConfigSnapshot>, std::string> load_config_file(
    const std::string& path, const policy::config::MasterKey& master_key);

}  // namespace headrace::net
