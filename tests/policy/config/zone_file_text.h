// Makes time zone files as machines keep them (RFC 8536, version 2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headrace::policy::config {

struct ZoneTransition {
  std::int64_t at = 0;
  std::uint8_t type = 0;
};

inline void put_big_endian(std::string& into, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i > 0; --i)
    into += static_cast<char>(value >> 8 * (i - 1) & 0xFF);
}

inline std::string zone_file_text(const std::vector<ZoneTransition>& transitions,
                                  const std::vector<std::int32_t>& offsets) {
  std::string file;
  for (const bool wide : {false, true}) {
    file += "TZif2" + std::string(15, '\0');
    for (const std::size_t count :
         {std::size_t{0}, std::size_t{0}, std::size_t{0}, wide ? transitions.size() : 0,
          wide ? offsets.size() : 1, std::size_t{4}}) {
      put_big_endian(file, count, 4);
    }
    if (wide) {
      for (const ZoneTransition& transition : transitions)
        put_big_endian(file, static_cast<std::uint64_t>(transition.at), 8);
      for (const ZoneTransition& transition : transitions)
        file += static_cast<char>(transition.type);
    }
    for (const std::int32_t offset : wide ? offsets : std::vector<std::int32_t>{0}) {
      put_big_endian(file, static_cast<std::uint32_t>(offset), 4);
      file += std::string(2, '\0');
    }
    file += std::string("UTC\0", 4);
  }
  return file + "\nUTC0\n";
}

}  // namespace headrace::policy::config
