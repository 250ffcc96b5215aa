// How the damaged field is found. The hash of a row says only that something in it changed. The
// digest of each field says which: the one field whose digest no longer fits. When the hash fits
// but a digest does not, it is the digests that were changed; when every digest fits, it is the
// hash, or the previous hash.
#include "ledger/chain.h"

#include <charconv>

#include <fmt/core.h>

#include "core/digest.h"
#include "core/node.h"
#include "core/text.h"

namespace squall::ledger {
namespace {

constexpr std::size_t digest_digits = 16;

std::string digest_of(std::string_view field, std::string_view text) {
  return sha256_hex(fmt::format("{}={}", field, text)).substr(0, digest_digits);
}

std::string hash_of(const Fields& fields, const std::string& previous) {
  json::object content;
  for (const auto& [name, text] : fields) content[name] = text;
  content["previous"] = previous;
  return sha256_hex(canonical_json(content));
}

std::string digests_of(const Fields& fields) {
  json::object digests;
  for (const auto& [name, text] : fields) digests[name] = digest_of(name, text);
  return canonical_json(digests);
}

Damage damage_in(const Link& link, std::string_view field, std::string message) {
  Damage damage{link.number, "", std::string(field), std::move(message)};
  for (const auto& [name, text] : link.fields) {
    if (name == "id") damage.run = printable(text);
  }
  return damage;
}

Damage changed(const Link& link, std::string_view field) {
  return damage_in(link, field,
                   fmt::format("row {}: the field \"{}\" was changed", link.number, field));
}

// The number that a row was written with, when its digest is that of one nearby.
std::optional<std::int64_t> written_number(std::int64_t now, std::string_view digest) {
  constexpr std::int64_t reach = 10'000;
  for (std::int64_t number = std::max<std::int64_t>(1, now - reach); number < now + reach;
       ++number) {
    if (digest_of("number", std::to_string(number)) == digest) return number;
  }
  return std::nullopt;
}

// The first field whose digest is not the one on record.
std::optional<Damage> changed_field(const Link& link) {
  const Result<json::value> digests = parse_json(link.field_digests);
  const json::object* recorded = digests.ok() ? digests->if_object() : nullptr;
  if (recorded == nullptr) return std::nullopt;
  for (const auto& [name, text] : link.fields) {
    const std::string wanted = text_at(*recorded, name);
    if (wanted == digest_of(name, text)) continue;
    if (name == "number") {
      if (const auto number = written_number(link.number, wanted)) {
        return damage_in(
            link, name,
            fmt::format("row {} was written as row {}: rows were moved", link.number, *number));
      }
    }
    return changed(link, name);
  }
  return std::nullopt;
}

}  // namespace

std::string first_previous() {
  return std::string(64, '0');
}

Fields fields_of(const Run& run, std::int64_t number) {
  return {{"number", std::to_string(number)},
          {"id", run.id},
          {"wall", run.wall},
          {"scenario", run.scenario},
          {"plan_hash", run.plan_hash},
          {"seed", std::to_string(run.seed)},
          {"outcome", run.outcome},
          {"exit_code", std::to_string(run.exit_code)},
          {"learnt", run.learnt},
          {"duration_ns", std::to_string(run.duration.nanoseconds)},
          {"timeline_path", run.timeline_path},
          {"timeline_sha256", run.timeline_sha256},
          {"verdict", run.verdict},
          {"plan", run.plan},
          {"host", run.host}};
}

Link chained(Fields fields, std::int64_t number, const std::string& previous) {
  Link link;
  link.number = number;
  link.previous = previous;
  link.hash = hash_of(fields, previous);
  link.field_digests = digests_of(fields);
  link.fields = std::move(fields);
  return link;
}

std::string render(const Head& head) {
  const std::string body =
      fmt::format("squall ledger head 1\nrows {}\nhash {}\n", head.count, head.hash);
  return fmt::format("{}check {}\n", body, sha256_hex(body).substr(0, digest_digits));
}

Result<Head> parse_head(std::string_view text) {
  const std::vector<std::string> lines = split(text, '\n');
  Head head;
  if (lines.size() == 5 && lines[1].starts_with("rows ") && lines[2].starts_with("hash ")) {
    std::from_chars(lines[1].data() + 5, lines[1].data() + lines[1].size(), head.count);
    head.hash = lines[2].substr(5);
  }
  // Whatever was misread above renders to something else.
  if (render(head) != text) {
    return error(Code::invalid, "the head record of the ledger was changed or cut");
  }
  return head;
}

std::optional<Damage> ChainCheck::check_hashes(const Link& link) const {
  const bool fits = hash_of(link.fields, last_hash_) == link.hash;
  if (const std::optional<Damage> damage = changed_field(link)) {
    return fits ? changed(link, "field_digests") : damage;
  }
  if (link.field_digests != digests_of(link.fields)) return changed(link, "field_digests");
  if (link.previous != last_hash_) {
    if (fits) return changed(link, "previous");
    return damage_in(link, "previous",
                     fmt::format("row {} does not follow row {}: one of them was written anew",
                                 link.number, last_number_));
  }
  if (!fits) return changed(link, "hash");
  return std::nullopt;
}

std::optional<Damage> ChainCheck::add(const Link& link) {
  const std::int64_t wanted = last_number_ + 1;
  if (link.number != wanted) {
    return Damage{wanted, "", "row",
                  fmt::format("row {} is missing, or its number was changed: after row {} comes {}",
                              wanted, last_number_, link.number)};
  }
  if (std::optional<Damage> damage = check_hashes(link)) return damage;
  if (link.number == head_.count && link.hash != head_.hash) {
    return damage_in(link, "hash",
                     fmt::format("row {} is not the one that the head record knows: the chain was "
                                 "written anew",
                                 link.number));
  }
  last_number_ = link.number;
  last_hash_ = link.hash;
  return std::nullopt;
}

std::optional<Damage> ChainCheck::finish() const {
  if (head_.count <= last_number_) return std::nullopt;
  return Damage{last_number_ + 1, "", "row",
                fmt::format("row {} is missing: the head record knows {} rows, there are {}",
                            last_number_ + 1, head_.count, last_number_)};
}

}  // namespace squall::ledger
