#include "net/service_view.h"

#include <fmt/core.h>

#include "core/text.h"
#include "net/bus.h"
#include "net/xml_rpc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/supervised.h"

namespace squall::net {
namespace {

using Phase = ServiceSight::Phase;

bool stands_still(std::int64_t pid) {
  const Result<sys::Process> process = sys::read_process(pid);
  return process.ok() && process->state == 'T';
}

std::string word_of(Phase phase) {
  return phase == Phase::runs ? "running" : phase == Phase::down ? "down" : "between two states";
}

// --- systemd: properties over D-Bus, and the freezer of the unit's control group ----------------

class SystemdView final : public ServiceView {
 public:
  static Result<std::unique_ptr<ServiceView>> open(const ServicePlace& place, Duration limit) {
    const std::string socket =
        place.control.empty() ? "/run/dbus/system_bus_socket" : place.control;
    sys::Patience patience(limit);
    Result<Bus> bus = Bus::open(socket, patience);
    if (!bus.ok() && bus.error().code == Code::not_found) {
      return error(Code::unsupported, "no systemd answers: " + bus.error().message);
    }
    if (!bus.ok()) return bus.error();
    std::unique_ptr<SystemdView> view(new SystemdView(std::move(*bus), limit));
    TRY_VOID(view->find_unit(place.unit, patience));
    TRY_VOID(view->find_group(socket, patience));
    return std::unique_ptr<ServiceView>(std::move(view));
  }

  Result<ServiceSight> look() override {
    sys::Patience patience(limit_);
    ServiceSight sight;
    const std::string active = TRY(text("ActiveState", patience));
    const std::string sub = TRY(text("SubState", patience));
    sight.phase = active == "active"     ? Phase::runs
                  : active == "inactive" ? Phase::down
                  : active == "failed"   ? Phase::failed
                                         : Phase::between;
    sight.is_masked = TRY(text("LoadState", patience))
    == "masked";
    sight.detail = fmt::format("{} ({})", active, sub);
    if (is_service_) {
      sight.main_pid = TRY(number("MainPID", patience));
      sight.restarts = TRY(number("NRestarts", patience));
    }
    const Result<std::string> events = events_.empty() ? std::string() : sys::read_file(events_);
    sight.is_frozen = events.ok() && events->find("frozen 1") != std::string::npos;
    return sight;
  }

 private:
  SystemdView(Bus bus, Duration limit) : bus_(std::move(bus)), limit_(limit) {
    unit_.destination = "org.freedesktop.systemd1";
    unit_.interface = "org.freedesktop.systemd1.Unit";
  }

  Status find_unit(const std::string& name, sys::Patience& patience) {
    BusCall call = unit_;
    call.path = "/org/freedesktop/systemd1";
    call.interface = "org.freedesktop.systemd1.Manager";
    call.member = "LoadUnit";
    call.signature = "s";
    call.arguments = {json::string(name)};
    const json::array path = TRY(bus_.call(call, patience));
    if (path.empty() || !path[0].is_string()) return error(Code::conflict, "systemd says nonsense");
    unit_.path = path[0].get_string();
    if (TRY(text("LoadState", patience)) == "not-found") {
      return error(Code::not_found, fmt::format("systemd knows no unit {}", printable(name)));
    }
    is_service_ = name.ends_with(".service");
    service_ = unit_;
    service_.interface = "org.freedesktop.systemd1.Service";
    return ok();
  }

  // Where its control group is for us: that systemd may have another root folder than we have.
  Status find_group(const std::string& socket, sys::Patience& patience) {
    if (!is_service_) return ok();
    const json::value group = TRY(bus_.property(service_, "ControlGroup", patience));
    if (!group.is_string() || group.get_string().empty()) return ok();
    const std::size_t proc = socket.find("/proc/");
    const std::size_t end = socket.find("/root/");
    const bool is_elsewhere = proc != std::string::npos && end != std::string::npos && proc < end;
    const std::string root = is_elsewhere ? socket.substr(proc, end + 5 - proc) : "";
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      const std::string events = root + mount + std::string(group.get_string()) + "/cgroup.events";
      if (sys::exists(events)) events_ = events;
    }
    return ok();
  }

  Result<std::string> text(const char* name, sys::Patience& patience) {
    const json::value value = TRY(bus_.property(unit_, name, patience));
    return value.is_string() ? std::string(value.get_string()) : std::string();
  }
  Result<std::int64_t> number(const char* name, sys::Patience& patience) {
    const json::value value = TRY(bus_.property(service_, name, patience));
    return value.is_int64() ? value.get_int64() : 0;
  }

  Bus bus_;
  Duration limit_;
  BusCall unit_;
  BusCall service_;
  bool is_service_ = false;
  std::string events_;
};

// --- runit and s6: what the supervisor writes into the service's folder -------------------------

class SupervisedView final : public ServiceView {
 public:
  SupervisedView(std::string folder, bool is_runit)
      : folder_(std::move(folder)), is_runit_(is_runit) {}

  Result<ServiceSight> look() override {
    ServiceSight sight = TRY(is_runit_ ? look_at_texts() : look_at_status());
    sight.is_frozen = sight.main_pid != 0 && stands_still(sight.main_pid);
    sight.detail = fmt::format("{}, main process {}", word_of(sight.phase), sight.main_pid);
    return sight;
  }

 private:
  // The texts that runsv keeps for people: "run", "down", "run, paused", and a pid.
  Result<ServiceSight> look_at_texts() const {
    const std::string stat = TRY(sys::read_file(folder_ + "/supervise/stat", 4096));
    const std::string pid = TRY(sys::read_file(folder_ + "/supervise/pid", 4096));
    ServiceSight sight;
    for (const char digit : trim(pid)) {
      if (digit >= '0' && digit <= '9') sight.main_pid = sight.main_pid * 10 + (digit - '0');
    }
    const bool ends = stat.find("want down") != std::string::npos;
    sight.phase = stat.starts_with("run") && !ends ? Phase::runs
                  : stat.starts_with("down")       ? Phase::down
                                                   : Phase::between;
    return sight;
  }
  Result<ServiceSight> look_at_status() const {
    const sys::Supervised status = TRY(sys::read_supervised(sys::Supervisor::s6, folder_));
    ServiceSight sight;
    sight.main_pid = status.pid;
    const bool is_up = status.pid != 0 && !status.is_finishing;
    sight.phase = is_up && status.wants_up     ? Phase::runs
                  : !is_up && !status.wants_up ? Phase::down
                                               : Phase::between;
    return sight;
  }

  std::string folder_;
  bool is_runit_;
};

// --- supervisor: its XML-RPC --------------------------------------------------------------------

class SupervisorView final : public ServiceView {
 public:
  SupervisorView(const ServicePlace& place, Duration limit)
      : limit_(limit),
        call_{.unix_path = place.control.empty() ? "/run/supervisor.sock" : place.control,
              .method = "supervisor.getProcessInfo",
              .arguments = {json::string(place.unit)}} {}

  Result<ServiceSight> look() override {
    sys::Patience patience(limit_);
    const json::value answer = TRY(call_xml_rpc(call_, patience));
    const json::object* info = answer.if_object();
    if (info == nullptr) return error(Code::conflict, "supervisor says nonsense");
    const std::string state = text_at(*info, "statename");
    ServiceSight sight;
    sight.phase = state == "RUNNING"                        ? Phase::runs
                  : state == "STOPPED" || state == "EXITED" ? Phase::down
                  : state == "FATAL"                        ? Phase::failed
                                                            : Phase::between;
    sight.main_pid = integer_at(*info, "pid");
    sight.is_frozen = sight.main_pid != 0 && stands_still(sight.main_pid);
    sight.detail = fmt::format("{}, main process {}", state, sight.main_pid);
    return sight;
  }

 private:
  Duration limit_;
  XmlRpcCall call_;
};

}  // namespace

Result<std::unique_ptr<ServiceView>> ServiceView::open(const ServicePlace& place, Duration limit) {
  if (place.manager == "systemd") return SystemdView::open(place, limit);
  std::unique_ptr<ServiceView> view;
  if (place.manager == "supervisor") {
    view = std::make_unique<SupervisorView>(place, limit);
  } else if (place.manager == "runit" || place.manager == "s6") {
    const bool is_runit = place.manager == "runit";
    const std::string usual = is_runit ? "/etc/service" : "/run/service";
    const std::string& folder = place.control.empty() ? usual : place.control;
    view = std::make_unique<SupervisedView>(folder + "/" + place.unit, is_runit);
  } else {
    return error(Code::invalid, fmt::format("there is no manager {}", quote(place.manager)),
                 "use systemd, runit, s6 or supervisor");
  }
  TRY_VOID(view->look());
  return view;
}

}  // namespace squall::net
