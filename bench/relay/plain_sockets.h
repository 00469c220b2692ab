// What the relays that stand on no seam need besides their own way of moving bytes. They are
// yardsticks: whatever goes wrong at their start ends them with its reason.
#pragma once

#include <string>

#include <netinet/in.h>

namespace headrace::bench {

// Ends the program with errno's words.
[[noreturn]] void die(const char* what);

// "127.0.0.1:8080".
sockaddr_in parse_address(const std::string& text);

// A socket that listens there; its address goes to standard output.
int listen_on(const std::string& text);

void without_delay(int socket);

// On this core from now on; -1 for any.
void run_on(int cpu);

}  // namespace headrace::bench
