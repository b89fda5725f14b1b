#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# python3's modules that lean on the kernel.
cat >t.py <<'END'
import asyncio, collections, concurrent.futures, hashlib, mmap, multiprocessing, os, pty, queue, select, signal
import socket, sqlite3, struct, subprocess, sys, tempfile, threading, time

def worker(n):
    return n * n

def child(q, n):
    q.put((n, os.getpid() != os.getppid()))

async def tick(name, delay, out):
    await asyncio.sleep(delay)
    out.append(name)

async def network():
    async def serve(reader, writer):
        data = await reader.readline()
        writer.write(data.upper())
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(b'over loopback\n')
    print(await reader.readline())
    writer.close()
    server.close()
    proc = await asyncio.create_subprocess_exec('echo', 'async child', stdout=subprocess.PIPE)
    print(await proc.communicate())

def main():
    print(subprocess.run(['sh', '-c', 'echo out; echo err >&2; exit 3'], capture_output=True, text=True))
    p = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    print(p.communicate(b'x' * 200000)[0] == b'x' * 200000)
    try:
        subprocess.run(['sleep', '10'], timeout=0.1)
    except subprocess.TimeoutExpired:
        print('timeout')
    counter, lock = collections.Counter(), threading.Lock()
    def count(name):
        for _ in range(200):
            with lock:
                counter[name % 2] += 1
    threads = [threading.Thread(target=count, args=(i,)) for i in range(8)]
    [t.start() for t in threads]; [t.join() for t in threads]
    print(sorted(counter.items()))
    q = queue.Queue()
    threading.Timer(0.02, q.put, ['from timer']).start()
    print(q.get(timeout=5))
    with multiprocessing.Pool(3) as pool:
        print(pool.map(worker, range(10)))
    mq = multiprocessing.Queue()
    ps = [multiprocessing.Process(target=child, args=(mq, i)) for i in range(3)]
    [p.start() for p in ps]; print(sorted(mq.get() for _ in ps)); [p.join() for p in ps]
    v = multiprocessing.Value('i', 0)
    def add():
        for _ in range(50):
            with v.get_lock():
                v.value += 1
    ps = [multiprocessing.Process(target=add) for _ in range(3)]
    [p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
    with concurrent.futures.ThreadPoolExecutor(4) as ex:
        print(list(ex.map(worker, range(5))))
    out = []
    async def gather():
        await asyncio.gather(*(tick(n, d, out) for n, d in (('c', .03), ('a', .01), ('b', .02))))
    asyncio.run(gather()); print(out); asyncio.run(network())
    db = sqlite3.connect('test.db')
    db.execute('create table t (id integer primary key, name text)')
    with db:
        db.executemany('insert into t (name) values (?)', [(f'n{i}',) for i in range(1000)])
    print(db.execute('select count(*), max(id), sum(length(name)) from t').fetchone()); db.close()
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'map'); open(path, 'wb').write(b'\0' * 8192)
        with open(path, 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
            m[4090:4100] = b'0123456789'; m.flush()
        print(open(path, 'rb').read()[4090:4100])
    anon = mmap.mmap(-1, 4096)
    if os.fork() == 0:
        anon[:5] = b'child'; os._exit(0)
    print(os.wait()[1], anon[:5])
    hits = []
    signal.signal(signal.SIGALRM, lambda s, f: hits.append(s)); signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    while len(hits) < 3:
        signal.pause()
    signal.setitimer(signal.ITIMER_REAL, 0); print('alarms', len(hits) >= 3)
    r, w = os.pipe(); print(select.select([r], [w], [], 0)[1] == [w]); os.write(w, b'x'); ep = select.epoll()
    ep.register(r, select.EPOLLIN); print(ep.poll(1) == [(r, select.EPOLLIN)], select.poll().poll(1))
    a, b = socket.socketpair(); a.sendall(b'ping'); print(b.recv(10)); socket.send_fds(a, [b'fd'], [r])
    msg, fds, _, _ = socket.recv_fds(b, 10, 1); print(msg, os.read(fds[0], 1))
    pid, fd = pty.fork()
    if pid == 0:
        print('tty', os.isatty(0), flush=True); print(input('prompt> '), flush=True); os._exit(4)
    os.write(fd, b'typed line\n'); data = b''
    try:
        while True:
            chunk = os.read(fd, 1024)
            if not chunk: break
            data += chunk
    except OSError:
        pass
    print(sorted(data.replace(b'\r', b'').split(b'\n')), os.waitpid(pid, 0)[1] >> 8)
    print(os.stat('/etc/passwd').st_mode & 0o170000, os.uname().sysname, len(os.urandom(8)))
    print(hashlib.sha256(open('/usr/bin/env', 'rb').read()).hexdigest()[:0], struct.pack('>I', 5))
    t0 = time.monotonic(); time.sleep(0.05); print(time.monotonic() - t0 >= 0.05)
    sys.exit(9)

if __name__ == '__main__':
    main()
END
exec /usr/bin/python3 t.py
