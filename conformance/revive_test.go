package conformance

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mortal is a listener that cases can kill, and that is started again.
type mortal struct {
	mu       sync.Mutex // guards the fields below
	ln       net.Listener
	revivals int
	dying    bool // it was killed, and its listener may stand yet
	fails    bool // it cannot be started again
}

func (m *mortal) Revive(ctx context.Context) (Target, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails {
		return Target{}, errors.New("no")
	}
	if m.ln != nil {
		_ = m.ln.Close()
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return Target{}, err
	}
	m.ln, m.dying, m.revivals = ln, false, m.revivals+1
	return Target{Addr: ln.Addr().String()}, nil
}

func (m *mortal) LastWords() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dying {
		return "it ended with exit code 7"
	}
	return ""
}

// kill ends the listener and fails the case, as a case does whose peer has died.
func (m *mortal) kill(t *T) {
	m.mu.Lock()
	_ = m.ln.Close()
	m.dying = true
	m.mu.Unlock()
	t.Fail("an answer", "the end of the transport")
}

// killSlowly fails the case before the listener has ended, as the kernel closes the connections of a process one by one.
func (m *mortal) killSlowly(t *T) {
	m.mu.Lock()
	m.dying = true
	m.mu.Unlock()
	t.Fail("an answer", "the end of the transport")
}

func (m *mortal) alive(t *T) {
	m.mu.Lock()
	addr := m.ln.Addr().String()
	m.mu.Unlock()
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		t.Fail("a peer that listens", "%v", err)
	}
	_ = c.Close()
}

func (m *mortal) run(t *testing.T, jobs int, cases ...Case) []Result {
	t.Helper()
	target, err := m.Revive(t.Context())
	require.NoError(t, err)
	for i := range cases {
		cases[i].Req, cases[i].Title, cases[i].Roles = []string{"FRAME-001"}, "a case", Acceptors
	}
	config := Config{Target: target, Cases: cases, Timeout: time.Second, Jobs: jobs, Seed: 3, Reviver: m, skipPreflight: true}
	report, err := Run(t.Context(), config)
	require.NoError(t, err)
	m.mu.Lock()
	_ = m.ln.Close()
	m.mu.Unlock()
	return report.Cases
}

// A peer that dies is started again: one case is a crash, and the others are judged.
func TestPeerThatDiesIsRevived(t *testing.T) {
	for name, kill := range map[string]func(*mortal, *T){"its listener first": (*mortal).kill, "its listener last": (*mortal).killSlowly} {
		t.Run(name, func(t *testing.T) {
			m := &mortal{}
			results := m.run(t, 1, Case{ID: "a/a", Run: m.alive}, Case{ID: "a/kills", Run: func(t *T) { kill(m, t) }},
				Case{ID: "a/b", Run: m.alive}, Case{ID: "a/c", Run: m.alive})
			for _, r := range results {
				want := Pass
				if r.ID == "a/kills" {
					want = Crash
					require.Contains(t, r.Detail, "exit code 7")
				}
				require.Equal(t, want, r.Verdict, "%s: %s", r.ID, r.Detail)
			}
			require.LessOrEqual(t, m.revivals, 2, "the first start, and one after the death unless the killer came last")
		})
	}
}

// Of those that were under way together, the one is to blame that does it again.
func TestBlameIsFoundAmongCasesThatRanTogether(t *testing.T) {
	m := &mortal{}
	var together sync.WaitGroup // both are under way in the first round
	together.Add(2)
	var first sync.Once
	meet := func() { together.Done(); together.Wait() }
	died := make(chan struct{})
	met := map[string]*sync.Once{"a/kills": {}, "a/innocent": {}}
	results := m.run(t, 2,
		Case{ID: "a/kills", Run: func(t *T) {
			met["a/kills"].Do(meet)
			defer first.Do(func() { close(died) })
			m.kill(t)
		}},
		Case{ID: "a/innocent", Run: func(t *T) {
			met["a/innocent"].Do(func() { meet(); <-died })
			m.alive(t)
		}})
	require.Equal(t, Crash, results[0].Verdict, results[0].Detail)
	require.Equal(t, Pass, results[1].Verdict, results[1].Detail)
}

func TestPeerThatCannotBeRevived(t *testing.T) {
	m := &mortal{}
	killing := Case{ID: "a/kills", Tags: []string{TagSlow}, Run: func(t *T) { // slow ones go first
		m.mu.Lock()
		m.fails = true
		m.mu.Unlock()
		m.kill(t)
	}}
	results := m.run(t, 1, killing, Case{ID: "a/b", Run: m.alive})
	require.Equal(t, Crash, results[0].Verdict)
	require.Equal(t, Inconclusive, results[1].Verdict)
}

func TestPeerThatAlwaysDies(t *testing.T) {
	m := &mortal{}
	var cases []Case
	for i := range mostRevivals + 20 {
		cases = append(cases, Case{ID: "a/kills-" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Run: m.kill})
	}
	crashed := 0
	for _, r := range m.run(t, 1, cases...) {
		if r.Verdict == Crash {
			crashed++
		}
	}
	require.Equal(t, mostRevivals+1, crashed)
	require.Equal(t, mostRevivals+1, m.revivals)
}
