#include "net/http/head_fields.h"

#include <array>
#include <limits>

#include "net/http/byte_scan.h"
#include "net/http/forwarding.h"
#include "net/http/text.h"

namespace headrace::net::http {

namespace {

constexpr FieldSet kSingleFields =
    kCredentialFields | FieldSet{FieldId::host, FieldId::content_length, FieldId::transfer_encoding,
                                 FieldId::content_type};

// Servers that hand fields on as environment variables take "Content_Length" for Content-Length.
constexpr FieldSet kFieldsWorthDisguising =
    kSingleFields | kHopByHopFields | kTraceFields | FieldSet{FieldId::expect};

[[gnu::noinline]] bool is_disguised(std::string_view name) {
  std::array<char, 32> undisguised;
  if (name.size() > undisguised.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    undisguised[i] = name[i] == '_' ? '-' : name[i];
  return kFieldsWorthDisguising.contains(field_id({undisguised.data(), name.size()}));
}

ParseError repeated(FieldId id) {
  switch (id) {
    case FieldId::host:
      return ParseError::host_repeated;
    case FieldId::content_length:
      return ParseError::content_length_repeated;
    case FieldId::transfer_encoding:
      return ParseError::transfer_encoding_repeated;
    default:
      return ParseError::field_repeated;
  }
}

// Why a line whose name ends at `stop` without a colon is refused. The line ends in CR LF.
ParseError name_error(const char* line, const char* stop) {
  const bool white_space = *stop == ' ' || *stop == '\t';
  if (stop == line) return white_space ? ParseError::field_folded : ParseError::field_name;
  if (*stop == '\r') return ParseError::field_colon_missing;
  if (!white_space) return ParseError::field_name;
  while (*stop == ' ' || *stop == '\t')
    ++stop;
  return *stop == ':' ? ParseError::field_space_before_colon : ParseError::field_name;
}

// Takes the next member of a comma-separated list off `list`, trimmed; false at the end.
bool next_member(std::string_view& list, std::string_view& member) {
  if (list.data() == nullptr) return false;
  const std::size_t comma = list.find(',');
  member = trim_white_space(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return true;
}

}  // namespace

ParseError parse_field_lines(std::string_view lines, HeadKind kind, FieldTable& fields) {
  const char* at = lines.data();
  const char* const end = at + lines.size();
  while (at != end) {
    const char* const plain_end = skip_plain_name(at, end);
    const char* colon = plain_end;
    while (is(CharClass::token, *colon))
      ++colon;
    if (*colon != ':' || colon == at) return name_error(at, colon);
    const std::string_view name(at, static_cast<std::size_t>(colon - at));

    const char* value = colon + 1;
    if (*value == ' ') ++value;
    while (*value == ' ' || *value == '\t') [[unlikely]]
      ++value;
    const char* const cr = find_cr(value, end);
    const char* value_end = cr;
    while (value_end != value && (value_end[-1] == ' ' || value_end[-1] == '\t')) [[unlikely]]
      --value_end;

    const FieldId id = field_id(name);
    if (id == FieldId::other) {
      if (colon != plain_end && kind == HeadKind::request && is_disguised(name)) {
        return ParseError::field_name_disguised;
      }
    } else if (kSingleFields.contains(id) && fields.has(id)) {
      return repeated(id);
    }
    if (fields.full()) return ParseError::too_many_fields;
    fields.append(id, name, {value, static_cast<std::size_t>(value_end - value)});
    at = cr + 2;
  }
  return ParseError::none;
}

ParseError read_connection(FieldTable& fields, ConnectionOptions& options) {
  if (!fields.has(FieldId::connection)) return ParseError::none;
  std::size_t count = 0;
  for (const Field& field : fields.all()) {
    if (field.id != FieldId::connection) continue;
    std::string_view list = field.value;
    std::string_view option;
    while (next_member(list, option)) {
      if (++count > kConnectionOptionsMax) return ParseError::connection_options;
      if (option.empty()) continue;  // RFC 9110 section 5.6.1.2
      if (!is_token(option)) return ParseError::connection_options;
      if (equals_ignoring_case(option, "close")) {
        options.close = true;
      } else if (equals_ignoring_case(option, "keep-alive")) {
        options.keep_alive = true;
      } else {
        if (equals_ignoring_case(option, "upgrade")) options.upgrade = true;
        fields.mark_named_by_connection(option);
      }
    }
  }
  return ParseError::none;
}

ParseError parse_content_length(std::string_view value, std::uint64_t& length) {
  constexpr std::size_t kDigitsMax = 19;
  constexpr std::uint64_t kLengthMax = std::numeric_limits<std::int64_t>::max();
  if (value.empty() || value.size() > kDigitsMax) return ParseError::content_length_invalid;
  std::uint64_t sum = 0;
  for (const char c : value) {
    if (!is_digit(c)) return ParseError::content_length_invalid;
    sum = sum * 10 + static_cast<std::uint64_t>(c - '0');  // 19 digits stay below 2^64
  }
  if (sum > kLengthMax) return ParseError::content_length_invalid;
  length = sum;
  return ParseError::none;
}

ParseError parse_transfer_encoding(std::string_view value) {
  if (equals_ignoring_case(value, "chunked")) return ParseError::none;
  // Codings under a final chunked are well framed, though not for us; all else has no clear end.
  std::string_view list = value;
  std::string_view coding;
  bool chunked = false;
  while (next_member(list, coding)) {
    if (chunked || !is_token(coding)) return ParseError::transfer_encoding_invalid;
    chunked = equals_ignoring_case(coding, "chunked");
  }
  return chunked ? ParseError::transfer_encoding_unsupported
                 : ParseError::transfer_encoding_invalid;
}

ParseError judge_framing(const FieldTable& fields, Version version, BodyFraming& framing,
                         std::uint64_t& length) {
  const Field* const coding = fields.find(FieldId::transfer_encoding);
  const Field* const size = fields.find(FieldId::content_length);
  if (coding != nullptr) {
    if (size != nullptr) return ParseError::length_and_transfer_encoding;
    if (version == Version::http_1_0) return ParseError::transfer_encoding_in_http_1_0;
    framing = BodyFraming::chunked;
    return parse_transfer_encoding(coding->value);
  }
  if (size != nullptr) {
    framing = BodyFraming::length;
    return parse_content_length(size->value, length);
  }
  return ParseError::none;
}

ParseError parse_version(std::string_view text, Version& version) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7])) {
    return ParseError::version_syntax;
  }
  if (text[5] != '1' || text[7] > '1') return ParseError::version_unsupported;
  version = text[7] == '1' ? Version::http_1_1 : Version::http_1_0;
  return ParseError::none;
}

}  // namespace headrace::net::http
