// The seam between the load generator and what is said over its connections. A protocol prepares
// its bytes beforehand, so that a request in flight allocates nothing; a reader tells where an
// answer ends and what it means.
//
// All of it is plain text over a stream, one answer to each request, in order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace squall::net {

// What the target said to one request.
enum class LoadVerdict : std::uint8_t {
  accepted,    // HTTP 2xx; a reply that is no error
  redirected,  // HTTP 3xx
  rejected,    // HTTP 4xx, 501 and 505; an error reply
  failed,      // the other HTTP 5xx
};
inline constexpr std::size_t load_verdicts = 4;

struct LoadAnswer {
  enum class State : std::uint8_t { unfinished, done, nonsense };
  State state = State::unfinished;
  LoadVerdict verdict = LoadVerdict::accepted;
  bool is_last = false;      // the peer takes no further request on this connection
  std::size_t used = 0;      // bytes taken; those after them belong to what comes next
  std::string_view respond;  // must be sent now; valid until the next call
};

// One for each connection; keeps what it needs of a half-read answer in itself.
class LoadReader {
 public:
  virtual ~LoadReader() = default;
  // Forgets everything: a new connection begins.
  virtual void reset() = 0;
  // Bytes as they arrive; never empty. Takes at most one answer.
  virtual LoadAnswer take(std::string_view bytes) = 0;
  // The peer closed its side: done when that ends an answer, unfinished when it cuts one off.
  virtual LoadAnswer take_end() { return {}; }
};

// One way in which a request can be wrong.
struct LoadForm {
  std::string name;    // "two_lengths"
  std::string family;  // "combinations"
  std::string bytes;   // as it goes on the wire
};

class LoadProtocol {
 public:
  virtual ~LoadProtocol() = default;
  // Said first on every connection, and how many answers it draws. A rejection among them means
  // that the peer lets nobody in.
  virtual std::string_view hello() const { return {}; }
  virtual int hello_answers() const { return 0; }
  // The bytes of a good request, and those of the bad ones. Valid as long as the protocol.
  virtual std::string_view request() const = 0;
  virtual const std::vector<LoadForm>& invalid_forms() const = 0;
  virtual std::unique_ptr<LoadReader> make_reader() const = 0;
};

}  // namespace squall::net
