// A small HTTP/1.1 server for interfaces of squall itself: one thread, one epoll, answers made at
// once by a function. A client that is slow or silent costs its own connection and nobody's time.
//
// It is for places that are not open to a network: it has no TLS and no login.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "net/http_call.h"
#include "net/resolver.h"
#include "sys/fd.h"

namespace squall::net {

// A body that comes about while it is sent.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // `wake` is called, on whatever thread, when there is something to take after there was nothing.
  virtual void on_ready(std::function<void()> wake) = 0;
  // What there is now; may be nothing. Not called again before that has been sent.
  virtual std::string take() = 0;
  // Nothing follows what was taken.
  virtual bool is_over() const = 0;
};

struct HttpAnswer {
  int status = 200;
  std::vector<HttpHeader> headers;  // Date, Content-Length and Connection are added
  std::string body;
  std::shared_ptr<HttpStream> stream = nullptr;  // in place of a body, until it or the client ends
};

struct HttpServerLimits {
  Bytes body{8 << 20};
  std::size_t connections = 1000;
  // Between two calls, for one to arrive, and for what was answered, or a piece of a stream, to be
  // taken.
  Duration idle = seconds(60);
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpCall&)>;
  // Called between calls; says when (CLOCK_MONOTONIC) it wants to be called again.
  using Chore = std::function<Duration()>;

  // Errors: as from the kernel, with the place.
  static Result<std::unique_ptr<HttpServer>> listen(const Address& address, Handler handler,
                                                    HttpServerLimits limits = {});
  ~HttpServer();

  // "127.0.0.1:8474", with the port that it really has.
  std::string place() const;
  // Serves until a stop is asked for; the handler and the chore are called on this thread.
  Status serve(std::stop_token stop, const Chore& chore = {});

 private:
  struct Client;
  HttpServer(Handler handler, HttpServerLimits limits);
  int wait_milliseconds(const Chore& chore) const;
  void accept();
  void read(Client& client);
  void answer(Client& client);
  bool write(Client& client);
  void begin(Client& client, const HttpAnswer& answer, bool keeps_open);
  void pump(Client& client);
  void pump_streams();
  void watch(Client& client, bool for_writing) const;
  void drop(int fd);
  void drop_idle(Duration now);

  Handler handler_;
  HttpServerLimits limits_;
  sys::Fd listener_;
  sys::Fd epoll_;
  std::shared_ptr<const sys::Fd> alarm_;  // streams that become ready late may still have it
  sys::Fd spare_;
  std::map<int, std::unique_ptr<Client>> clients_;  // by descriptor
};

}  // namespace squall::net
