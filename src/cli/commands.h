// The sub-commands, one file each.
#pragma once

#include "cli/command.h"

namespace squall::cli {

Command run_command();
Command check_command();
Command explain_command();

Command faults_command();
Command probes_command();
Command schema_command();

Command status_command();
Command halt_command();
Command resume_command();
Command recover_command();

Command runs_command();
Command show_command();
Command report_command();
Command ledger_command();

Command proxy_command();
// The verbs of `squall proxy`, which speak to one that runs.
std::vector<Command> proxy_client_commands();

Command completion_command();
Command version_command();

}  // namespace squall::cli
