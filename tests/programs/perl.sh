#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
perl -e '
use strict; use warnings; use POSIX qw(:sys_wait_h strftime); use File::Temp qw(tempfile); use IO::Select; use Time::HiRes qw(sleep);
my %h = map { $_ => length } qw(alpha beta gamma); print "$_=$h{$_}\n" for sort keys %h;
my $pid = fork // die; if (!$pid) { exit 42 } waitpid $pid, 0; print "child ", $? >> 8, "\n";
pipe(my $r, my $w); if (!fork) { close $r; print $w "line $_\n" for 1..3; exit } close $w; print while <$r>; wait;
open my $p, "-|", "echo", "from echo" or die; print <$p>; close $p; print `printf backtick`, "\n";
$SIG{ALRM} = sub { print "alarm\n" }; alarm 1; my $n = select undef, undef, undef, 3; print "select interrupted\n" if $n < 0;
my ($fh, $name) = tempfile(DIR => "."); print $fh "x" x 1000; close $fh; print -s $name, "\n"; unlink $name;
local $/; open my $in, "<", "/etc/hostname" or 1; print strftime("%Y-%m-%d", gmtime 86400*365), "\n";
print join(",", sort { $a <=> $b } map { $_ ** 2 } grep { $_ & 1 } 1..9), "\n"; my $s = "The quick brown"; (my $t = $s) =~ s/(\w+)/<$1>/g; print "$t\n";
opendir my $d, "/" or die; my @e = grep { /^(bin|etc|usr)$/ } sort readdir $d; print "@e\n"; printf "%s\n", join " ", map { sprintf "%02x", $_ } unpack "C*", pack "N", 0xdeadbeef;
kill "USR1", $$ if $SIG{USR1} = sub { print "usr1\n" }; print "sum ", eval { my $t = 0; $t += $_ for 1..100000; $t }, "\n"; exit 6;'
