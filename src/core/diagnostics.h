// Diagnostics are the mistakes in a document that a person wrote: all of them at once, each with
// its place and a hint.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace squall {

// A place in a document, both counted from 1; line 0 means "the document as a whole".
struct Mark {
  int line = 0;
  int column = 0;
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

struct Diagnostic {
  std::string file;
  Mark mark;
  std::string message;
  std::string hint;  // may be empty
};

class Diagnostics {
 public:
  explicit Diagnostics(std::string file = {}) : file_(std::move(file)) {}

  // Texts of the document may be quoted: what could harm a terminal is made printable.
  void add(Mark mark, std::string_view message, std::string_view hint = {});
  void merge(const Diagnostics& other);
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  // In document order; this document first, others that were merged in after it by name.
  std::vector<Diagnostic> sorted() const;
  // "file:3:5: message" lines, each followed by "  hint: ..." where there is one.
  std::string render() const;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::vector<Diagnostic> items_;
};

}  // namespace squall
