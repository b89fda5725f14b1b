#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# node with worker threads, timers, files and child processes.
cat >t.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const fs = require('fs'), { execFile, spawn } = require('child_process'), crypto = require('crypto'), zlib = require('zlib'), net = require('net');
if (!isMainThread) { let s = 0; for (let i = 0; i < workerData; i++) s += i; parentPort.postMessage(s); return; }
(async () => {
  const run = n => new Promise((ok, no) => { const w = new Worker(__filename, { workerData: n }); w.on('message', ok); w.on('error', no); });
  console.log(await Promise.all([1000, 2000, 100000].map(run)));
  const order = []; await Promise.all([30, 10, 20].map(ms => new Promise(ok => setTimeout(() => { order.push(ms); ok(); }, ms)))); console.log(order);
  await fs.promises.mkdir('d/e', { recursive: true }); await fs.promises.writeFile('d/e/f', 'text'.repeat(1000));
  console.log((await fs.promises.readFile('d/e/f', 'utf8')).length, fs.readdirSync('d'), fs.statSync('d/e/f').size);
  console.log(await new Promise(ok => execFile('echo', ['child'], (e, out) => ok(out))));
  const cat = spawn('cat'); cat.stdin.end('to cat'); let got = ''; for await (const c of cat.stdout) got += c; console.log(got);
  console.log(crypto.createHash('sha256').update('x').digest('hex').slice(0, 16), zlib.gunzipSync(zlib.gzipSync('z'.repeat(9999))).length);
  await new Promise(ok => { const s = net.createServer(c => c.end('hello')).listen(0, '127.0.0.1', () => { let d = ''; net.connect(s.address().port, '127.0.0.1').on('data', x => d += x).on('end', () => { console.log(d); s.close(ok); }); }); });
  process.on('exit', c => console.log('exit', c)); process.exitCode = 8;
})();
END
exec /usr/bin/node t.js
