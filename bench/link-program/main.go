// A link with a long way to go: a TCP proxy that delays each direction by half of the round trip, lets all connections together
// have so many bits a second each way, and lets each connection upload so many. It knows nothing of TLS and HTTP.
//
// With "front" as the first argument: a registry's front that mounts blobs as Amazon ECR does, see front.go.
// With "check": what measures a link, see check.go.
//
// Each line on stdin is a JSON message; each is answered by a line with the report. It ends when stdin ends.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type shape struct {
	RoundTripMilliseconds   float64 `json:"roundTripMilliseconds"`
	BitsPerSecond           float64 `json:"bitsPerSecond"`
	BitsPerSecondEachUpload float64 `json:"bitsPerSecondEachUpload"`
}

type report struct {
	ListeningPort    int     `json:"listeningPort"`
	BytesToUpstream  int64   `json:"bytesToUpstream"`
	BytesToClient    int64   `json:"bytesToClient"`
	Connections      int64   `json:"connections"`
	ProcessorSeconds float64 `json:"processorSeconds"`
}

const (
	// Bytes wait here at most this long for their turn: the queue of a router.
	queue = 25 * time.Millisecond
	// Read at a time; a connection has at most `window` of them under way: Linux's usual largest TCP window, 4 MiB.
	chunk  = 64 * 1024
	window = 64
)

// pace is the time at which the bytes that were taken so far have left.
type pace struct {
	mutex          sync.Mutex
	free           time.Time
	bytesPerSecond float64
}

// take returns when so many bytes have left.
func (p *pace) take(size int, now time.Time) time.Time {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.free.Before(now) {
		p.free = now
	}
	if p.bytesPerSecond > 0 {
		p.free = p.free.Add(time.Duration(float64(size) / p.bytesPerSecond * 1e9))
	}
	return p.free
}

type direction struct {
	all   pace
	delay time.Duration
	bytes atomic.Int64
}

type packet struct {
	due   time.Time
	bytes []byte
}

var buffers = sync.Pool{New: func() any { return make([]byte, chunk) }}

// pass carries what one connection sends to the other, in order, its end included.
func pass(from, to net.Conn, way *direction, own *pace) {
	underWay := make(chan packet, window)
	go func() {
		defer to.(*net.TCPConn).CloseWrite()
		for packet := range underWay {
			time.Sleep(time.Until(packet.due))
			_, err := to.Write(packet.bytes)
			buffers.Put(packet.bytes[:chunk])
			if err != nil {
				from.Close()
				for range underWay {
				}
			}
		}
	}()
	defer close(underWay)
	for {
		buffer := buffers.Get().([]byte)
		size, err := from.Read(buffer)
		if size > 0 {
			now := time.Now()
			way.bytes.Add(int64(size))
			left := way.all.take(size, now)
			if mine := own.take(size, now); mine.After(left) {
				left = mine
			}
			underWay <- packet{left.Add(way.delay), buffer[:size]}
			time.Sleep(left.Sub(now) - queue)
		}
		if err != nil {
			underWay <- packet{time.Now().Add(way.delay), buffer[:0]}
			if err != io.EOF {
				to.Close()
			}
			return
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func processorSeconds() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "front" {
		front(os.Args[2:])
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "check" {
		check()
		return
	}
	var shape shape
	if err := json.Unmarshal([]byte(os.Args[1]), &shape); err != nil {
		fail(err)
	}
	roundTrip := time.Duration(shape.RoundTripMilliseconds * 1e6)
	up := &direction{all: pace{bytesPerSecond: shape.BitsPerSecond / 8}, delay: roundTrip / 2}
	down := &direction{all: pace{bytesPerSecond: shape.BitsPerSecond / 8}, delay: roundTrip / 2}
	var upstreamPort, connections atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				fail(err)
			}
			connections.Add(1)
			go func() {
				upstream, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", upstreamPort.Load()))
				if err != nil {
					client.Close()
					return
				}
				go pass(upstream, client, down, &pace{})
				// The kernel has taken the connection at once; over a real link that costs the client one round trip before its first byte leaves.
				time.Sleep(roundTrip)
				pass(client, upstream, up, &pace{bytesPerSecond: shape.BitsPerSecondEachUpload / 8})
			}()
		}
	}()
	messages := bufio.NewScanner(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for messages.Scan() {
		var message struct {
			UpstreamPort *int64 `json:"upstreamPort"`
		}
		if err := json.Unmarshal(messages.Bytes(), &message); err != nil {
			fail(err)
		}
		if message.UpstreamPort != nil {
			upstreamPort.Store(*message.UpstreamPort)
		}
		output.Encode(report{listener.Addr().(*net.TCPAddr).Port, up.bytes.Load(), down.bytes.Load(), connections.Load(), processorSeconds()})
	}
}
