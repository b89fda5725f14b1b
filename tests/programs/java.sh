#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Compiles and runs a Java program with threads.
set -eu
mkdir src
cat >src/T.java <<'END'
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
public class T {
  static synchronized void inc(int[] n) { n[0]++; }
  public static void main(String[] a) throws Exception {
    int[] n = {0};
    List<Thread> ts = new ArrayList<>();
    for (int i = 0; i < 6; i++) { Thread t = new Thread(() -> { for (int j = 0; j < 1000; j++) inc(n); }); t.start(); ts.add(t); }
    for (Thread t : ts) t.join();
    System.out.println(n[0]);
    ExecutorService ex = Executors.newFixedThreadPool(3);
    List<Future<Integer>> fs = new ArrayList<>();
    for (int i = 0; i < 5; i++) { final int k = i; fs.add(ex.submit(() -> k * k)); }
    for (Future<Integer> f : fs) System.out.println(f.get());
    ex.shutdown();
    System.out.println(IntStream.range(0, 100000).parallel().mapToLong(x -> x).sum());
    Files.writeString(Path.of("out.txt"), "written\n");
    System.out.println(Files.readString(Path.of("out.txt")).trim());
    Process p = new ProcessBuilder("echo", "child").start();
    System.out.println(new String(p.getInputStream().readAllBytes()).trim() + p.waitFor());
    for (int i = 0; i < 50; i++) { byte[] junk = new byte[1 << 20]; junk[i] = 1; }
    System.gc();
    try { Object o = null; o.hashCode(); } catch (NullPointerException e) { System.out.println("NPE"); }
    Thread.sleep(20);
    System.exit(11);
  }
}
END
/usr/bin/javac -d classes src/T.java
exec /usr/bin/java -Xshare:auto -XX:-UsePerfData -cp classes T
