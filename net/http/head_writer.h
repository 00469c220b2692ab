// Writes heads into a fixed piece of memory: everything that we send was written here.
//
// Invariants: never writes beyond its memory; what does not fit sets overflowed() and the text is
//             not to be used. Names that are not tokens and values with control characters (CR, LF,
//             NUL above all) set refused(): no caller can split a message by what it passes in.
//             Check ok() once, after end().
// RFC 9112 sections 3, 4 and 5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "net/http/field.h"

namespace headrace::net::http {

class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> into)
      : begin_(into.data()), at_(into.data()), end_(into.data() + into.size()) {}
  explicit HeadWriter(std::span<std::byte> into)
      : HeadWriter(std::span<char>(reinterpret_cast<char*>(into.data()), into.size())) {}

  // "POST /v1/x?a=1 HTTP/1.1"; no "?" where the query is empty.
  void request_line(std::string_view method, std::string_view path, std::string_view query = {});
  // The target in parts: a provider's base path, then ours.
  void request_line(std::string_view method, std::initializer_list<std::string_view> target_parts);
  // "HTTP/1.1 200 OK": the reason is ours, by reason_phrase().
  void status_line(std::uint16_t status);

  void field(std::string_view name, std::string_view value) { field(name, {value}); }
  void field(FieldId id, std::string_view value) { field(id, {value}); }
  void field(std::string_view name, std::uint64_t value);
  void field(FieldId id, std::uint64_t value);
  // The value in parts: field("Authorization", {"Bearer ", key}).
  void field(std::string_view name, std::initializer_list<std::string_view> parts);
  void field(FieldId id, std::initializer_list<std::string_view> parts);
  // A field as a parser left it: checked there, not again.
  void forward(const Field& field);
  // Whole lines "Name: value\r\n" that the caller made beforehand from constants.
  void lines(std::string_view prepared);
  // The empty line.
  void end();
  // What the caller puts together beforehand did not fit its own room: the head is not to be used.
  void overflow() { overflowed_ = true; }

  [[nodiscard]] bool ok() const { return !overflowed_ && !refused_; }
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  [[nodiscard]] bool refused() const { return refused_; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] std::string_view text() const { return {begin_, size()}; }

 private:
  bool reserve(std::size_t bytes);
  void put(std::string_view text);
  void put_field(std::string_view name, std::initializer_list<std::string_view> parts);

  char* begin_;
  char* at_;
  char* end_;
  bool overflowed_ = false;
  bool refused_ = false;
};

}  // namespace headrace::net::http
