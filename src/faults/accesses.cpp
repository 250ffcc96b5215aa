#include "faults/accesses.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/victims.h"

namespace squall::fault {
namespace {

constexpr KernelVersion pre_content{6, 14};

}  // namespace

std::vector<std::pair<std::string, Accesses::On>> access_words() {
  return {{"open", Accesses::On::open}, {"read", Accesses::On::read}, {"use", Accesses::On::use}};
}

std::string_view access_word(Accesses::On on) {
  if (on == Accesses::On::open) return "open";
  return on == Accesses::On::read ? "read" : "use";
}

std::vector<sys::Need> access_needs(const sys::HostFacts& host) {
  sys::Need need{.what = "fanotify permission events (CAP_SYS_ADMIN)", .met = host.may_watch_files};
  if (!need.met) {
    need.reason =
        "this kernel lets us decide over no accesses; run squall with sudo, on a kernel with "
        "CONFIG_FANOTIFY_ACCESS_PERMISSIONS";
  }
  return {need};
}

Wants access_wants(const Accesses& accesses) {
  Wants wanted{.files = {accesses.path}};
  if (!accesses.select.empty()) wanted.victims = accesses.select;
  return wanted;
}

Result<json::object> access_request(const Accesses& accesses, bool any_error, const Facts& facts,
                                    std::uint64_t seed) {
  const auto found = facts.files.find(accesses.path);
  if (found == facts.files.end() || !(found->second.exists || found->second.is_folder)) {
    return error(Code::not_found,
                 fmt::format("there is no file or folder {}", printable(accesses.path)),
                 "check the path; it is read on the host where squall runs");
  }
  const bool needs_pre_content = any_error || accesses.on == Accesses::On::use;
  if (needs_pre_content && kernel_version(facts.host.kernel) < pre_content) {
    return error(Code::unsupported,
                 fmt::format("this kernel is {}; pre-content events, which answer other errors "
                             "than EPERM and concern writing, came with Linux 6.14",
                             printable(facts.host.kernel)),
                 "use error: EPERM or a delay, with on: open or on: read");
  }
  json::object request{{"path", accesses.path},
                       {"on", access_word(accesses.on)},
                       {"share", render(accesses.share)},
                       {"seed", static_cast<std::int64_t>(seed & 0xFFFFFFFFU)},
                       {"any_error", any_error}};
  if (accesses.select.empty()) return request;
  TRY_VOID(require_victims(facts, accesses.select));
  json::array processes;
  for (const sys::Process& victim : facts.victims) processes.push_back(identity(victim));
  request["processes"] = std::move(processes);
  return request;
}

std::int64_t access_attempts(Share share) {
  constexpr double enough = 6;  // e^-6 is 1 in 400
  const double attempts = std::ceil(enough / std::max(share.fraction, 0.01));
  return share.fraction >= 1 ? 1 : static_cast<std::int64_t>(std::min(attempts, 120.0));
}

}  // namespace squall::fault
