#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs linked statically with musl and with glibc.
set -eu
cat >t.c <<'END'
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int turn;
static void *f(void *p) { long me = (long)p; for (int i = 0; i < 100; i++) { pthread_mutex_lock(&m); while (turn != me) pthread_cond_wait(&c, &m); turn = !me; pthread_cond_broadcast(&c); pthread_mutex_unlock(&m); } return 0; }
static void h(int s) { write(1, "signal\n", 7); (void)s; }
int main(int n, char **v) {
  pthread_t a, b; pthread_create(&a, 0, f, (void *)0); pthread_create(&b, 0, f, (void *)1); pthread_join(a, 0); pthread_join(b, 0);
  signal(SIGUSR1, h); raise(SIGUSR1);
  int p[2]; pipe(p); pid_t pid = fork(); if (!pid) { dup2(p[1], 1); execl("/bin/echo", "echo", "executed", (char *)0); _exit(1); }
  close(p[1]); char buf[64]; ssize_t k = read(p[0], buf, 64); write(1, buf, k); int st; waitpid(pid, &st, 0);
  char *q = malloc(10 << 20); memset(q, 1, 10 << 20); free(q);
  FILE *t = tmpfile(); fprintf(t, "%d %s", n, v[0]); rewind(t); char s[64]; printf("%s\n", fgets(s, 64, t));
  struct timespec ts = {0, 1000000}; nanosleep(&ts, 0); printf("%s %d\n", strerror(ENOENT), st); fflush(stdout); abort();
}
END
for cc in musl-gcc gcc; do
  $cc -O1 -w -static t.c -o "t_$cc" -pthread
  { ./t_$cc || echo "$cc $?"; } 2>/dev/null
done
rm -f core*
