#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The kernel makes no host call, reads no clock, takes no lock and draws nothing
# by chance: what its library needs from elsewhere is on the list below, and on
# it is nothing that could. A line is a symbol without its parameters, as a
# pattern of the shell's.
#
# Usage: kernel_symbols_test.sh LIBRARY

set -euo pipefail

readonly allowed=(
  # Memory and strings: the C library's functions of their arguments alone.
  memchr memcmp memcpy memmove memset strchr strlen strnlen strtoull
  # What the compiler calls.
  'operator new*' 'operator delete*' abort __cxa_pure_virtual __stack_chk_fail
  __libc_single_threaded _GLOBAL_OFFSET_TABLE_ std::nothrow
  'vtable for __cxxabiv1::*'
  # The insides of containers, strings and shared pointers.
  'std::_Rb_tree_*' 'std::__detail::*' std::_Hash_bytes 'std::__throw_*'
  'std::_Sp_make_shared_tag::*' 'std::__cxx11::basic_string<*'
  # abseil's strings and containers.
  'absl::*::str_format_internal::*' 'absl::*::strings_internal::*'
  'absl::*::numbers_internal::*' 'absl::*::container_internal::*'
  'absl::*::StrCat*' 'absl::*::StrAppend' 'absl::*::ascii_internal::*'
  'absl::*::ByString::*' 'absl::*::ByChar::*' 'absl::*::ByAnyChar::*'
  'absl::*::EqualsIgnoreCase' 'absl::*::*WithIgnoreCase' 'absl::*::CEscape'
  'absl::*::StrReplaceAll*' 'absl::*::string_view::*' 'absl::*::AsciiStr*'
  'absl::*::base_internal::ThrowStd*'
  # Constants of the C library.
  in6addr_loopback in6addr_any
  # arch/: all that it gives the kernel besides its doors, which are virtual.
  emu::CheckFailed emu::Digest emu::TakePageDigests emu::VdsoImage
)

# Prints those lines of its input that are not allowed.
not_allowed() {
  local symbol pattern
  while read -r symbol; do
    for pattern in "${allowed[@]}"; do
      # shellcheck disable=SC2053
      [[ $symbol == $pattern ]] && continue 2
    done
    echo "$symbol"
  done
}

# Symbols that members of the library use and none of them defines, without
# return types and parameters.
undefined_symbols() {
  comm -23 \
    <(nm --undefined-only --format=just-symbols "$1" | grep -v ':$' | sort -u) \
    <(nm --defined-only --format=just-symbols "$1" | grep -v ':$' | sort -u) |
    sed '/^$/d' | c++filt |
    sed -E 's/^(bool|void|int|unsigned long) //; s/\(.*//' | sort -u
}

# The list lets none of these through.
refused=(
  open open64 read write close mmap ioctl socket fork syscall ptrace getpid
  clock_gettime gettimeofday time nanosleep rand random getrandom getenv
  pthread_create pthread_mutex_lock dlopen printf fopen exit std::cout
  std::chrono::_V2::system_clock::now std::random_device::_M_getval
  std::thread::_M_start_thread absl::debian3::Now absl::debian3::Mutex::Lock
  absl::debian3::SleepFor emu::HostClock
)
if [[ $(printf '%s\n' "${refused[@]}" | not_allowed | wc -l) != "${#refused[@]}" ]]; then
  echo 'the list of what is allowed is too wide:'
  comm -23 <(printf '%s\n' "${refused[@]}" | sort) \
    <(printf '%s\n' "${refused[@]}" | not_allowed | sort)
  exit 1
fi

undefined=$(undefined_symbols "$1")
[[ $undefined == *memcpy* ]] || { echo "no symbols are found in $1"; exit 1; }
found=$(not_allowed <<<"$undefined")
if [[ -n $found ]]; then
  echo 'The kernel reaches for what is not its own. What it needs from outside'
  echo 'comes through the doors of arch/ (Machine, PageStore, Env):'
  echo "$found"
  exit 1
fi
