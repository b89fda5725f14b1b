#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/syscalls.md is what tools/syscalls_doc.py makes of the table.
# Usage: syscalls_doc_test.sh SCRIPT TABLE NUMBERS DOCUMENT

set -euo pipefail
diff "$4" <(/usr/bin/python3 "$1" "$2" "$3")
