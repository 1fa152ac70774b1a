package matrix

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"handfast/codec"
	"handfast/conformance"
	"handfast/conformance/driver"
)

// scene is one thing that two implementations do together, on links of its own.
type scene struct {
	slug  string
	title string
	req   string   // ids, separated by spaces
	needs []string // features of the driver
	tls   bool     // only over TLS
	run   func(s *session) error
}

// pattern makes n bytes that are the same nowhere near each other.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

// onLink is a scene on one link, which is closed in good order behind it.
func onLink(run func(s *session, link string) error) func(s *session) error {
	return func(s *session) error {
		link, err := s.open(nil)
		if err != nil {
			return err
		}
		if err := run(s, link); err != nil {
			return err
		}
		return s.close(link)
	}
}

// echoing is the scene of an echo of n bytes.
func echoing(n int) func(s *session) error {
	return onLink(func(s *session, link string) error { return s.echo(link, pattern(n)) })
}

// streaming is the scene of n replies of a size.
func streaming(n, size int) func(s *session) error {
	return onLink(func(s *session, link string) error {
		replies, err := s.replies(link, "stream", conformance.Args("n", n, "size", size))
		if err != nil {
			return err
		}
		for k, reply := range replies {
			if len(reply) != size || !bytes.Equal(reply, bytes.Repeat([]byte{byte(k)}, size)) {
				return surprised(fmt.Sprintf("%d bytes of value %d as reply %d", size, k%256, k), "%s", sizes([][]byte{reply}))
			}
		}
		if len(replies) != n {
			return surprised(fmt.Sprintf("%d replies", n), "%d", len(replies))
		}
		return nil
	})
}

// scenes lists what every pair plays.
func scenes() []scene {
	return []scene{
		{slug: "open-and-close", title: "a link opens and is closed in good order", req: "HELLO-002 READY-001 READY-004 CLOSE-001", run: onLink(func(*session, string) error { return nil })},
		{slug: "two-links", title: "two links live at the same time", req: "HELLO-025", run: twoLinks},
		{slug: "echo-nothing", title: "echo of no bytes", req: "KIT-001", run: echoing(0)},
		{slug: "echo-small", title: "echo of 100 bytes", req: "KIT-001", run: echoing(100)},
		{slug: "echo-of-many-frames", title: "echo of 300,000 bytes, which take several frames each way", req: "KIT-001 DATA-003", run: echoing(300_000)},
		{slug: "stream-of-none", title: "a stream of no replies ends well", req: "KIT-002 CALL-004", run: streaming(0, 0)},
		{slug: "stream-of-many", title: "2,000 replies of 100 bytes", req: "KIT-002 DATA-008", run: streaming(2_000, 100)},
		{slug: "stream-of-large", title: "five replies of 300,000 bytes, which take more than the first credit", req: "KIT-002 CRED-003 CRED-006", run: streaming(5, 300_000)},
		{slug: "more-calls-than-streams", title: "300 calls one after the other, more than may be open at once", req: "STRM-009 STRM-018", run: onLink(manyCalls)},
		{slug: "failure", title: "a call that fails after two replies, with everything that the callee says about it", req: "KIT-004 CALL-013", run: onLink(failure)},
		{slug: "unknown-method", title: "a method that is not served", req: "CALL-003", run: onLink(unknownMethod)},
		{slug: "bad-argument", title: "arguments that the method cannot use", req: "KIT-006", run: onLink(badArgument)},
		{slug: "deadline", title: "a call whose deadline passes", req: "CALL-006 CALL-014", run: onLink(deadline)},
		{slug: "cancel", title: "a stream of replies that is cancelled after three", req: "CALL-008 CALL-014", run: onLink(cancel)},
		{slug: "drain", title: "a link that its dialer drains", req: "DRAIN-003", run: drained},
		{slug: "quiet", title: "a link with short timers lives through a quiet second", req: "BEAT-001 BEAT-004 BEAT-008", needs: []string{driver.FeatureLimits}, run: quiet},
		{slug: "at-the-same-time", title: "eight calls at the same time, the longest first", req: "CALL-009", needs: []string{driver.FeatureConcurrent}, run: onLink(together)},
		{slug: "discard", title: "forty arguments on one stream are counted", req: "KIT-005 CALL-001", needs: []string{driver.FeatureStreams}, run: onLink(discard)},
		{slug: "unknown-protocol", title: "a sub-protocol that is not served is rejected, and the link goes on", req: "STRM-004", needs: []string{driver.FeatureStreams}, run: onLink(unknownProtocol)},
		{slug: "wrong-name", title: "a certificate of another name opens no link", req: "TLS-005", tls: true, run: wrongName},
	}
}

func twoLinks(s *session) error {
	first, err := s.open(nil)
	if err != nil {
		return err
	}
	second, err := s.open(nil)
	if err != nil {
		return err
	}
	for _, link := range []string{second, first} {
		if err := s.echo(link, []byte(link)); err != nil {
			return err
		}
	}
	if err := s.close(first); err != nil {
		return err
	}
	if err := s.echo(second, []byte("alone")); err != nil {
		return err
	}
	return s.close(second)
}

func manyCalls(s *session, link string) error {
	for i := range 300 {
		if err := s.echo(link, []byte(strconv.Itoa(i))); err != nil {
			return fmt.Errorf("call %d: %w", i, err)
		}
	}
	return nil
}

func failure(s *session, link string) error {
	args := conformance.Args("after", 2, "code", int(codec.CodeOverloaded), "processed", "no", "text", "on purpose")
	a, err := s.fails(link, "fail", args, nil, "error", codec.CodeOverloaded.String())
	if err != nil {
		return err
	}
	if len(a.Replies) != 2 || a.Processed != "no" {
		return surprised("two replies and processed no", "%s", describe(a))
	}
	return nil
}

func unknownMethod(s *session, link string) error {
	a, err := s.fails(link, "x.suite.nobody", nil, nil, "error", codec.CodeCallUnknownMethod.String())
	if err == nil && a.Processed != "no" {
		err = surprised("processed no", "%s", describe(a))
	}
	return err
}

func badArgument(s *session, link string) error {
	_, err := s.fails(link, "sleep", []byte("not a map"), nil, "error", codec.CodeCallBadArgument.String())
	return err
}

// deadline may end by the callee's ERROR or by the caller's own RESET, whichever clock is ahead.
func deadline(s *session, link string) error {
	a, err := s.call(link, "sleep", conformance.Args("ms", 20_000), map[string]string{"deadline_ms": "150"})
	if err != nil {
		return err
	}
	if a.Kind != driver.KindFailed || a.Code != codec.CodeDeadline.String() || a.By != "error" && a.By != "self" {
		return surprised("a call that fails by error or self with DEADLINE", "%s", describe(a))
	}
	return s.echo(link, []byte("after it"))
}

func cancel(s *session, link string) error {
	args := conformance.Args("n", 100_000, "size", 1_000)
	a, err := s.fails(link, "stream", args, map[string]string{"cancel_after": "3"}, "self", codec.CodeCancelled.String())
	if err != nil {
		return err
	}
	if len(a.Replies) < 3 {
		return surprised("three replies before the end", "%s", describe(a))
	}
	return s.echo(link, []byte("after it"))
}

func drained(s *session) error {
	link, err := s.open(nil)
	if err != nil {
		return err
	}
	if err := s.echo(link, []byte("before")); err != nil {
		return err
	}
	if _, err := s.do(driver.OpDrain, map[string]string{"link": link}, driver.KindOK); err != nil {
		return err
	}
	a, err := s.do(driver.OpWait, map[string]string{"link": link}, driver.KindEnded)
	return orderly(a, err)
}

func quiet(s *session) error {
	link, err := s.open(map[string]string{"idle_ms": "500", "ping_ms": "100", "ping_min_ms": "50"})
	if err != nil {
		return err
	}
	for range 2 {
		if _, err := s.replies(link, "sleep", conformance.Args("ms", 600)); err != nil {
			return err
		}
	}
	return s.close(link)
}

func together(s *session, link string) error {
	type outcome struct {
		n   int
		err error
	}
	const calls, step = 8, 40
	done := make(chan outcome, calls) // as many as there are senders: none of them waits
	for n := range calls {
		go func() { // ends with its answer, which is taken below
			_, err := s.replies(link, "sleep", conformance.Args("ms", (calls-n)*step))
			done <- outcome{n, err}
		}()
	}
	var order []int
	var failed error
	for range calls {
		o := <-done
		order = append(order, o.n)
		if failed == nil {
			failed = o.err
		}
	}
	if failed != nil {
		return failed
	}
	if slices.IsSorted(order) {
		return surprised("the shortest call to end first", "the order of the requests, as if each had waited for the one before")
	}
	return nil
}

func discard(s *session, link string) error {
	on := func(more map[string]string) map[string]string {
		more["link"], more["stream"] = link, "s"
		return more
	}
	if _, err := s.do(driver.OpOpen, on(map[string]string{"proto": "call", "ver": "1"}), driver.KindOK); err != nil {
		return err
	}
	const args, size = 40, 5_000
	messages := [][]byte{conformance.Request("discard", 0, nil)}
	for range args {
		messages = append(messages, conformance.Arg(pattern(size)))
	}
	for i, m := range messages {
		send := on(map[string]string{"hex": hex.EncodeToString(m)})
		if i == len(messages)-1 {
			send["fin"] = "true"
		}
		if _, err := s.do(driver.OpSend, send, driver.KindOK); err != nil {
			return err
		}
	}
	a, err := s.do(driver.OpRecv, on(map[string]string{}), driver.KindMessage)
	if err != nil {
		return err
	}
	want := hex.EncodeToString(codec.AppendCallReply(nil, conformance.Args("bytes", args*size, "messages", args)))
	if !strings.EqualFold(a.Hex, want) {
		return surprised("the REPLY "+want, "%.80s", a.Hex)
	}
	return nil
}

func unknownProtocol(s *session, link string) error {
	on := map[string]string{"link": link, "stream": "s"}
	a, err := s.do(driver.OpOpen, map[string]string{"link": link, "stream": "s", "proto": "x.suite.nobody", "ver": "1"}, driver.KindOK, driver.KindOver)
	if err == nil && a.Kind == driver.KindOK { // a dialer that looks into READY does not even ask
		a, err = s.do(driver.OpRecv, on, driver.KindOver, driver.KindMessage, driver.KindFIN)
	}
	if err != nil {
		return err
	}
	if a.Kind != driver.KindOver || a.By != "peer" && a.By != "self" || a.Code != codec.CodeUnknownProto.String() {
		return surprised("the stream to be over by peer or self with UNKNOWN_PROTO", "%s", describe(a))
	}
	return s.echo(link, []byte("after it"))
}

func wrongName(s *session) error {
	_, a, err := s.dial(map[string]string{"name": "nobody.invalid"})
	if err == nil && a.Kind != driver.KindEnded {
		err = surprised("no link, because the certificate has another name", "%s", describe(a))
	}
	return err
}
