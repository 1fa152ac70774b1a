package fuzz

import (
	stdcontext "context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"handfast/codec"
	"handfast/codec/explain"
	"handfast/conformance"
)

// LiveConfig says which peer to fuzz, and for how long. Zero values are the defaults.
type LiveConfig struct {
	Addr    string        // HOST:PORT of a peer without TLS
	PID     int           // its process, by which its end and its memory are seen; 0 where it is not on this machine
	Seed    uint64        // 0 takes one from the clock
	From    uint64        // number of the first sequence
	Time    time.Duration // default 60 s, unless Runs is set
	Runs    int64         // sequences; 0 is no limit
	Jobs    int           // links at the same time; default 4 for each processor
	Timeout time.Duration // longest wait for a link to answer; default 2 s

	Stop     func(*LiveFinding) bool // as in Config
	Progress func(Stats)             // as in Config
}

// LiveFinding is one cause of wrong answers of a peer.
type LiveFinding struct {
	ID       string   `json:"id"`
	Class    Class    `json:"class"` // crash, hang, verdict or leak
	State    string   `json:"state"`
	Req      string   `json:"req,omitempty"`
	Expected string   `json:"expected"`
	Actual   string   `json:"actual"`
	Streams  []string `json:"streams,omitempty"` // what came on the streams
	Sequence uint64   `json:"sequence"`          // its number
	Frames   []string `json:"frames"`            // hexadecimal, what was sent in the state, minimised
	Count    int      `json:"count"`
	Repeat   string   `json:"repeat"`
	Flaky    bool     `json:"flaky,omitempty"` // it did not happen each time that it was repeated

	sequence *sequence
}

// LiveReport is what a run found.
type LiveReport struct {
	Format int    `json:"format"` // 1
	Target string `json:"target"`
	Seed   string `json:"seed"`
	Stats
	Findings []*LiveFinding `json:"findings"`
}

// live is one run against a peer.
type live struct {
	config  LiveConfig
	cluster [16]byte
	started time.Time
	links   atomic.Uint64
	next    atomic.Uint64
	kit     kit                                  // set before the first sequence
	learn   func(*codec.Hello, *codec.Agreement) // nil but for the first link

	mu       sync.Mutex
	stats    Stats
	seen     map[string]bool
	groups   map[string]*LiveFinding
	order    []*LiveFinding
	gone     bool // nobody listens any more, or enough was found
	measures []measure
}

// measure is the peer's memory after a number of sequences.
type measure struct {
	after    int64
	resident uint64
}

// Live fuzzes a peer that listens. The error is a *conformance.PreflightError where nothing can be fuzzed: nobody listens, or a good link does not come to be.
func Live(ctx stdcontext.Context, config LiveConfig) (*LiveReport, error) {
	if config.Time <= 0 && config.Runs == 0 {
		config.Time = time.Minute
	}
	if config.Jobs <= 0 {
		config.Jobs = 4 * runtime.GOMAXPROCS(0)
	}
	if config.Timeout <= 0 {
		config.Timeout = 2 * time.Second
	}
	if config.Seed == 0 {
		config.Seed = uint64(time.Now().UnixNano())
	}
	l := &live{config: config, seen: make(map[string]bool), groups: make(map[string]*LiveFinding)}
	if err := l.preflight(ctx); err != nil {
		return nil, err
	}
	l.started = time.Now()
	l.next.Store(config.From)
	end, cancel := stdcontext.WithCancel(ctx)
	defer cancel()
	if config.Time > 0 {
		defer time.AfterFunc(config.Time, cancel).Stop()
	}
	var workers sync.WaitGroup
	for i := range config.Jobs {
		workers.Go(func() { // ends with time, runs or the peer
			for end.Err() == nil && !l.over() {
				l.one(end, l.next.Add(1)-1, i)
			}
		})
	}
	watched := make(chan struct{})
	go func() { // ends with the run
		defer close(watched)
		l.watch(end)
	}()
	workers.Wait()
	cancel()
	<-watched
	return l.report(), nil
}

// local gives the address of a worker, so that the ports of one do not run out. Elsewhere than on loopback there is one for all.
func (l *live) local(i int) net.Addr {
	host, _, err := net.SplitHostPort(l.config.Addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.To4() == nil || !ip.IsLoopback() {
		return nil
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%200))}
}

// preflight makes good links, which show what the peer serves.
func (l *live) preflight(ctx stdcontext.Context) error {
	l.links.Store(l.config.Seed << 20) // so that a run does not meet what an earlier one has left
	l.kit.limits = codec.DefaultLimits()
	var hello *codec.Hello
	var agreed *codec.Agreement
	l.learn = func(h *codec.Hello, a *codec.Agreement) { hello, agreed = h, a }
	o := l.play(ctx, &sequence{state: Idle, delivery: true}, 0)
	l.learn = nil
	if !o.pong || !o.ready || hello == nil {
		return &conformance.PreflightError{Target: l.config.Addr, Reason: "a good link with a PING: " + o.text()}
	}
	l.learnKit(ctx, hello, agreed)
	return nil
}

func (l *live) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone || l.config.Runs > 0 && l.stats.Executions >= l.config.Runs
}

// watch measures the peer's memory and reports progress.
func (l *live) watch(ctx stdcontext.Context) {
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for {
		l.measure()
		if l.config.Progress != nil && !l.started.IsZero() {
			l.config.Progress(l.now())
		}
		select {
		case <-ctx.Done():
			l.measure()
			return
		case <-every.C:
		}
	}
}

func (l *live) measure() {
	if l.config.PID == 0 {
		return
	}
	if m, ok := readMemory(l.config.PID); ok {
		l.mu.Lock()
		l.measures = append(l.measures, measure{l.stats.Executions, m.resident})
		l.mu.Unlock()
	}
}

func (l *live) now() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Elapsed, s.Behaviours, s.Findings = time.Since(l.started), len(l.seen), len(l.order)
	return s
}

// one plays a sequence and judges what came.
func (l *live) one(ctx stdcontext.Context, index uint64, who int) {
	s := newSequence(l.config.Seed, index, l.kit)
	o := l.play(ctx, s, who)
	if ctx.Err() != nil {
		return
	}
	d := l.judge(s, &o)
	if d != nil && o.ended { // perhaps the whole peer
		if next := l.play(ctx, &sequence{state: Idle}, who); next.refused {
			d.class, d.cause, d.expected, d.actual = Crash, "", "a peer that goes on listening", next.text()
		}
		if ctx.Err() != nil {
			return
		}
	}
	l.mu.Lock()
	l.stats.Executions++
	if len(s.fuzz) > 0 {
		l.seen[s.state.String()+string(s.fuzz[len(s.fuzz)-1][:1])+o.text()] = true
	} else {
		l.seen[s.state.String()+o.text()] = true
	}
	l.mu.Unlock()
	if d == nil {
		return
	}
	key := d.key(context{what: s.state.String()})
	if !l.claim(key) {
		return
	}
	f := l.confirm(ctx, s, &o, d, who)
	l.mu.Lock()
	defer l.mu.Unlock()
	if f == nil {
		delete(l.groups, key)
		return
	}
	l.groups[key] = f
	l.order = append(l.order, f)
	if l.config.Stop != nil && l.config.Stop(f) {
		l.gone = true
	}
}

func (l *live) claim(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, known := l.groups[key]
	if f != nil {
		f.Count++
	}
	if !known {
		l.groups[key] = nil
	}
	return !known
}

// judge holds an outcome to what may come; nil where it is right.
func (l *live) judge(s *sequence, o *outcome) *difference {
	want := l.expected(s, o)
	d := &difference{expected: want.text(), actual: o.text(), req: want.req}
	switch {
	case o.refused:
		d.class, d.expected = Crash, "a peer that goes on listening"
	case o.broken != "":
		d.class, d.expected, d.req, d.cause = Verdict, "frames that the state of the stream allows", o.rule, o.rule+" "+digits.ReplaceAllString(o.broken, "#")
	case o.late:
		d.class = Hang
		if o.stage != "" {
			d.expected, d.req, d.cause = "an answer on each stream", o.rule, o.rule+" "+o.stage
		}
		if o.rule == "STRM-009" {
			d.class = Leak
		}
	case o.odd != nil:
		d.class, d.cause = Broken, "no frame"
	case o.pong && !want.alive && !o.excuses(&want), o.closed && !want.allows(o.code), o.ended && !o.closed && !want.silent:
		d.class, d.cause = Verdict, want.req+" "+o.text()
	case o.pong && o.model != nil:
		return o.model.onAnswers(o)
	default:
		return nil
	}
	return d
}

// text says what may come.
func (e *expectation) text() string {
	var list []string
	if e.alive {
		list = append(list, "a link that goes on")
	}
	if len(e.codes) > 0 {
		names := make([]string, len(e.codes))
		for i, code := range e.codes {
			names[i] = code.String()
		}
		list = append(list, "the end of the link with "+strings.Join(names, ", "))
	}
	if e.silent {
		list = append(list, "the end of the transport")
	}
	return strings.Join(list, "; or ")
}

// expected gives what may follow on a sequence.
func (l *live) expected(s *sequence, o *outcome) expectation {
	switch s.state {
	case Unopened:
		if len(s.raw) >= 16 && codec.Kind(binary.BigEndian.Uint16(s.raw[14:])) != codec.KindHello { // whatever else is wrong with it
			return expectation{silent: true, exact: true, req: "HELLO-006"}
		}
		o, _, err := codec.ParseOpening(s.raw)
		if fault, ok := asFault(err); ok {
			e, _ := faultExpected(fault)
			return *e
		}
		if err != nil || o.Hello == nil { // not whole, and ended; or a REFUSE, to which nothing is said
			return expectation{silent: true}
		}
		return expectation{alive: true, silent: true, codes: []codec.Code{
			codec.CodeNoVersion, codec.CodeNeedUnmet, codec.CodeMismatch, codec.CodeSelfConnect, codec.CodeDuplicateLink, codec.CodeEncoding, codec.CodeOverloaded, codec.CodeForbidden, codec.CodeDowngrade,
		}}
	case Closing:
		return expectation{silent: true, codes: []codec.Code{codec.CodeNoError}}
	}
	if o.model == nil { // it did not come so far
		return expectation{alive: true}
	}
	return o.want
}

// confirm plays a sequence again, and leaves out what can be left out. It gives nil for what does not happen again in many tries, but for crashes and hangs, which are never passed over.
func (l *live) confirm(ctx stdcontext.Context, s *sequence, o *outcome, d *difference, who int) *LiveFinding {
	f := &LiveFinding{
		ID: "live/" + slug(d.key(context{what: s.state.String()})), Class: d.class, State: s.state.String(), Req: d.req, Expected: d.expected, Actual: d.actual, Sequence: s.index, Count: 1, sequence: s,
	}
	f.Streams = o.said()
	if d.class == Crash {
		l.mu.Lock()
		l.gone = true
		l.mu.Unlock()
		return f.complete(l)
	}
	again := func(s *sequence) bool {
		o := l.play(ctx, s, who)
		other := l.judge(s, &o)
		return other != nil && other.class == d.class && ctx.Err() == nil
	}
	times := 0
	for range 3 {
		if again(s) {
			times++
		}
	}
	f.Flaky = times < 3
	if times == 0 && d.class != Hang {
		return nil
	}
	if times == 3 {
		small := *s
		for i := 0; i < len(small.fuzz); {
			less := small
			less.fuzz = slices.Concat(small.fuzz[:i], small.fuzz[i+1:])
			if again(&less) {
				small = less
			} else {
				i++
			}
		}
		f.sequence = &small
	}
	return f.complete(l)
}

// complete adds the frames and the line that repeats it.
func (f *LiveFinding) complete(l *live) *LiveFinding {
	for _, b := range f.sequence.fuzz {
		f.Frames = append(f.Frames, hex.EncodeToString(b))
	}
	if f.sequence.state == Unopened {
		f.Frames = []string{hex.EncodeToString(f.sequence.raw)}
	}
	f.Repeat = fmt.Sprintf("handfast fuzz --tcp %s --seed %d --from %d --runs 1", l.config.Addr, l.config.Seed, f.Sequence)
	return f
}

// Bounds of a leak.
const (
	liveLeakLeast = 24 << 20 // growth of the resident memory from the second quarter of a run to its end, bytes
	liveLeakEach  = 512      // growth for each sequence, bytes
)

// leak judges the memory of the peer: it grew in each of the last three quarters of the run.
func (l *live) leak() *LiveFinding {
	n := len(l.measures)
	if n < 12 {
		return nil
	}
	quarter := func(i int) measure { // by sequences, because a busy machine stands still now and then
		at := slices.IndexFunc(l.measures, func(m measure) bool { return m.after >= l.measures[n-1].after*int64(i)/4 })
		return l.measures[at]
	}
	least := quarter(1)
	grown := quarter(4).resident - min(least.resident, quarter(4).resident)
	asked := quarter(4).after - least.after
	if grown < liveLeakLeast || asked == 0 || grown/uint64(asked) < liveLeakEach {
		return nil
	}
	for i := 1; i < 4; i++ {
		if quarter(i+1).resident < quarter(i).resident+grown/8 {
			return nil
		}
	}
	return &LiveFinding{
		ID: "live/leak", Class: Leak, State: "any", Count: 1, Expected: "memory that does not grow with the number of links", sequence: &sequence{},
		Actual: fmt.Sprintf("%d MiB more after %d sequences, %d bytes for each", grown>>20, asked, grown/uint64(asked)),
		Repeat: fmt.Sprintf("handfast fuzz --tcp %s --pid PID --seed %d --from %d", l.config.Addr, l.config.Seed, l.config.From),
	}
}

func (l *live) report() *LiveReport {
	r := &LiveReport{Format: 1, Target: l.config.Addr, Seed: strconv.FormatUint(l.config.Seed, 10), Findings: slices.Clone(l.order)}
	if f := l.leak(); f != nil {
		r.Findings = append(r.Findings, f)
	}
	r.Stats = l.now()
	r.Stats.Findings = len(r.Findings)
	return r
}

// ExitCode gives 0 where nothing was found, 1 where something was, 3 where nothing was tried.
func (r *LiveReport) ExitCode() int {
	switch {
	case len(r.Findings) > 0:
		return conformance.ExitDiffers
	case r.Executions == 0:
		return conformance.ExitUnmeasured
	}
	return conformance.ExitExpected
}

// WriteJSON writes the report.
func (r *LiveReport) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteText prints the report for people, the summary last.
func (r *LiveReport) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s\n  state     %s\n  expected  %s\n  got       %s\n", f.ID, f.State, f.Expected, f.Actual)
		if f.Req != "" {
			fmt.Fprintf(&b, "  rule      %s\n", f.Req)
		}
		for _, text := range f.Streams {
			fmt.Fprintf(&b, "  came      %s\n", text)
		}
		fmt.Fprintf(&b, "  seen      %d times, first in sequence %d\n", f.Count, f.Sequence)
		if f.Flaky {
			b.WriteString("  did not happen each time that it was repeated\n")
		}
		for _, frame := range append([][]byte{f.sequence.raw}, f.sequence.fuzz...) {
			if len(frame) == 0 {
				continue
			}
			e := explain.Explain(frame[:min(len(frame), 200)], explain.Options{})
			for i := range e.Packets[:min(1, len(e.Packets))] {
				var text strings.Builder
				_ = e.Packets[i].WriteText(&text) // a Builder takes everything
				for line := range strings.Lines(text.String()) {
					b.WriteString("    " + line)
				}
			}
		}
		fmt.Fprintf(&b, "  repeat    %s\n\n", f.Repeat)
	}
	fmt.Fprintf(&b, "%s: %d sequences in %s (%.0f/s), %d behaviours, %d findings, seed %s\n", r.Target, r.Executions, r.Elapsed.Round(10*time.Millisecond), r.Rate(), r.Behaviours, len(r.Findings), r.Seed)
	_, err := io.WriteString(w, b.String())
	return err
}
