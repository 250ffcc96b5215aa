#include "net/resolver.h"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>

#include <fmt/core.h>
#include <netdb.h>

#include "core/text.h"

namespace squall::net {
namespace {

// How often a stop is looked for during a lookup: gai_suspend(3) knows no descriptors.
constexpr Duration tick = milliseconds(20);

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

// A lookup by glibc's threads, which use this memory until gai_error() is no longer
// EAI_INPROGRESS.
struct Lookup {
  std::string host;
  std::string service;
  addrinfo hints{};
  gaicb request{};

  Lookup(std::string name, int port, int flags)
      : host(std::move(name)), service(std::to_string(port)) {
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    request.ar_name = host.c_str();
    request.ar_service = service.c_str();
    request.ar_request = &hints;
  }
  ~Lookup() {
    if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  bool is_going_on() { return ::gai_error(&request) == EAI_INPROGRESS; }
};

// Keeps a lookup that nobody waits for alive until glibc is done with it, and lets go of those that
// are. The list is never destroyed: glibc's threads may outlive every static object.
void abandon(std::unique_ptr<Lookup> lookup) {
  struct Abandoned {
    std::mutex mutex;
    std::vector<std::unique_ptr<Lookup>> lookups;
  };
  static Abandoned& abandoned = *std::make_unique<Abandoned>().release();
  const std::lock_guard lock(abandoned.mutex);
  std::erase_if(abandoned.lookups, [](const auto& one) { return !one->is_going_on(); });
  abandoned.lookups.push_back(std::move(lookup));
}

std::vector<Address> copy_addresses(const addrinfo* list) {
  std::vector<Address> addresses;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    Address address;
    address.length = std::min<socklen_t>(one->ai_addrlen, sizeof address.storage);
    std::copy_n(reinterpret_cast<const char*>(one->ai_addr), address.length,
                reinterpret_cast<char*>(&address.storage));
    addresses.push_back(address);
  }
  return addresses;
}

Error no_address(const std::string& host, int number) {
  return error(
      Code::not_found,
      fmt::format("the name \"{}\" has no address: {}", printable(host), ::gai_strerror(number)),
      "check the name with: getent ahosts NAME");
}

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer does not see the threads that glibc makes for itself and crashes in them, so
// under it the lookup is made by this thread, without a limit.
Result<std::vector<Address>> look_up(const std::string& host, int port, sys::Patience&) {
  const Lookup lookup(host, port, AI_ADDRCONFIG | AI_NUMERICSERV);
  addrinfo* found = nullptr;
  const int number =
      ::getaddrinfo(lookup.host.c_str(), lookup.service.c_str(), &lookup.hints, &found);
  if (number != 0) return no_address(host, number);
  const AddressList list(found, &::freeaddrinfo);
  return copy_addresses(list.get());
}
#else
Result<std::vector<Address>> look_up(const std::string& host, int port, sys::Patience& patience) {
  auto lookup = std::make_unique<Lookup>(host, port, AI_ADDRCONFIG | AI_NUMERICSERV);
  gaicb* const request = &lookup->request;
  std::array<gaicb*, 1> requests = {request};
  if (const int number = ::getaddrinfo_a(GAI_NOWAIT, requests.data(), 1, nullptr); number != 0) {
    return error(Code::failed, fmt::format("cannot start looking up \"{}\": {}", printable(host),
                                           ::gai_strerror(number)));
  }
  const std::array<const gaicb*, 1> waited = {request};
  while (lookup->is_going_on() && !patience.is_over()) {
    const Duration nap = std::min(patience.left(), tick);
    const timespec time{nap.nanoseconds / 1'000'000'000, nap.nanoseconds % 1'000'000'000};
    ::gai_suspend(waited.data(), 1, &time);
  }
  if (lookup->is_going_on()) {
    if (::gai_cancel(request) != EAI_CANCELED) abandon(std::move(lookup));
    if (patience.is_stopped()) return error(Code::failed, "stopped while looking up a name");
    return error(Code::timed_out,
                 fmt::format("looking up \"{}\" took longer than {}", printable(host),
                             render_rounded(patience.limit())),
                 "a numeric address needs no lookup");
  }
  const int number = ::gai_error(request);
  if (number != 0) return no_address(host, number);
  return copy_addresses(request->ar_result);
}
#endif

}  // namespace

std::string describe(const Address& address) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address.storage), address.length,
                    host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "an unknown address";
  }
  const bool is_ipv6 = address.storage.ss_family == AF_INET6;
  return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", host.data(), is_ipv6 ? "]" : "", port.data());
}

Result<std::vector<Address>> resolve(const std::string& host, int port, sys::Patience& patience) {
  if (port < 1 || port > 65535) {
    return error(Code::invalid, fmt::format("{} is not a port", port), "ports are 1 to 65535");
  }
  if (host.empty() || host.find('\0') != std::string::npos) {
    return error(Code::invalid, "a host is needed: an address or a name");
  }
  const Lookup numeric(host, port, AI_NUMERICHOST | AI_NUMERICSERV);
  addrinfo* found = nullptr;
  if (::getaddrinfo(numeric.host.c_str(), numeric.service.c_str(), &numeric.hints, &found) == 0) {
    const AddressList list(found, &::freeaddrinfo);
    return copy_addresses(list.get());
  }
  return look_up(host, port, patience);
}

}  // namespace squall::net
