// The nft part of the fingerprint: every table of one network namespace, as one item.
#pragma once

#include <string>

#include "core/result.h"
#include "sys/fd.h"
#include "sys/fingerprint_parts.h"

namespace squall::sys {

// Reads tables, chains, rules and the definitions of sets by dumps on a NETLINK_NETFILTER socket,
// and notes "nft table FAMILY NAME" for each. Two tables of the same content give the same value,
// whatever their handles and counters. Errors: as netlink_dump.
Status note_nft(const std::string& prefix, const Fd& socket, FingerprintItems& items);

}  // namespace squall::sys
