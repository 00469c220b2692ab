#include "net/http/head_writer.h"

#include <array>
#include <charconv>
#include <cstring>

#include "net/http/byte_scan.h"
#include "net/http/status.h"
#include "net/http/text.h"

namespace headrace::net::http {

namespace {

constexpr std::string_view kSeparator = ": ";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kDigitsMax = 20;  // of 2^64

// Space and controls would end the target early, and what is not ASCII has no place in one.
bool fits_target(std::string_view text) {
  bool fits = true;
  for (const char c : text)
    fits &= c > ' ' && c < '\x7f';
  return fits;
}

class Digits {
 public:
  explicit Digits(std::uint64_t value)
      : size_(static_cast<std::size_t>(
            std::to_chars(text_.data(), text_.data() + kDigitsMax, value).ptr - text_.data())) {}
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, kDigitsMax> text_;
  std::size_t size_;
};

}  // namespace

bool HeadWriter::reserve(std::size_t bytes) {
  // Once something did not fit nothing more is written, so that the text never has a hole.
  if (overflowed_ || bytes > static_cast<std::size_t>(end_ - at_)) overflowed_ = true;
  return !overflowed_;
}

// Only what reserve() has made room for.
void HeadWriter::put(std::string_view text) {
  if (!text.empty()) std::memcpy(at_, text.data(), text.size());
  at_ += text.size();
}

void HeadWriter::request_line(std::string_view method, std::string_view path,
                              std::string_view query) {
  request_line(method, {path, query.empty() ? "" : "?", query});
}

void HeadWriter::request_line(std::string_view method,
                              std::initializer_list<std::string_view> target_parts) {
  constexpr std::string_view kVersion = " HTTP/1.1\r\n";
  std::size_t bytes = method.size() + 1 + kVersion.size();
  bool fits = is_token(method);
  std::size_t target_bytes = 0;
  for (const std::string_view part : target_parts) {
    fits &= fits_target(part);
    target_bytes += part.size();
  }
  if (!fits || target_bytes == 0) refused_ = true;
  bytes += target_bytes;
  if (refused_ || !reserve(bytes)) return;
  put(method);
  put(" ");
  for (const std::string_view part : target_parts)
    put(part);
  put(kVersion);
}

void HeadWriter::status_line(std::uint16_t status) {
  const std::string_view reason = reason_phrase(status);
  if (status < 100 || status > 599) refused_ = true;
  const Digits digits(status);
  if (refused_ || !reserve(9 + digits.text().size() + 1 + reason.size() + 2)) return;
  put("HTTP/1.1 ");
  put(digits.text());
  put(" ");
  put(reason);
  put(kLineEnd);
}

void HeadWriter::field(std::string_view name, std::uint64_t value) {
  field(name, {Digits(value).text()});
}

void HeadWriter::field(FieldId id, std::uint64_t value) {
  field(id, {Digits(value).text()});
}

void HeadWriter::field(std::string_view name, std::initializer_list<std::string_view> parts) {
  if (!is_token(name)) refused_ = true;
  put_field(name, parts);
}

void HeadWriter::field(FieldId id, std::initializer_list<std::string_view> parts) {
  const std::string_view name = field_name(id);
  if (name.empty()) refused_ = true;
  put_field(name, parts);
}

void HeadWriter::put_field(std::string_view name, std::initializer_list<std::string_view> parts) {
  std::size_t bytes = name.size() + kSeparator.size() + kLineEnd.size();
  for (const std::string_view part : parts) {
    if (has_control(part)) refused_ = true;
    bytes += part.size();
  }
  if (refused_ || !reserve(bytes)) return;
  put(name);
  put(kSeparator);
  for (const std::string_view part : parts)
    put(part);
  put(kLineEnd);
}

void HeadWriter::forward(const Field& field) {
  const std::string_view name = field.name;
  const std::string_view value = field.value;
  const std::size_t bytes = name.size() + kSeparator.size() + value.size();
  if (refused_ || !reserve(bytes + kLineEnd.size())) return;
  // Mostly the field was received in the very form in which it is written: then one copy does.
  const char* const line = name.data();
  const char* const separator = line + name.size();
  if (value.data() == separator + kSeparator.size() && separator[0] == ':' && separator[1] == ' ') {
    put({line, bytes});
  } else {
    put(name);
    put(kSeparator);
    put(value);
  }
  put(kLineEnd);
}

void HeadWriter::lines(std::string_view prepared) {
  if (!prepared.empty() && !prepared.ends_with(kLineEnd)) refused_ = true;
  if (refused_ || !reserve(prepared.size())) return;
  put(prepared);
}

void HeadWriter::end() {
  lines(kLineEnd);
}

}  // namespace headrace::net::http
