package main

import "time"

// Names that other files refer to. The rest of the peers are named in their own files only.
const (
	implRaw      = "raw"      // every ratio is against this one
	implGRPC     = "grpc"     // some floors are multiples of this one
	implNATS     = "nats"     // likewise
	implHandfast = "handfast" // the one that the floors judge
)

// peers is the table of runners, in the order of the report. A child builds it afresh, so a peer may keep state in its
// closures (gRPC's one server for a thousand links) without that state reaching another point.
func peers() []peer {
	return []peer{rawPeer(), handfastPeer(), handfastWorkerPeer(), h2Peer(), yamuxPeer(), grpcPeer(), natsPeer()}
}

// peer is one protocol under measurement.
type peer struct {
	name  string
	takes []string // the workloads that it takes part in; empty while there is no runner

	// dial joins two ends over loopback and returns when both are ready. Needed by every other workload than those below.
	dial func() (link, error)

	// echo starts a link with a server that answers each request with its own bytes, and returns what keeps `callers`
	// requests of `size` bytes outstanding. Needed by call.
	echo func(size, callers int) ([]worker, error)

	// acked starts a link with a receiver that acknowledges numbered messages of size bytes. Needed by acked and soak.
	acked func(size, outstanding int) (ackedFlow, error)

	// durable is acked with a receiver that keeps the messages in a file. Needed by durable.
	durable func(size, outstanding int, path string) (committer, error)

	// resume fills a queue, in a file where path is not empty, and finds when the first message is received. Needed by resume and
	// resume-durable.
	resume func(size, records int, path string) (figures, error)
}

// link is one connection with both of its ends in this process. Nothing here closes: the process ends with its one
// point, and a close that hangs must not spoil what was measured.
type link interface {
	// open opens a stream for messages of size bytes, and returns when both ends have it. Called from one goroutine.
	open(size int) (pipe, error)
}

// rester is a link whose waiting costs something that its peer's library does not start by itself, such as the blocked
// reader that every raw connection needs. The idle workload calls it once per link, before it weighs the link.
type rester interface{ rest() }

// pipe is both ends of one stream. One goroutine sends while another receives.
type pipe interface {
	// send sends msg count times, as count separate messages: it must not profit from their being equal. It may return
	// before the bytes are written, if they will be written without a further call. The count keeps the harness's own
	// dynamic call out of the price of a message, which for raw TCP is only some 15 ns.
	// (raw and h2framer do hold the tail of their buffer back; they take part only where more sends always follow.)
	send(msg []byte, count int) error

	// recv waits for at least one message, checks the length of what it takes, and returns how many it took.
	recv() (int, error)
}

// worker makes echo calls until its tally says stop, and tells the tally about each.
type worker func(*tally) error

// eachCall is the worker of a peer whose callers are goroutines that wait for their answer.
func eachCall(call func() error) worker {
	return func(t *tally) error {
		for {
			start := time.Now()
			if err := call(); err != nil {
				return err
			}
			if !t.done(time.Since(start)) {
				return nil
			}
		}
	}
}
