// What the kernel answers to nf_tables requests: bytes in, meaning out. Nothing is trusted to be
// whole.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "sys/nft.h"
#include "sys/nft_message.h"

namespace squall::sys {

// Reads all answers to a transaction, in the order of arrival. Every message but the first and the
// last must have been confirmed. Errors name the message that failed and say why and what to do.
Status judge(const NftTransaction& transaction, const std::vector<std::string>& datagrams);

// Whether the answers to NftTransaction::table_request show the table.
Result<bool> read_existence(const std::vector<std::string>& datagrams);

// The sum over all rules in the answers to NftTransaction::rules_request, with `exists` left false.
// Code::conflict if tables changed while the kernel listed them: ask again.
Result<NftTableState> read_counters(const std::vector<std::string>& datagrams);

}  // namespace squall::sys
