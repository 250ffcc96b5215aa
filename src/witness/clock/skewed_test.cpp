#include <array>
#include <cstring>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "witness/scenes_test.h"

#if defined(__x86_64__)
namespace squall::witness {
namespace {

using scenes::Child;
using testing::HasSubstr;

// Machine code for the place where the vDSO has its clock_gettime: system call 228, then something
// done to the struct timespec at %rsi.
const std::string ask("\xb8\xe4\x00\x00\x00\x0f\x05", 7);
const std::string back("\x31\xc0\xc3", 3);                               // xor %eax,%eax; ret
const std::string add_90_s("\x48\x83\x06\x5a", 4);                       // addq $90,(%rsi)
const std::string take_2_s("\x48\x83\x2e\x02", 4);                       // subq $2,(%rsi)
const std::string add_5_ms("\x48\x81\x46\x08\x40\x4b\x4c\x00", 8);       // addq $5000000,8(%rsi)
const std::string add_100_us("\x48\x81\x46\x08\xa0\x86\x01\x00", 8);     // addq $100000,8(%rsi)
const std::string loop_for_ever("\xeb\xfe", 2);                          // jmp to itself
const std::string make_a_folder("\xb8\x53\x00\x00\x00\x0f\x05\xc3", 8);  // system call 83
const std::string fault("\x0f\x0b", 2);                                  // ud2

std::string original;
std::string replacement;
char* place = nullptr;

// The child's clock becomes wrong with SIGUSR1 and right again with SIGUSR2.
void arrange() {
  void* vdso = ::dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
  place = static_cast<char*>(::dlsym(vdso, "__vdso_clock_gettime"));
  original.assign(place, replacement.size());
  auto* base = reinterpret_cast<char*>(::getauxval(AT_SYSINFO_EHDR));  // NOLINT
  if (::mprotect(base, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) ::_exit(1);
  ::signal(SIGUSR1, [](int) { std::memcpy(place, replacement.data(), replacement.size()); });
  ::signal(SIGUSR2, [](int) { std::memcpy(place, original.data(), original.size()); });
}

std::unique_ptr<Child> child_with(std::string code) {
  replacement = std::move(code);
  return std::make_unique<Child>(arrange);
}

json::object watching(const Child& child, std::string_view at_least) {
  json::object params = child.params();
  params["at_least"] = at_least;
  return params;
}

TEST(ClockSkewed, SeesAClockComeOffAndBePutRight) {
  for (const auto& [step, ahead_ms] :
       {std::pair{add_90_s, 90'000.0}, {take_2_s, -2000.0}, {add_5_ms, 5.0}}) {
    const auto child = child_with(ask + step + back);
    const auto witness = scenes::open("clock.skewed", watching(*child, "1 ms")).value();
    EXPECT_TRUE(scenes::stays_off(*witness));
    ::kill(child->pid(), SIGUSR1);
    const auto sighting = scenes::see(*witness, true);
    ASSERT_TRUE(sighting.has_value());
    EXPECT_NEAR(sighting->dose, ahead_ms, 0.1);
    EXPECT_THAT(sighting->detail, HasSubstr(ahead_ms < 0 ? " ms behind" : " ms ahead"));
    ::kill(child->pid(), SIGUSR2);
    const auto right = scenes::see(*witness, false);
    ASSERT_TRUE(right.has_value());
    EXPECT_EQ(right->dose, 0);
    EXPECT_TRUE(scenes::stays_off(*witness));
  }
}

TEST(ClockSkewed, CallsAClockOffOnlyFromWhatWasAskedFor) {
  const auto child = child_with(ask + add_100_us + back);
  const auto coarse = scenes::open("clock.skewed", watching(*child, "1 ms")).value();
  const auto fine = scenes::open("clock.skewed", watching(*child, "50 us")).value();
  ::kill(child->pid(), SIGUSR1);
  EXPECT_TRUE(scenes::see(*fine, true).has_value());
  EXPECT_TRUE(scenes::stays_off(*coarse, 5));
  EXPECT_NEAR(coarse->look().value().dose, 0.1, 0.05) << "what it is all the same";
}

TEST(ClockSkewed, SeesNothingWhenOtherCodeTellsTheRightTime) {
  const auto child = child_with(ask + back);
  const auto witness = scenes::open("clock.skewed", watching(*child, "1 ms")).value();
  ::kill(child->pid(), SIGUSR1);
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST(ClockSkewed, IsNotHarmedByCodeThatIsNoClock) {
  for (const std::string& code : {loop_for_ever, make_a_folder, fault}) {
    const auto child = child_with(code);
    const auto witness = scenes::open("clock.skewed", watching(*child, "1 ms")).value();
    EXPECT_TRUE(scenes::stays_off(*witness, 3));
    ::kill(child->pid(), SIGUSR1);
    sys::Patience patience(seconds(5));
    Result<Sighting> sighting = witness->look();
    while (sighting.ok() && !patience.is_over()) sighting = witness->look();
    ASSERT_FALSE(sighting.ok());
    EXPECT_THAT(sighting.error().message, HasSubstr("does not read a clock"));
  }
}

TEST(ClockSkewed, RefusesAClockThatIsOffAlready) {
  const auto child = child_with(ask + add_90_s + back);
  const auto before = scenes::open("clock.skewed", watching(*child, "1 ms")).value();
  ::kill(child->pid(), SIGUSR1);
  ASSERT_TRUE(scenes::see(*before, true).has_value());
  const auto witness = scenes::open("clock.skewed", watching(*child, "1 ms"));
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
  EXPECT_THAT(witness.error().message, HasSubstr("is off already"));
}

TEST(ClockSkewed, SaysWhenTheProcessHasEnded) {
  const auto child = child_with(ask + add_90_s + back);
  const auto witness = scenes::open("clock.skewed", watching(*child, "1 ms")).value();
  ::kill(child->pid(), SIGUSR1);
  ASSERT_TRUE(scenes::see(*witness, true).has_value());
  ::kill(child->pid(), SIGKILL);
  EXPECT_TRUE(scenes::comes_to_say(*witness, "the process, or the program that it ran, has ended"));
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST(ClockSkewed, DoesNotTakeAnotherProcessOfTheSamePidForIt) {
  const Child child;
  const auto witness = scenes::open("clock.skewed", scenes::params_of_a_predecessor(child));
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
#endif
