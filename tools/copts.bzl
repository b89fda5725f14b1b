# SPDX-License-Identifier: Apache-2.0

"""Compiler options of our own code. Libraries of others are system headers."""

EMU_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
]

# For arch/ and kernel/, whose errors are values.
KERNEL_COPTS = EMU_COPTS + [
    "-fno-exceptions",
    "-fno-rtti",
]

# A program without shared libraries, which can be copied anywhere.
STATIC_LINKOPTS = ["-static"]
