#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# sqlite3 with 100,000 inserts, a journal and a write-ahead log.
set -eu
{ echo 'create table t (id integer primary key, k integer, v text); begin;'
  seq 1 100000 | awk '{print "insert into t values (" $1 "," ($1 * 7919) % 100003 ",\047value " $1 "\047);"}'
  echo 'commit; create index i on t (k); select count(*), sum(k), max(v) from t; select v from t where k = 77777;'
  echo 'pragma integrity_check;'; } | sqlite3 a.db
sqlite3 a.db 'pragma journal_mode=wal; update t set k = k + 1 where id % 10 = 0; select sum(k) from t; delete from t where id > 50000; vacuum; select count(*) from t;'
for i in 1 2 3; do sqlite3 a.db "insert into t values (200000 + $i, $i, 'x')"; done; sqlite3 a.db 'select * from t where id > 200000; pragma journal_mode=delete;'
