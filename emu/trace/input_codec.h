// SPDX-License-Identifier: Apache-2.0
//
// The payloads of input records. Each is a question, what the kernel asked with
// which arguments, and behind it the answer, so that a replay can compare the
// one and give the other. docs/trace_format.md lists them.

#ifndef EMU_TRACE_INPUT_CODEC_H_
#define EMU_TRACE_INPUT_CODEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/env.h"
#include "arch/host_tree.h"
#include "arch/result.h"
#include "emu/trace/inputs.h"

namespace emu {

// Signed numbers, small ones of both signs in few bytes.
void AppendSigned(std::string& to, int64_t value);
bool TakeSigned(absl::string_view& from, int64_t* value);

// How an answer begins: 0, or the errno that is all of it.
inline void AppendOutcome(std::string& to, int error) {
  to.push_back(static_cast<char>(error));
}
bool TakeOutcome(absl::string_view& from, int* error);

void AppendNode(std::string& to, const HostNode& node);
bool TakeNode(absl::string_view& from, HostNode* node);

void AppendEntries(std::string& to, const std::vector<HostDirEntry>& entries);
bool TakeEntries(absl::string_view& from, std::vector<HostDirEntry>* entries);

void AppendXattrs(std::string& to, const HostTree::Xattrs& xattrs);
bool TakeXattrs(absl::string_view& from, HostTree::Xattrs* xattrs);

void AppendPreemption(std::string& to, const Preemption& preemption);
bool TakePreemption(absl::string_view& from, Preemption* preemption);

// A record in words, or the question alone where the payload ends behind it:
// "stat 0 usr/bin/env: -rwxr-xr-x 48232". Bytes that are no such record are
// shown as they are.
std::string DescribeInput(InputKind kind, absl::string_view payload);

}  // namespace emu

#endif  // EMU_TRACE_INPUT_CODEC_H_
