#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A static Go program with goroutines; the Go tool itself compiles it.
set -eu
cat >t.go <<'END'
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	ch := make(chan int)
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int) { defer wg.Done(); mu.Lock(); total += i; mu.Unlock(); ch <- i }(i)
	}
	go func() { wg.Wait(); close(ch) }()
	sum := 0
	for v := range ch { sum += v }
	fmt.Println(total, sum)
	select {
	case <-time.After(20 * time.Millisecond): fmt.Println("timer")
	}
	out, err := exec.Command("echo", "child").Output()
	fmt.Println(string(out), err)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-c)
	os.WriteFile("out", []byte("text"), 0o644)
	done := make(chan bool)
	go func() { x := 0; for i := 0; i < 100000000; i++ { x += i }; done <- x > 0 }()
	fmt.Println(<-done)
	defer func() { fmt.Println("recovered", recover()); os.Exit(12) }()
	var p *int
	*p = 1
}
END
export GOFLAGS=-mod=mod GO111MODULE=off CGO_ENABLED=0 GOCACHE=$PWD/cache GOPATH=$PWD/gopath GOTELEMETRY=off
go build -o t t.go
rm -rf cache gopath
file_type=$(head -c 4 t | od -An -tx1); echo "$file_type"
exec ./t
