package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// check measures a link with bare bytes: it is the sender, and the server that a link leads to.
//
// It prints the server's port. Each line on stdin asks for one measurement, and is answered by a line with the seconds.
func check() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	go func() {
		for {
			if connection, err := listener.Accept(); err == nil {
				go answer(connection.(*net.TCPConn))
			}
		}
	}()
	fmt.Printf("{\"listeningPort\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	messages := bufio.NewScanner(os.Stdin)
	for messages.Scan() {
		var asked struct {
			Port, Connections int
			Bytes             int64 // of all connections; none to measure the round trip
		}
		if err := json.Unmarshal(messages.Bytes(), &asked); err != nil {
			fail(err)
		}
		address := fmt.Sprintf("127.0.0.1:%d", asked.Port)
		var seconds float64
		if asked.Bytes == 0 {
			seconds = roundTrip(address)
		} else {
			empty := upload(address, 1, 1)
			seconds = upload(address, asked.Connections, asked.Bytes) - empty
		}
		fmt.Printf("{\"seconds\":%f}\n", seconds)
	}
}

// answer sends a single byte back at once; of anything longer only the end is answered.
func answer(connection *net.TCPConn) {
	defer connection.Close()
	buffer := make([]byte, chunk)
	for {
		size, err := connection.Read(buffer)
		if size == 1 {
			connection.Write(buffer[:1])
		}
		if err != nil {
			return
		}
	}
}

// upload returns the seconds until the end of all bytes is answered. The connections share the bytes, so that all end together: fewer of them
// could not fill a link on which each has a limit of its own.
func upload(address string, connections int, bytes int64) float64 {
	started := time.Now()
	var left atomic.Int64
	left.Store(bytes)
	var all sync.WaitGroup
	for range connections {
		all.Add(1)
		go func() {
			defer all.Done()
			connection, err := net.Dial("tcp", address)
			if err != nil {
				fail(err)
			}
			defer connection.Close()
			block := make([]byte, chunk)
			for {
				mine := left.Add(-chunk) + chunk
				if mine <= 0 {
					break
				}
				if _, err := connection.Write(block[:min(mine, chunk)]); err != nil {
					fail(err)
				}
			}
			connection.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, connection)
		}()
	}
	all.Wait()
	return time.Since(started).Seconds()
}

// roundTrip returns the median of a few pings on an open connection, in seconds.
func roundTrip(address string) float64 {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	var times []float64
	for range 9 {
		started := time.Now()
		connection.Write([]byte{1})
		if _, err := connection.Read(make([]byte, 1)); err != nil {
			fail(err)
		}
		times = append(times, time.Since(started).Seconds())
	}
	slices.Sort(times)
	return times[4]
}
