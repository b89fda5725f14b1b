#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# gcc and g++ compile programs, which then run.
set -eu
cat >h.c <<'END'
#include <pthread.h>
#include <stdio.h>
static void *f(void *p) { *(int *)p += 1; return p; }
int main(void) { int n = 41; pthread_t t; pthread_create(&t, 0, f, &n); pthread_join(t, 0); printf("c %d\n", n); return n == 42 ? 0 : 1; }
END
cat >h.cc <<'END'
#include <algorithm>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>
int main() {
  std::map<std::string, int> m{{"b", 2}, {"a", 1}}; std::vector<int> v{3, 1, 2}; std::sort(v.begin(), v.end());
  for (auto &[k, x] : m) std::cout << k << x << ' ';
  for (int x : v) std::cout << x << ' ';
  try { throw std::runtime_error("thrown"); } catch (const std::exception &e) { std::cout << e.what() << '\n'; }
}
END
gcc -O2 -Wall -pthread h.c -o c && ./c
g++ -O1 h.cc -o cc && ./cc
gcc -static -O1 -pthread h.c -o c_static && ./c_static
gcc -shared -fPIC -O1 -x c -o libx.so - <<<'int x(void) { return 7; }'
gcc -x c -o uses - -x none -L. -lx -Wl,-rpath,'$ORIGIN' <<<'int x(void); int main(void) { return x(); }'
./uses || echo "exit $?"
gcc -c -o /dev/null -x c - <<<'int main( { }' 2>/dev/null || echo "syntax error: $?"
gcc -g -c h.c && ar rc lib.a h.o && ar t lib.a && nm h.o | grep -c ' T ' && strip h.o && size h.o | wc -l && objdump -h h.o | grep -c text
sha256sum c cc c_static libx.so | cut -c1-64
