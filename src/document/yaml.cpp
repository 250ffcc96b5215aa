// The event interface of libfyaml gives marks for every key and value and leaves aliases, limits
// and duplicate keys to us. The text is checked for UTF-8 first: the library takes broken sequences
// for an empty document, and at worst never returns from them.
#include "document/yaml.h"

#include <map>
#include <memory>
#include <optional>

#include <fmt/core.h>
#include <libfyaml.h>

#include "core/text.h"

namespace squall::document {
namespace {

constexpr std::size_t bytes_max = 1 << 20;
constexpr std::size_t depth_max = 100;
// Nodes of the finished tree and of everything kept for aliases together.
constexpr std::size_t nodes_max = 20'000;

struct DestroyDiag {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};
struct DestroyParser {
  void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};
struct FreeEvent {
  fy_parser* parser;
  void operator()(fy_event* event) const { fy_parser_event_free(parser, event); }
};
using Diag = std::unique_ptr<fy_diag, DestroyDiag>;
using Parser = std::unique_ptr<fy_parser, DestroyParser>;
using Event = std::unique_ptr<fy_event, FreeEvent>;

// The place of a byte offset, for mistakes found before the parser runs.
Mark mark_of_byte(std::string_view text, std::size_t offset) {
  Mark mark{1, 1};
  for (const char letter : text.substr(0, offset)) {
    if (letter == '\n') {
      ++mark.line;
      mark.column = 1;
    } else if ((static_cast<unsigned char>(letter) & 0xC0) != 0x80) {
      ++mark.column;
    }
  }
  return mark;
}

// Where the first broken sequence begins.
std::size_t valid_length(std::string_view text) {
  std::size_t good = 0;
  while (good < text.size()) {
    std::size_t length = 1;
    while (length <= 4 && good + length <= text.size() &&
           !is_valid_utf8(text.substr(good, length))) {
      ++length;
    }
    if (length > 4 || good + length > text.size()) return good;
    good += length;
  }
  return good;
}

bool check_bytes(std::string_view text, Diagnostics& diagnostics) {
  if (text.size() > bytes_max) {
    diagnostics.add({}, fmt::format("the document has {} bytes, more than 1 MiB", text.size()));
    return false;
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    diagnostics.add(mark_of_byte(text, nul), "there is a NUL byte here; this is not a text");
    return false;
  }
  if (is_valid_utf8(text)) return true;
  diagnostics.add(mark_of_byte(text, valid_length(text)), "the bytes here are not UTF-8",
                  "save the file as UTF-8");
  return false;
}

std::string token_text(fy_token* token) {
  std::size_t length = 0;
  const char* text = token == nullptr ? nullptr : fy_token_get_text(token, &length);
  return text == nullptr ? std::string() : std::string(text, length);
}

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

// The core schema's spellings of null.
bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// A collection that is still open, with the key that waits for its value.
struct Frame {
  Node node;
  std::string anchor;
  std::optional<Entry> key;
  std::map<std::string, Mark, std::less<>> seen;  // keys so far, looked up in less than a walk
};

class Builder {
 public:
  explicit Builder(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // False: what came cannot be gone on from.
  bool take(fy_event& event);
  Node finish() { return std::move(root_); }

 private:
  bool take_document(fy_event& event);
  bool take_scalar(fy_event& event);
  bool take_alias(fy_event& event);
  bool open(fy_event& event, Node::Kind kind);
  bool close();
  bool add_key(std::string text, bool is_plain, Mark mark);
  bool add_value(Node node, const std::string& anchor);
  void attach(Node node);
  bool spend(std::size_t nodes, Mark mark);
  bool expects_key() const {
    return !stack_.empty() && stack_.back().node.is_mapping() && !stack_.back().key;
  }
  void refuse_tag(fy_token* tag, Mark mark);
  Mark mark_of(fy_event& event) const;

  Diagnostics& diagnostics_;
  Node root_;
  std::vector<Frame> stack_;
  std::map<std::string, Node> anchors_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// An absent value has no place of its own; it gets that of its key.
Mark Builder::mark_of(fy_event& event) const {
  if (const fy_mark* mark = fy_event_start_mark(&event)) return {mark->line + 1, mark->column + 1};
  if (!stack_.empty() && stack_.back().key) return stack_.back().key->mark;
  return stack_.empty() ? Mark{1, 1} : stack_.back().node.mark;
}

bool Builder::spend(std::size_t nodes, Mark mark) {
  nodes_ += nodes;
  if (nodes_ <= nodes_max) return true;
  diagnostics_.add(mark, fmt::format("the document has more than {} values", nodes_max),
                   "aliases count as often as they are used");
  return false;
}

void Builder::refuse_tag(fy_token* tag, Mark mark) {
  if (tag == nullptr) return;
  diagnostics_.add(mark, "tags (!...) are not supported",
                   "leave the tag out; quote what is a text");
}

bool Builder::take(fy_event& event) {
  switch (event.type) {
    case FYET_DOCUMENT_START:
      return take_document(event);
    case FYET_SCALAR:
      return take_scalar(event);
    case FYET_ALIAS:
      return take_alias(event);
    case FYET_MAPPING_START:
      return open(event, Node::Kind::mapping);
    case FYET_SEQUENCE_START:
      return open(event, Node::Kind::sequence);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
      return close();
    default:
      return true;
  }
}

bool Builder::take_document(fy_event& event) {
  if (++documents_ == 1) return true;
  diagnostics_.add(mark_of(event), "a second document begins here",
                   "one file holds one document: remove the \"---\", or split the file");
  return false;
}

bool Builder::take_scalar(fy_event& event) {
  fy_token* token = event.scalar.value;
  const fy_scalar_style style = token == nullptr ? FYSS_PLAIN : fy_token_scalar_style(token);
  Mark mark = mark_of(event);
  // The library's mark stands behind the opening quote.
  if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) --mark.column;
  refuse_tag(event.scalar.tag, mark);
  Node node = text_node(token_text(token), mark);
  if (node.text.find('\0') != std::string::npos) {
    diagnostics_.add(mark, "there is a NUL byte in this text",
                     "leave the \\0 out; bytes that are no text belong into a file of their own");
    std::erase(node.text, '\0');
  }
  node.plain = style == FYSS_PLAIN;
  if (expects_key()) return add_key(std::move(node.text), node.plain, mark);
  if (node.plain && is_null_word(node.text)) node = Node{.mark = mark};
  return spend(1, mark) && add_value(std::move(node), token_text(event.scalar.anchor));
}

bool Builder::add_key(std::string text, bool is_plain, Mark mark) {
  if (text.empty() && is_plain) {
    diagnostics_.add(mark, "a key is missing before the colon");
    return false;
  }
  if (!spend(1, mark)) return false;
  stack_.back().key = Entry{std::move(text), mark, {}};
  return true;
}

bool Builder::take_alias(fy_event& event) {
  Mark mark = mark_of(event);
  --mark.column;  // the library's mark stands behind the star
  const std::string name = token_text(event.alias.anchor);
  if (expects_key()) {
    diagnostics_.add(mark, "an alias cannot be a key");
    return false;
  }
  const auto found = anchors_.find(name);
  if (found == anchors_.end()) {
    diagnostics_.add(mark, fmt::format("there is no complete anchor {} before this", quote(name)),
                     "define it with &NAME earlier in this file; it cannot contain itself");
    return false;  // what stands here is unknown, so all that is said of it would be a guess
  }
  return spend(count_nodes(found->second), mark) && add_value(found->second, {});
}

bool Builder::open(fy_event& event, Node::Kind kind) {
  const Mark mark = mark_of(event);
  if (expects_key()) {
    diagnostics_.add(mark, fmt::format("{} cannot be a key", kind_name(kind)));
    return false;
  }
  if (stack_.size() >= depth_max) {
    diagnostics_.add(mark, fmt::format("nested deeper than {} levels", depth_max));
    return false;
  }
  const bool is_mapping = kind == Node::Kind::mapping;
  refuse_tag(is_mapping ? event.mapping_start.tag : event.sequence_start.tag, mark);
  fy_token* anchor = is_mapping ? event.mapping_start.anchor : event.sequence_start.anchor;
  stack_.push_back({Node{.kind = kind, .mark = mark}, token_text(anchor), {}, {}});
  return spend(1, mark);
}

bool Builder::close() {
  Frame frame = std::move(stack_.back());
  stack_.pop_back();
  return add_value(std::move(frame.node), frame.anchor);
}

bool Builder::add_value(Node node, const std::string& anchor) {
  if (!anchor.empty()) {
    if (!spend(count_nodes(node), node.mark)) return false;
    anchors_[anchor] = node;
  }
  attach(std::move(node));
  return true;
}

void Builder::attach(Node node) {
  if (stack_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& parent = stack_.back();
  if (parent.node.is_sequence()) {
    parent.node.items.push_back(std::move(node));
    return;
  }
  Entry entry = std::move(*parent.key);
  parent.key.reset();
  if (entry.key == "<<") {
    diagnostics_.add(entry.mark, "merge keys (<<) are not supported", "write the keys out");
    return;
  }
  const auto [first, is_new] = parent.seen.emplace(entry.key, entry.mark);
  if (!is_new) {
    diagnostics_.add(entry.mark, fmt::format("the key {} stands here twice", quote(entry.key)),
                     fmt::format("the first one is at line {}, column {}; keep one of them",
                                 first->second.line, first->second.column));
    return;
  }
  entry.value = std::move(node);
  parent.node.entries.push_back(std::move(entry));
}

std::string line_of(std::string_view text, int line) {
  const std::vector<std::string> lines = split(text, '\n');
  const auto index = static_cast<std::size_t>(line - 1);
  return line > 0 && index < lines.size() ? lines[index] : std::string();
}

std::string syntax_hint(std::string_view message, std::string_view line) {
  if (line.find("${") != std::string_view::npos && message.find("flow") != std::string_view::npos) {
    return "inside { } and [ ], a reference stands in quotes: \"${name}\"";
  }
  if (message.find("tab character") != std::string_view::npos) return "indent with blanks";
  if (message.find("cannot start with") != std::string_view::npos) return "put the text in quotes";
  if (message.find("nested block mapping") != std::string_view::npos ||
      message.find("multiline plain key") != std::string_view::npos) {
    return "put a text that contains a colon in quotes, and indent all keys of a mapping alike";
  }
  return {};
}

void add_syntax_mistake(fy_diag* diag, std::string_view text, Diagnostics& diagnostics) {
  void* walk = nullptr;
  while (const fy_diag_error* found = fy_diag_errors_iterate(diag, &walk)) {
    if (found->type != FYET_ERROR || found->msg == nullptr) continue;
    const std::string message = printable(trim(found->msg));
    diagnostics.add({found->line, found->column}, message,
                    syntax_hint(message, line_of(text, found->line)));
    return;  // those that follow come of the first
  }
  // The library says nothing of a directive that it refuses.
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (!line.starts_with('%')) continue;
    diagnostics.add({number, 1}, fmt::format("the directive {} is not understood", quote(line)),
                    "leave it out: this is read as YAML 1.2");
    return;
  }
  diagnostics.add({1, 1}, "this cannot be read as YAML", "look at its first lines");
}

Diag make_diag() {
  fy_diag_cfg config;
  fy_diag_cfg_default(&config);
  config.fp = nullptr;
  config.output_fn = [](fy_diag*, void*, const char*, std::size_t) {};
  config.level = FYET_ERROR;
  Diag diag(fy_diag_create(&config));
  CHECK(diag != nullptr, "out of memory");
  fy_diag_set_collect_errors(diag.get(), true);
  return diag;
}

}  // namespace

Node parse_yaml(std::string_view text, Diagnostics& diagnostics) {
  if (!check_bytes(text, diagnostics)) return {};
  const Diag diag = make_diag();
  fy_parse_cfg config{};
  config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                                 FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE);
  config.diag = diag.get();
  const Parser parser(fy_parser_create(&config));
  CHECK(parser != nullptr, "out of memory");
  // An empty view may have no address, which the library would take for a failure.
  const std::string owned(text);
  CHECK(fy_parser_set_string(parser.get(), owned.data(), owned.size()) == 0, "out of memory");

  Builder builder(diagnostics);
  while (true) {
    const Event event(fy_parser_parse(parser.get()), FreeEvent{parser.get()});
    if (event == nullptr) break;
    if (!builder.take(*event)) return {};
  }
  if (fy_parser_get_stream_error(parser.get())) {
    add_syntax_mistake(diag.get(), text, diagnostics);
    return {};
  }
  return builder.finish();
}

}  // namespace squall::document
