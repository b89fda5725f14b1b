#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Directories and files of the host that guests use as they are (-v A:B:rw).

Usage: binds.py EMU
"""

import mmap
import os
import shutil
import stat

from bind_guest import Guest, case, get, put, run, run_cases


@case
def creates_writes_and_appends():
    run('''
        os.umask(0o027)
        put('new', 'hello')
        with open('new', 'a') as f: f.write(' there')
        fd = os.open('exact', os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o751)
        os.pwrite(fd, b'xyz', 3)
        assert os.pread(fd, 10, 0) == b'\\0\\0\\0xyz'
        os.mkdir('dir', 0o775)
        os.mkfifo('fifo', 0o622)
        fails(errno.EEXIST, os.mkdir, 'dir')
        fails(errno.EEXIST, os.open, 'new', os.O_CREAT | os.O_EXCL)
        fails(errno.EISDIR, os.open, 'dir', os.O_WRONLY)
    ''')
    assert get('new') == 'hello there'
    assert get('exact') == '\0\0\0xyz'
    modes = {n: stat.S_IMODE(os.stat(n).st_mode)
             for n in ('new', 'exact', 'dir', 'fifo')}
    assert modes == {'new': 0o640, 'exact': 0o750, 'dir': 0o750,
                     'fifo': 0o600}, modes
    assert stat.S_ISFIFO(os.stat('fifo').st_mode)


@case
def truncates_and_extends():
    put('file', '0123456789')
    put('opened', 'gone')
    run('''
        os.truncate('file', 4)
        assert get('file') == '0123'
        fd = os.open('file', os.O_RDWR)
        os.ftruncate(fd, 6)
        assert os.fstat(fd).st_size == 6 and os.read(fd, 9) == b'0123\\0\\0'
        os.close(os.open('opened', os.O_WRONLY | os.O_TRUNC))
        assert os.stat('opened').st_size == 0
    ''')
    assert get('file') == '0123\0\0' and get('opened') == ''


@case
def shared_mapping_is_the_hosts():
    put('file', 'a' * 8192)
    guest = Guest('''
        fd = os.open('file', os.O_RDWR)
        m = mmap.mmap(fd, 8192)
        m[4096:4101] = b'guest'
        assert os.pread(fd, 5, 4096) == b'guest'
        tell('mapped')
        assert m[0:4] == b'host'
        private = mmap.mmap(fd, 4096, flags=mmap.MAP_PRIVATE)
        private[0:4] = b'mine'
        assert os.pread(fd, 4, 0) == b'host'
        m.flush()
    ''')
    guest.at('mapped')
    with open('file', 'r+b') as file:
        with mmap.mmap(file.fileno(), 0) as own:
            assert own[4096:4101] == b'guest'
            own[0:4] = b'host'
            guest.go('mapped')
            guest.done()
            assert own[0:4] == b'host'


@case
def mapping_follows_size():
    put('file', 'a' * 4096)
    run('''
        fd = os.open('file', os.O_RDWR)
        os.ftruncate(fd, 8192)
        m = mmap.mmap(fd, 8192)
        m[4096:4100] = b'more'
        os.pwrite(fd, b'less', 0)
        assert m[0:4] == b'less'
    ''')
    assert get('file')[4096:4100] == 'more'


@case
def renames():
    put('a', 'A')
    put('b', 'B')
    put('c', 'C')
    os.mkdir('dir')
    run('''
        libc = ctypes.CDLL(None, use_errno=True)
        def rename2(old, new, flags):
            if libc.renameat2(-100, old.encode(), -100, new.encode(), flags):
                raise OSError(ctypes.get_errno(), 'renameat2')
        ino = os.stat('a').st_ino
        fd = os.open('a', os.O_RDONLY)
        os.rename('a', 'dir/moved')
        assert os.stat('dir/moved').st_ino == ino
        assert os.read(fd, 9) == b'A'
        assert os.readlink('/proc/self/fd/%d' % fd) == '/b/dir/moved'
        fails(errno.ENOENT, os.stat, 'a')
        rename2('b', 'c', 2)
        assert get('b') == 'C' and get('c') == 'B'
        fails(errno.EEXIST, rename2, 'b', 'c', 1)
        os.rename('b', 'c')
        assert get('c') == 'C'
        os.mkdir('other')
        put('other/file', '')
        fails(errno.ENOTEMPTY, os.rename, 'dir', 'other')
        fails(errno.EINVAL, os.rename, 'dir', 'dir/below')
        fails(errno.EISDIR, os.rename, 'c', 'dir')
        fails(errno.ENOTDIR, os.rename, 'dir', 'c')
        os.rename('other', 'renamed')
    ''')
    assert sorted(os.listdir('.')) == ['c', 'dir', 'renamed']
    assert get('dir/moved') == 'A' and get('c') == 'C'
    assert os.listdir('renamed') == ['file']


@case
def links_and_unlinks():
    put('file', 'x')
    run('''
        os.link('file', 'hard')
        assert os.stat('file').st_nlink == 2
        assert os.stat('file').st_ino == os.stat('hard').st_ino
        os.symlink('hard', 'soft')
        assert os.readlink('soft') == 'hard' and get('soft') == 'x'
        os.link('soft', 'soft2', follow_symlinks=False)
        assert os.path.islink('soft2')
        fd = os.open('file', os.O_RDWR)
        os.unlink('file')
        os.unlink('hard')
        assert os.fstat(fd).st_nlink == 0
        os.pwrite(fd, b'still', 0)
        assert os.pread(fd, 9, 0) == b'still'
        fails(errno.ENOENT, open, 'soft')
        os.mkdir('d')
        put('d/f', '')
        fails(errno.ENOTEMPTY, os.rmdir, 'd')
        fails(errno.EISDIR, os.unlink, 'd')
        fails(errno.ENOTDIR, os.rmdir, 'd/f')
        fails(errno.EPERM, os.link, 'd', 'e')
        os.unlink('d/f')
        os.rmdir('d')
        put('last', '')
    ''')
    assert sorted(os.listdir('.')) == ['last', 'soft', 'soft2']
    assert os.readlink('soft2') == 'hard'


@case
def modes_and_times():
    put('file', '')
    os.mkdir('dir')
    os.symlink('file', 'link')
    run('''
        os.chmod('file', 0o4751)
        os.chmod('dir', 0o1700)
        assert os.stat('file').st_mode == 0o104751
        os.utime('file', ns=(1_500_000_001, 2_000_000_003))
        os.utime('link', ns=(7_000_000_000, 9_000_000_000),
                 follow_symlinks=False)
        st = os.stat('file')
        assert st.st_mtime_ns == 2_000_000_003, st.st_mtime_ns
        # Owners are not the guest's to give; its own it may name.
        os.chown('file', os.getuid(), os.getgid())
        fails(errno.EPERM, os.chown, 'file', 0, 0)
    ''')
    st = os.stat('file')
    assert stat.S_IMODE(os.stat('dir').st_mode) == 0o1700
    assert st.st_mtime_ns == 2_000_000_003 and st.st_atime_ns == 1_500_000_001
    assert os.lstat('link').st_mtime_ns == 9_000_000_000


@case
def listings_go_on_while_names_change():
    for i in range(200):
        put(f'f{i:03}', '')
    guest = Guest('''
        assert len(os.listdir()) == 200
        seen = []
        with os.scandir() as entries:
            for entry in entries:
                seen.append(entry.name)
                os.unlink(entry.name)
        assert len(seen) == 200 and len(set(seen)) == 200
        assert os.listdir() == []
        put('own', '')
        tell('empty')
        assert sorted(os.listdir()) == ['host', 'own'], os.listdir()
        for entry in os.scandir():
            st = os.stat(entry.name)
            assert entry.inode() == st.st_ino, (entry, st)
    ''')
    guest.at('empty')
    assert os.listdir('.') == ['own']
    put('host', '')
    guest.go('empty')
    guest.done()


@case
def changes_by_the_host_are_seen():
    put('file', 'old')
    put('replaced', 'first')
    put('removed', 'x')
    guest = Guest('''
        fd = os.open('file', os.O_RDWR)
        gone = os.open('removed', os.O_RDONLY)
        before = os.stat('replaced').st_ino
        fails(errno.ENOENT, os.stat, 'appears')
        tell('looked')
        assert os.pread(fd, 99, 0) == b'changed by the host'
        assert os.stat('file').st_size == 19
        assert get('appears') == 'now'
        assert get('replaced') == 'second'
        assert os.stat('replaced').st_ino != before
        fails(errno.ENOENT, os.stat, 'removed')
        assert os.read(gone, 9) == b'x'
        assert oct(os.stat('file').st_mode & 0o777) == '0o600'
    ''')
    guest.at('looked')
    put('file', 'changed by the host')
    os.chmod('file', 0o600)
    put('appears', 'now')
    put('fresh', 'second')
    os.rename('fresh', 'replaced')
    os.unlink('removed')
    guest.go('looked')
    guest.done()


@case
def mounts_are_apart():
    put('file', 'x')
    os.mkdir('two')
    run('''
        fails(errno.EXDEV, os.link, 'file', '/c/link')
        fails(errno.EXDEV, os.rename, 'file', '/c/file')
        fails(errno.EXDEV, os.rename, '/tmp', '/b/tmp')
        fails(errno.EBUSY, os.rmdir, '/c')
        fails(errno.EBUSY, os.rename, '/c', '/d')
        assert os.stat('/b').st_dev != os.stat('/c').st_dev
        put('/c/made', '')
        assert os.listdir('two') == ['made']
    ''', '-u', '0', '-v', 'two:/c:rw')
    assert os.listdir('two') == ['made']


@case
def permissions_are_the_guests_users():
    put('secret', 'x')
    os.chmod('secret', 0o000)
    put('readable', 'x')
    os.chmod('readable', 0o444)
    os.mkdir('closed', 0o500)
    run('''
        assert os.stat('secret').st_uid == os.getuid()
        fails(errno.EACCES, open, 'secret')
        fails(errno.EACCES, open, 'readable', 'w')
        fails(errno.EACCES, os.open, 'closed/new', os.O_CREAT)
        os.chmod('readable', 0o644)
        put('readable', 'written')
    ''')
    assert get('readable') == 'written'


@case
def links_lead_through_the_guests_tree():
    os.mkdir('outside')
    put('outside/file', "the host's")
    os.mkdir('inside')
    put('inside/file', "the guest's")
    os.mkdir('bound')
    os.symlink(os.path.abspath('outside/file'), 'bound/absolute')
    os.symlink('../outside/file', 'bound/relative')
    os.symlink('/inside/file', 'bound/named')
    run('''
        os.chdir('/bound')
        assert get('named') == "the guest's"
        fails(errno.ENOENT, open, 'relative')
        fails(errno.ENOENT, open, 'absolute')
        put('/bound/plain', '')
    ''', '-v', 'bound:/bound:rw', '-v', 'inside:/inside', '--tmpfs', '/tmp',
        '-w', '/')
    assert get('outside/file') == "the host's"


@case
def directory_that_becomes_a_link_is_not_followed():
    os.mkdir('outside')
    put('outside/file', 'secret')
    os.makedirs('bound/dir')
    put('bound/dir/file', 'mine')
    guest = Guest('''
        fd = os.open('/bound/dir', os.O_RDONLY)
        os.chdir('/bound/dir')
        assert get('file') == 'mine'
        tell('inside')
        for name, at in (('file', None), ('file', fd), ('new', fd)):
            try:
                here = os.open(name, os.O_RDWR | os.O_CREAT, dir_fd=at)
            except OSError as e:
                assert e.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENOENT)
            else:
                assert os.read(here, 99) != b'secret'
        try:
            os.unlink('file')
        except OSError:
            pass
    ''', '-v', 'bound:/bound:rw', '--tmpfs', '/tmp', '-w', '/')
    guest.at('inside')
    os.rename('bound/dir', 'bound/moved')
    os.symlink(os.path.abspath('outside'), 'bound/dir')
    guest.go('inside')
    guest.done()
    assert os.listdir('outside') == ['file']
    assert get('outside/file') == 'secret'


@case
def sockets_have_names():
    os.mkdir('bound')
    run('''
        import socket, threading
        os.chdir('/bound')
        listener = socket.socket(socket.AF_UNIX)
        listener.bind('socket')
        listener.listen()
        other = socket.socket(socket.AF_UNIX)
        other.connect('/bound/socket')
        other.send(b'hello')
        assert listener.accept()[0].recv(5) == b'hello'
        fails(errno.EADDRINUSE, socket.socket(socket.AF_UNIX).bind, 'socket')
        # What has a name in the host's directory alone is nobody's here.
        listener.close()
        fails(errno.ECONNREFUSED, socket.socket(socket.AF_UNIX).connect,
              'socket')
        os.unlink('socket')
        socket.socket(socket.AF_UNIX).bind('left')
    ''', '-v', 'bound:/bound:rw')
    assert os.listdir('bound') == ['left']
    assert stat.S_ISSOCK(os.stat('bound/left').st_mode)


@case
def full_host_is_enospc():
    # A file system of our own, in a mount namespace of our own. Where the root is
    # chroot's, how it propagates cannot be changed.
    prefix = ['unshare', '--mount', '--propagation', 'unchanged']
    if os.geteuid() != 0:
        prefix.append('--map-root-user')
    script = '''
        mount --make-rprivate / 2>/dev/null
        mount -t tmpfs -o size=64k,mode=777 none small || exit
        "$@"
        status=$?
        umount small
        exit $status
    '''
    os.mkdir('small')
    run('''
        os.chdir('/small')
        fd = os.open('file', os.O_CREAT | os.O_RDWR)
        written = os.write(fd, bytes(1 << 20))
        assert written == 65536, written
        fails(errno.ENOSPC, os.write, fd, b'x')
        os.ftruncate(fd, 0)
        assert os.write(fd, b'x') == 1
    ''', '-v', 'small:/small:rw', prefix=[*prefix, 'sh', '-c', script, 'sh'])


@case
def single_file():
    put('one', 'old')
    put('two', 'kept')
    run('''
        assert get('/etc/one') == 'old'
        put('/etc/one', 'new content')
        with open('/etc/one', 'a') as f: f.write('+')
        assert os.stat('/etc/one').st_size == 12
        fails(errno.EBUSY, os.unlink, '/etc/one')
        fails(errno.EBUSY, os.rename, '/etc/one', '/etc/other')
        os.chmod('/etc/one', 0o640)
        fails(errno.ENOTDIR, os.open, '/etc/one/x', os.O_RDONLY)
        put('/etc/two', 'lost')
        assert get('/etc/two') == 'lost'
    ''', '-u', '0', '-v', 'one:/etc/one:rw', '-v', 'two:/etc/two')
    assert get('one') == 'new content+' and get('two') == 'kept'
    assert stat.S_IMODE(os.stat('one').st_mode) == 0o640


@case
def programs_run_from_it():
    shutil.copy('/bin/true', 'true')
    put('script', '#!/bin/sh\nexec ./true "$@"\n')
    os.chmod('script', 0o755)
    run('''
        assert os.system('./true && ./script') == 0
        fails(errno.EACCES, os.execv, '/b', ['b'])
    ''')


@case
def locks_and_watches_work():
    put('file', '')
    run('''
        a, b = open('file', 'r+'), open('file', 'r+')
        fcntl.flock(a, fcntl.LOCK_EX)
        fails(errno.EWOULDBLOCK, fcntl.flock, b, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(a, fcntl.LOCK_UN)
        fcntl.flock(b, fcntl.LOCK_SH | fcntl.LOCK_NB)
        libc = ctypes.CDLL(None)
        fd = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(fd, b'/b', 0x100) == 1
        put('made', '')
        assert b'made' in os.read(fd, 4096)
    ''')


@case
def what_it_does_not_have():
    run('''
        fails(errno.EPERM, os.mknod, 'null', stat.S_IFCHR | 0o666, 0x103)
        put('file', '')
        fails(errno.EOPNOTSUPP, os.setxattr, 'file', 'user.a', b'x')
        fails(errno.EOPNOTSUPP, os.open, '.', os.O_TMPFILE | os.O_RDWR)
    ''')


run_cases()
