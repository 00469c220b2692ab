// Texts that hold secrets, made longer without leaving a copy behind.
//
// Threads: any.  Lifetime: whoever owns the text wipes it in the end (OPENSSL_cleanse).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace headrace::policy::config {

// Puts the pieces behind what is there; where that has to move, its old place is wiped.
void append_secret(std::string& secret, std::initializer_list<std::string_view> pieces);

}  // namespace headrace::policy::config
