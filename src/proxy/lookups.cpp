// One question after the other, each with a limit. A DNS that is slow delays the next question, and
// no connection that is open.
#include "proxy/lookups.h"

#include "sys/clock.h"

namespace squall::proxy {
namespace {

constexpr Duration limit = seconds(5);
constexpr Duration kept = seconds(1);
constexpr std::size_t answers_max = 1000;

}  // namespace

Lookups::Lookups() : thread_([this](std::stop_token stop) { run(std::move(stop)); }) {}

void Lookups::ask(const std::string& host, int port, Told told) {
  const std::lock_guard lock(mutex_);
  questions_.push_back({host, port, std::move(told)});
  changed_.notify_one();
}

void Lookups::end() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Lookups::run(std::stop_token stop) {
  while (true) {
    Question question;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !questions_.empty(); })) return;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    question.told(answer(question, stop));
  }
}

Addresses Lookups::answer(const Question& question, std::stop_token stop) {
  const Duration now = sys::monotonic_now();
  const std::pair key(question.host, question.port);
  const auto known = answers_.find(key);
  if (known != answers_.end() && now - known->second.at < kept) return known->second.addresses;
  if (answers_.size() >= answers_max) answers_.clear();
  sys::Patience patience(limit, std::move(stop));
  Result<std::vector<net::Address>> found = net::resolve(question.host, question.port, patience);
  if (!found.ok()) return nullptr;
  const auto addresses = std::make_shared<const std::vector<net::Address>>(*std::move(found));
  answers_[key] = {addresses, sys::monotonic_now()};
  return addresses;
}

}  // namespace squall::proxy
