#include "cli/onlooker.h"

#include <fmt/core.h>

#include "cli/live_screen.h"
#include "cli/plain_lines.h"

namespace squall::cli {
namespace {

std::string opening(const std::string& run, const scenario::Plan& plan) {
  return fmt::format("run {}, seed {}, plan {}\n", run, plan.seed,
                     scenario::hash(plan).substr(0, 12));
}

void print_remark(const Console& console, const std::string& text) {
  console.print_error("squall: " + text + "\n");
}

class Screen final : public Onlooker {
 public:
  Screen(const Console& console, const fault::Catalogue& faults)
      : console_(console), screen_(console, faults) {}

  void begin(const std::string& run, const scenario::Plan& plan) override {
    console_.print(opening(run, plan) + "\n");
    screen_.start();
  }
  void read(const engine::Event& event) override { screen_.read(event); }
  void remark(const std::string& text) override { screen_.remark(text); }
  void end(const engine::Verdict&, const std::string&) override { screen_.finish(); }

 private:
  const Console& console_;
  LiveScreen screen_;
};

class Lines final : public Onlooker {
 public:
  Lines(const Console& console, const fault::Catalogue& faults)
      : console_(console), lines_(faults) {}

  void begin(const std::string& run, const scenario::Plan& plan) override {
    console_.print(opening(run, plan));
  }
  void read(const engine::Event& event) override {
    console_.print(lines_.read(event, console_.style()));
  }
  void remark(const std::string& text) override { print_remark(console_, text); }
  void end(const engine::Verdict&, const std::string&) override {}

 private:
  const Console& console_;
  PlainLines lines_;
};

class Machine final : public Onlooker {
 public:
  explicit Machine(const Console& console) : console_(console) {}

  void begin(const std::string& run, const scenario::Plan&) override { run_ = run; }
  void read(const engine::Event& event) override { console_.print_json(event); }
  void remark(const std::string& text) override { print_remark(console_, text); }
  void end(const engine::Verdict& verdict, const std::string& timeline) override {
    console_.print_json(json::object{{"event", "verdict"},
                                     {"run", run_},
                                     {"timeline", timeline},
                                     {"exit_code", engine::exit_code(verdict.outcome)},
                                     {"verdict", engine::to_json(verdict)}});
  }

 private:
  const Console& console_;
  std::string run_;
};

}  // namespace

std::unique_ptr<Onlooker> make_onlooker(OnlookerChoice choice, const Console& console,
                                        const fault::Catalogue& faults) {
  if (choice.as_json) return std::make_unique<Machine>(console);
  if (choice.is_plain || !console.style().is_terminal) {
    return std::make_unique<Lines>(console, faults);
  }
  return std::make_unique<Screen>(console, faults);
}

}  // namespace squall::cli
