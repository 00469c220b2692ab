// One access record as a JSON line.
#pragma once

#include <string>

#include "net/log/access_record.h"

namespace headrace::net {

// Appends the line with its line end. Everything that came from outside is escaped.
void append_log_line(const AccessRecord& record, std::string& out);

}  // namespace headrace::net
