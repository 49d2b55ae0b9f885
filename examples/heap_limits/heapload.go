// Allocates a fixed number of bytes with a known live set, so that collections under different settings can be compared: the same
// profile, size and seed always allocate the same objects in the same order.
//
// Usage: GODEBUG=gctrace=1 heapload PROFILE LIVE_MIB ALLOCATED_MIB
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

const mib = 1 << 20

// random is a small generator of its own, so that every version of Go allocates the same.
type random uint64

func (r *random) below(n int) int {
	*r = *r*6364136223846793005 + 1442695040888963407
	return int((uint64(*r) >> 33) % uint64(n))
}

// node is a small object with a link, so that collectors have something to follow.
type node struct {
	next *node
	data [13]int64
}

// last keeps what was allocated last reachable for a moment, so that allocation is not optimized away.
var last []byte
var sum uint32
var kept any

func size(r *random) int { return 32 + r.below(1984) }

// worked allocates a block and does some work on it, as programs do.
func worked(n int) []byte {
	block := make([]byte, n)
	for at := 0; at < n; at += 4 {
		sum = sum*31 + uint32(at)
		block[at] = byte(sum)
	}
	return block
}

// garbage allocates a block of a mixed size and says how large it is.
func garbage(r *random) int {
	n := size(r)
	last = worked(n)
	return n
}

func blocks(bytes int) [][]byte {
	all := make([][]byte, bytes/8192)
	for at := range all {
		all[at] = make([]byte, 8192)
	}
	return all
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: heapload PROFILE LIVE_MIB ALLOCATED_MIB")
		os.Exit(2)
	}
	profile := os.Args[1]
	live, _ := strconv.Atoi(os.Args[2])
	toAllocate, _ := strconv.Atoi(os.Args[3])
	live, toAllocate = live*mib, toAllocate*mib
	r := random(7)
	began := time.Now()
	switch profile {
	case "steady":
		kept = blocks(live)
		for done := 0; done < toAllocate; {
			done += garbage(&r)
		}
	case "pointers":
		heads := make([]*node, 1024)
		for built := 0; built < live; built += 112 {
			at := r.below(len(heads))
			heads[at] = &node{next: heads[at]}
		}
		kept = heads
		for done := 0; done < toAllocate; {
			done += garbage(&r)
		}
	case "cache":
		// Long-lived entries, one of them replaced for every fifty times its bytes of garbage.
		entries := make([][]byte, live/1024)
		for at := range entries {
			entries[at] = make([]byte, 1024)
		}
		kept = entries
		for done, owed := 0, 0; done < toAllocate; {
			n := garbage(&r)
			done += n
			owed += n
			if owed > 50*1024 {
				owed -= 50 * 1024
				entries[r.below(len(entries))] = make([]byte, 1024)
				done += 1024
			}
		}
	case "ring":
		// Half of the live set is in use for a while and then dropped.
		kept = blocks(live / 2)
		ring := make([][]byte, live/2/1024)
		for done, at := 0, 0; done < toAllocate; {
			n := size(&r)
			one := worked(n)
			last = one
			done += n
			if r.below(10) == 0 {
				ring[at%len(ring)] = one
				at++
			}
		}
	case "bursty":
		// What a large request allocates stays until it is answered; then comes quick garbage, and a rest.
		kept = blocks(live * 3 / 4)
		for done := 0; done < toAllocate; {
			for until := done + 24*mib; done < until; {
				done += garbage(&r)
			}
			var request [][]byte
			for held := 0; held < live/4; {
				n := size(&r)
				request = append(request, worked(n))
				held += n
				done += n
			}
			last = request[len(request)-1]
			time.Sleep(2 * time.Millisecond)
		}
	case "leak":
		var all [][]byte
		every := toAllocate / live
		for done, owed := 0, 0; done < toAllocate; {
			n := garbage(&r)
			done += n
			owed += n
			if owed > every*1024 {
				owed = 0
				all = append(all, make([]byte, 1024))
				kept = all
			}
		}
	default:
		fmt.Fprintln(os.Stderr, "no such profile:", profile)
		os.Exit(2)
	}
	fmt.Printf("done in %.2f s\n", time.Since(began).Seconds())
	// What the runtime itself counted, for comparison with its trace.
	var counted runtime.MemStats
	runtime.ReadMemStats(&counted)
	fmt.Printf("Go: %d collections, %d ms\n", counted.NumGC, counted.PauseTotalNs/1e6)
}
