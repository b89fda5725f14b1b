// SPDX-License-Identifier: Apache-2.0
//
// Parameter types of system calls that are no more than a name for what a
// register holds, and the wire structs that they point to, declared only: a
// handler includes the header that defines what it uses.

#ifndef KERNEL_SYSCALLS_TYPES_H_
#define KERNEL_SYSCALLS_TYPES_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace emu::abi {

struct cachestat;
struct cachestat_range;
struct cap_user_data;
struct cap_user_header;
struct clone_args;
struct epoll_event;
struct file_attr;
struct file_handle;
struct flock;
struct futex_waitv;
struct iovec;
struct itimerspec;
struct itimerval;
struct linux_dirent64;
struct lsm_ctx;
struct mmsghdr;
struct mnt_id_req;
struct mq_attr;
struct msghdr;
struct open_how;
struct pollfd;
struct rlimit64;
struct rusage;
struct sched_attr;
struct sched_param;
struct sembuf;
struct sigaction;
struct sigevent;
struct siginfo;
struct sigset_argpack;
struct stack_t;
struct stat;
struct statfs;
struct statx;
struct sysinfo;
struct timespec;
struct timeval;
struct timex;
struct timezone;
struct tms;
struct utimbuf;
struct utsname;
struct xattr_args;

}  // namespace emu::abi

#endif  // KERNEL_SYSCALLS_TYPES_H_
