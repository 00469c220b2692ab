// How headracectl says why it cannot do as it was asked.
#pragma once

#include <string_view>

namespace headrace::tools::ctl {

// To standard error, fit for a terminal whatever is in it. Returns the exit status to end with.
int complain(std::string_view why);

}  // namespace headrace::tools::ctl
