# SPDX-License-Identifier: Apache-2.0

"""syscall_test: one guest program, judged by Linux and then run under emu."""

# Whether `bazel test //...` includes the _emu half. Where it is False, the
# targets exist and run when named.
EMU_RUNS = True

# The ways in which emu can copy guests' memory (`emu run --memory-access`), that
# it does not choose itself: all are to give the same answers. Their tests are
# left out by --test_tag_filters=-memory-access.
MEMORY_ACCESS = ["vm", "proc", "words"]

# Guests are compiled for the sake of compile time, not of speed.
_GUEST_COPTS = ["-O0", "-Wall", "-Wextra"]

def guest_binary(name, srcs, deps = [], **kwargs):
    """A fully static program to be run natively and under emu."""
    native.cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        copts = _GUEST_COPTS,
        linkopts = ["-static"],
        deps = deps,
        **kwargs
    )

def syscall_test(name, srcs, deps = [], as_root = False, timeout = "short"):
    """Declares <name>_native and <name>_emu, two runs of one gtest program.

    And one for each of MEMORY_ACCESS, <name>_emu_vm and so on. All run as the same unprivileged user (uid and gid 1000), or as root, in a
    fresh directory of that user's and with the same environment: see
    tests/run_guest.sh.

    Args:
      name: of the family, such as "pipe_test".
      srcs: the guest's sources; gtest's main is linked in.
      deps: what the guest needs besides gtest.
      as_root: whether both runs are made as root.
      timeout: Bazel's, for each of them.
    """
    guest = name + "_guest"
    guest_binary(
        name = guest,
        srcs = srcs,
        deps = deps + ["@com_google_googletest//:gtest_main"],
    )
    user = "root" if as_root else "user"
    native.sh_test(
        name = name + "_native",
        size = "small",
        timeout = timeout,
        srcs = ["//tests:run_guest.sh"],
        args = ["native", user, "$(location :%s)" % guest],
        data = [":" + guest],
        # Bazel's sandbox knows one user only, and hides processes.
        tags = ["no-sandbox"],
    )
    emu_run_test(name + "_emu", guest, as_root = as_root, timeout = timeout)
    for access in MEMORY_ACCESS:
        emu_run_test(
            name + "_emu_" + access,
            guest,
            as_root = as_root,
            timeout = timeout,
            memory_access = access,
        )

def emu_run_test(
        name,
        guest,
        guest_args = [],
        as_root = False,
        timeout = "short",
        memory_access = None):
    """Runs a guest program under emu; passes where the program exits with 0.

    Args:
      name: of the test.
      guest: a guest_binary of the same package.
      guest_args: passed to it.
      as_root: whether it runs as root, and not as uid and gid 1000.
      timeout: Bazel's.
      memory_access: how emu copies its memory, if it is not to choose.
    """
    native.sh_test(
        name = name,
        size = "small",
        timeout = timeout,
        srcs = ["//tests:run_guest.sh"],
        args = [
            "emu" if memory_access == None else "emu:" + memory_access,
            "root" if as_root else "user",
            "$(location :%s)" % guest,
            "$(location //emu)",
        ] + guest_args,
        data = [":" + guest, "//emu"],
        tags = ["no-sandbox"] + ([] if EMU_RUNS else ["manual"]) +
               ([] if memory_access == None else ["memory-access"]),
    )

def emu_only_test(name, srcs, deps = [], **kwargs):
    """Declares <name>_emu: a gtest program on what emu does unlike Linux."""
    guest = name + "_guest"
    guest_binary(
        name = guest,
        srcs = srcs,
        deps = deps + ["@com_google_googletest//:gtest_main"],
    )
    emu_run_test(name + "_emu", guest, **kwargs)
