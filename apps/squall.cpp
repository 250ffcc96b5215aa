// squall: breaks things on purpose, proves it, and puts everything back.
#include "cli/command_line.h"
#include "cli/commands.h"
#include "sys/standard_descriptors.h"

int main(int count, char** words) {
  if (!squall::sys::fill_standard_descriptors()) return 1;
  using namespace squall::cli;
  return squall_main(count, words, SQUALL_VERSION,
                     {
                         // a scenario, from its text to its verdict
                         check_command(),
                         explain_command(),
                         run_command(),
                         // what was found
                         runs_command(),
                         show_command(),
                         report_command(),
                         ledger_command(),
                         // what is in force, and its end
                         status_command(),
                         halt_command(),
                         resume_command(),
                         recover_command(),
                         // trouble on the network, without root
                         proxy_command(),
                         // what there is
                         faults_command(),
                         probes_command(),
                         schema_command(),
                         completion_command(),
                         version_command(),
                     });
}
