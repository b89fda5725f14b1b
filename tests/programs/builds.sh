#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make -j4 of a project of twenty files, and cmake with ninja.
set -eu
mkdir src
for i in $(seq 1 20); do echo "int f$i(int x) { return x + $i; }" >"src/f$i.c"; done
{ for i in $(seq 1 20); do echo "int f$i(int);"; done
  echo '#include <stdio.h>'; echo 'int main(void) { int s = 0;'
  for i in $(seq 1 20); do echo "s += f$i($i);"; done; echo 'printf("%d\n", s); }'; } >src/main.c
cat >Makefile <<'END'
OBJS := $(patsubst src/%.c,obj/%.o,$(wildcard src/*.c))
prog: $(OBJS)
	$(CC) -o $@ $^
obj/%.o: src/%.c | obj
	@$(CC) -O1 -c $< -o $@
obj:
	mkdir obj
END
make -j4 2>&1 | sort && ./prog && make -j4 && touch src/f3.c && make -j4 | sort && make -n -B | wc -l
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.10)
project(twenty C)
file(GLOB SOURCES src/*.c)
add_executable(twenty ${SOURCES})
enable_testing()
add_test(NAME runs COMMAND twenty)
END
cmake -G Ninja -S . -B build >log 2>&1 || cat log
ninja -C build >log 2>&1 || cat log; ./build/twenty; (cd build && ctest 2>&1 | grep -c Passed); ninja -C build | tail -n 1
rm -rf build log
