// Reads the files that a config names: certificates, keys, anchors.
//
// Threads: the loading thread; may block.  Errors: a line for an operator.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "net/file_bytes.h"

namespace headrace::net {

// Files of up to 4 MiB.
std::expected<FileBytes, std::string> read_config_file(std::string_view path);

}  // namespace headrace::net
