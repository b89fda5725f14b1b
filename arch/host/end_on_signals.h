// SPDX-License-Identifier: Apache-2.0
//
// For commands whose guests get no signals from the host.

#ifndef ARCH_HOST_END_ON_SIGNALS_H_
#define ARCH_HOST_END_ON_SIGNALS_H_

namespace emu {

// From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT end the process, wherever it
// is, with `line` on standard error and the status 128 + N; those that are
// ignored stay so. SIGTSTP stops it. `line` is there for ever.
void EndOnSignals(const char* line);

}  // namespace emu

#endif  // ARCH_HOST_END_ON_SIGNALS_H_
