package realtime_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/channel"
	"handfast/refimpl/clock"
	"handfast/refimpl/delivery"
	"handfast/refimpl/realtime"
	"handfast/refimpl/store"
)

var errDisk = errors.New("no space left on device")

// repaired answers every CHECK that is owed, as a repair does.
func (s *site) repaired() {
	s.t.Helper()
	list, err := s.rt.Sources()
	require.NoError(s.t, err)
	for _, one := range list {
		checks, _, err := s.rt.SourceChecks(one.Node)
		require.NoError(s.t, err)
		for _, c := range checks {
			require.NoError(s.t, s.rt.Repaired(context.Background(), c))
		}
	}
	for _, m := range s.rt.Remotes() {
		c, _, err := s.rt.RemoteChecks(m.Name)
		require.NoError(s.t, err)
		require.NoError(s.t, s.rt.Repaired(context.Background(), c))
	}
}

// TestFailedWriteIsNotAcked: while the store of the receiver cannot write, nothing is acknowledged and nothing is lost (REAL-008).
func TestFailedWriteIsNotAcked(t *testing.T) {
	a, b := at(t, 'a'), newSite(t, 'b')
	b.hook = &hooked{}
	b.open()
	require.NoError(t, a.rt.Enable("b"))
	defer join(t, a, b)()
	a.put(key("x"), "1")
	b.holds(key("x"), "1")
	idle(t, a)
	was := a.remote().Stable
	var tries atomic.Int32
	b.hook.set(func() error { tries.Add(1); return errDisk }, nil)
	a.put(key("x"), "2")
	a.put(key("y"), "2")
	b.until(func() bool { return tries.Load() > 5 }, "it does not try again")
	require.Equal(t, was, a.remote().Stable)
	require.Equal(t, uint64(2), a.remote().QueueRecords)
	require.NotZero(t, b.source().Failures)
	b.hook.set(nil, nil)
	b.holds(key("x"), "2")
	b.holds(key("y"), "2")
	idle(t, a)
}

// TestWriteIsQueued: a process that ends between the commit of a write and its queueing queues it at its next start (REAL-019).
func TestWriteIsQueued(t *testing.T) {
	a, b := newSite(t, 'a'), at(t, 'b')
	a.hook = &hooked{}
	a.open()
	require.NoError(t, a.rt.Enable("b"))
	a.put(key("x"), "1")
	var crashed *site
	a.hook.set(nil, func() { crashed = a.copied() })
	a.put(key("y"), "2")
	a.hook.set(nil, nil)
	a.close()

	crashed.open()
	defer join(t, crashed, b)()
	b.holds(key("x"), "1")
	b.holds(key("y"), "2")
}

// TestCascadeIsKept: a process that ends between the commit of a record and the queueing of its cascade has acknowledged nothing that it does not
// pass on (REAL-011).
func TestCascadeIsKept(t *testing.T) {
	a, b, c := at(t, 'a'), newSite(t, 'b'), at(t, 'c')
	b.hook = &hooked{}
	b.open()
	require.NoError(t, a.rt.Enable("b"))
	require.NoError(t, b.rt.Enable("c"))
	var crashed atomic.Pointer[site]
	end := join(t, a, b)
	b.hook.set(nil, func() {
		if _, err := b.file.Get(key("x")); err == nil && crashed.Load() == nil {
			crashed.Store(b.copied())
		}
	})
	a.put(key("x"), "1")
	b.holds(key("x"), "1")
	idle(t, a) // it is acknowledged, and does not come again
	end()
	b.close()

	after := crashed.Load()
	after.hook = nil
	after.open()
	require.Equal(t, uint64(1), after.remote().QueueRecords)
	defer join(t, after, c)()
	c.holds(key("x"), "1")
}

// TestLongCrash: what is queued again after a crash is what was written last, and not everything.
func TestLongCrash(t *testing.T) {
	a := newSite(t, 'a')
	a.hook = &hooked{}
	a.open()
	require.NoError(t, a.rt.Enable("b"))
	for i := range 1200 {
		a.put(key(fmt.Sprint(i)), "1")
	}
	crashed := a.copied()
	a.close()
	crashed.open()
	again := crashed.remote().Queued
	require.Less(t, again, uint64(700), "of 1,200")
	t.Logf("%d of 1,200 are queued again", again)
	clean := a.copied()
	clean.open()
	require.Zero(t, clean.remote().Queued, "after an end in good order")
}

// TestOvertaken: a write whose queueing takes long is not noted as queued because of the many that were queued meanwhile.
func TestOvertaken(t *testing.T) {
	a := newSite(t, 'a')
	a.hook = &hooked{}
	a.open()
	require.NoError(t, a.rt.Enable("b"))
	committed, goOn := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	a.hook.set(nil, func() {
		if first.CompareAndSwap(false, true) {
			close(committed)
			<-goOn
		}
	})
	var wg sync.WaitGroup
	wg.Go(func() { a.put(key("slow"), "1") })
	<-committed
	for i := range 700 {
		a.put(key(fmt.Sprint(i)), "1")
	}
	crashed := a.copied()
	close(goOn)
	wg.Wait()
	crashed.open()
	found := false
	for _, r := range crashed.queued("b") {
		found = found || r.Key == "slow"
	}
	require.True(t, found)
}

// TestQueueFails: while a queue cannot keep anything, writes go on; what it has missed is queued when it can.
func TestQueueFails(t *testing.T) {
	a, b := at(t, 'a'), at(t, 'b')
	require.NoError(t, a.rt.Enable("b"))
	defer join(t, a, b)()
	a.put(key("x"), "1")
	b.holds(key("x"), "1")
	fail := realtime.FailQueue(a.rt, "b", errDisk)
	a.put(key("x"), "2")
	require.True(t, a.remote().Behind)
	for i := range 600 { // so many that it is noted meanwhile what was queued
		a.put(key(fmt.Sprint(i)), "2")
	}
	fail(nil)
	b.holds(key("x"), "2")
	for i := range 600 {
		b.holds(key(fmt.Sprint(i)), "2")
	}
	a.until(func() bool { return !a.remote().Behind }, "it is still behind")
}

// TestQueueBytes: a queue counts its records exactly, and nothing when it is empty (REAL-020).
func TestQueueBytes(t *testing.T) {
	for _, dir := range []bool{true, false} {
		t.Run(fmt.Sprint("in a file ", dir), func(t *testing.T) {
			a, b := newSite(t, 'a'), at(t, 'b')
			if !dir {
				a.cfg.Dir = ""
			}
			a.open()
			require.NoError(t, a.rt.Enable("b"))
			want := uint64(0)
			for i := range 10 {
				k := key(fmt.Sprint("key", i))
				a.put(k, string(bytes.Repeat([]byte("x"), i*100)))
				want += uint64(8 + 16 + 1 + len(k.Name) + a.get(k).EncodedSize() + delivery.RecordOverhead)
				require.Equal(t, want, a.remote().QueueBytes)
			}
			defer join(t, a, b)()
			b.holds(key("key9"), string(bytes.Repeat([]byte("x"), 900)))
			idle(t, a)
			require.Zero(t, a.remote().QueueBytes)
		})
	}
}

// TestOverload: a queue that is full drops the oldest records and no more than it has to. It is loss: both sides know that a CHECK is owed,
// over the end of the process too, and no skip is counted (REAL-021 to REAL-024).
func TestOverload(t *testing.T) {
	a, b := newSite(t, 'a'), at(t, 'b')
	a.cfg.QueueBytes = new(uint64(4000))
	a.open()
	require.NoError(t, a.rt.Enable("b"))
	end := join(t, a, b)
	a.put(key("first"), "1")
	b.holds(key("first"), "1")
	idle(t, a)
	end()
	a.repaired()
	b.repaired()
	require.False(t, a.remote().CheckOwed)
	require.False(t, b.source().CheckOwed)

	value := string(bytes.Repeat([]byte("x"), 300))
	for i := range 20 {
		a.put(key(fmt.Sprint(i)), value)
	}
	st := a.remote()
	require.True(t, st.CheckOwed)
	size := st.QueueBytes / st.QueueRecords
	require.Less(t, uint64(4000)-st.QueueBytes, size, "one more would have had room")
	lost := 20 - st.QueueRecords
	require.NotZero(t, lost)
	a.close()
	a.open()
	require.True(t, a.remote().CheckOwed)
	end = join(t, a, b)
	b.holds(key("19"), value)
	idle(t, a)
	for i := range uint64(20) {
		require.Equal(t, i >= lost, b.get(key(fmt.Sprint(i))).Len() == 1, i)
	}
	b.until(func() bool { return b.source().CheckOwed }, "the receiver owes no CHECK")
	require.Equal(t, lost, b.source().Gaps.Overflow)
	require.Equal(t, lost, a.remote().Gaps.Overflow)
	require.Zero(t, a.remote().Gaps.Filtered)
	end()
	b.close()
	b.open()
	require.True(t, b.source().CheckOwed)

	// A repair that began before a loss does not answer for it.
	for i := range 20 {
		a.put(key(fmt.Sprint("some", i)), value)
	}
	c, owed, err := a.rt.RemoteChecks("b")
	require.NoError(t, err)
	require.True(t, owed)
	for i := range 20 {
		a.put(key(fmt.Sprint("more", i)), value)
	}
	require.NoError(t, a.rt.Repaired(context.Background(), c))
	require.True(t, a.remote().CheckOwed)
	a.repaired()
	require.False(t, a.remote().CheckOwed)

	// An object that the queue cannot hold at all is lost too.
	a.put(key("large"), string(bytes.Repeat([]byte("x"), 5000)))
	require.Equal(t, uint64(1), a.remote().TooLarge)
	require.True(t, a.remote().CheckOwed)
}

// raw sends records of its own to a site, as a sender that keeps no rule would. send returns when they are stable.
func raw(t *testing.T, b *site) (send func(records ...[]byte)) {
	t.Helper()
	src := channel.NewSource(channel.SourceConfig{Queue: delivery.NewVolatile("raw", 100<<20), Proto: realtime.Proto, RetryMin: time.Millisecond})
	t.Cleanup(src.Close)
	ca, cb := transports(t)
	sender := newSite(t, 'r')
	sender.open()
	la, lb := opened(t, sender, b, ca, cb)
	t.Cleanup(closing(la, lb))
	src.Attach(la)
	return func(records ...[]byte) {
		t.Helper()
		var last uint64
		for _, r := range records {
			seq, err := src.Push(context.Background(), r)
			require.NoError(t, err)
			last = seq
		}
		require.NoError(t, src.AwaitStable(waits(t), last))
	}
}

func object(t *testing.T, actor byte, counter uint64, value string) []byte {
	t.Helper()
	var s clock.Set
	s, err := s.Put(nil, clock.Dot{Actor: id(actor), Counter: counter}, []byte(value))
	require.NoError(t, err)
	b, err := s.AppendBinary(nil)
	require.NoError(t, err)
	return b
}

// TestRefusedRecords: what cannot be read or merged is consumed, does not hold up what is behind it, and is owed a CHECK (REAL-004, REAL-005, REAL-009).
func TestRefusedRecords(t *testing.T) {
	good := func(name string, obj []byte) []byte {
		b, err := (&codec.Realtime{Namespace: "a", Key: name, Path: [][16]byte{id('r')}, Object: obj}).Append(nil)
		require.NoError(t, err)
		return b
	}
	for _, tc := range []struct {
		name, reason string
		record       []byte
	}{
		{"empty", "RECORD", []byte{}},
		{"another kind", "RECORD", append([]byte{9}, good("x", object(t, 'r', 1, "v"))[1:]...)},
		{"no object", "OBJECT", good("x", []byte{0})},
		{"an object with bytes behind it", "OBJECT", append(good("x", object(t, 'r', 1, "v")), 0)},
		{"a value over the limit", string(store.CodeTooLarge), good("x", object(t, 'r', 1, string(bytes.Repeat([]byte("x"), 5<<20))))},
		{"another value under a dot", string(store.CodeCollision), good("behind", object(t, 'r', 2, "other"))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := at(t, 'b')
			send := raw(t, b)
			send(good("behind", object(t, 'r', 2, "v")))
			b.repaired()
			require.False(t, b.source().CheckOwed)
			send(tc.record, good("last", object(t, 'r', 3, "v")))
			b.holds(key("last"), "v")
			b.holds(key("behind"), "v")
			b.until(func() bool { return b.source().Refused == 1 }, "not counted")
			require.Equal(t, map[string]uint64{tc.reason: 1}, b.source().Refusals)
			require.True(t, b.source().CheckOwed)
		})
	}
}

// TestSlowStore: a store that takes nothing holds up the records of its channel and nothing else of the link, and no more of them are held than the
// grant and one transaction (REAL-014).
func TestSlowStore(t *testing.T) {
	a, b := at(t, 'a'), newSite(t, 'b')
	b.hook = &hooked{}
	b.open()
	require.NoError(t, a.rt.Enable("b"))
	ca, cb := transports(t)
	fast := codec.DefaultLimits()
	fast.PingMS, fast.PingMinMS = 50, 10
	a.limits, b.limits = &fast, &fast
	la, lb := opened(t, a, b, ca, cb)
	defer closing(la, lb)()
	attach(t, a, "b", la)
	a.put(key("x"), "1")
	b.holds(key("x"), "1")
	idle(t, a)
	gate := make(chan struct{})
	release := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(release) // before the site closes, which waits for its store
	b.hook.set(func() error { <-gate; return nil }, nil)
	value := string(bytes.Repeat([]byte("x"), 256<<10))
	const n = 40
	for i := range n {
		a.put(key(fmt.Sprint(i)), value)
	}
	var waiting int
	defer func() {
		t.Logf("%d records wait, heartbeats %d and %d, ends %v and %v, %+v", waiting, la.Stats().Clock.Samples, lb.Stats().Clock.Samples, la.Err(), lb.Err(), a.remote())
	}()
	b.until(func() bool { // until no more comes
		was := waiting
		waiting = b.source().Waiting
		return waiting > 0 && waiting == was && la.Stats().Clock.Samples > 3 && lb.Stats().Clock.Samples > 3
	}, "no heartbeats")
	limit := codec.DefaultLimits()
	require.LessOrEqual(t, uint64(waiting)*256<<10, max(limit.StreamCredit, 4<<20)+1<<20)
	require.NoError(t, la.Err())
	release()
	for i := range n {
		b.holds(key(fmt.Sprint(i)), value)
	}
}

var largeMiB = flag.Int("realtime.large", 96, "MiB of large objects that TestHeartbeatsDuringLargeObjects sends")

// TestHeartbeatsDuringLargeObjects: heartbeats go on while objects of nearly 16 MiB are sent, and are not slow.
func TestHeartbeatsDuringLargeObjects(t *testing.T) {
	a, b := newSite(t, 'a'), at(t, 'b')
	a.cfg.QueueBytes = new(uint64(2 << 30))
	a.open()
	require.NoError(t, a.rt.Enable("b"))
	value := bytes.Repeat([]byte("0123456789abcdef"), (16<<20-128<<10)/16)
	if testing.Short() { // the race detector makes it slow
		*largeMiB = min(*largeMiB, 48)
	}
	n := max(*largeMiB/16, 1)
	for i := range n {
		value[0] = byte(i)
		a.put(store.Key{Namespace: "large", Name: fmt.Sprint(i)}, string(value))
	}
	fast := codec.DefaultLimits()
	fast.PingMS, fast.PingMinMS = 50, 10
	a.limits, b.limits = &fast, &fast
	ca, cb := transports(t)
	la, lb := opened(t, a, b, ca, cb)
	defer closing(la, lb)()
	attach(t, a, "b", la)
	var fromA, fromB int // heartbeats that were answered while records were on their way
	a.until(func() bool {
		if a.remote().QueueRecords > 0 {
			fromA, fromB = la.Stats().Clock.Samples, lb.Stats().Clock.Samples
		}
		return a.remote().QueueRecords == 0
	}, "it does not end")
	require.NoError(t, la.Err())
	require.NoError(t, lb.Err())
	require.GreaterOrEqual(t, fromA, 2)
	require.GreaterOrEqual(t, fromB, 2)
	for i := range n {
		set := b.get(store.Key{Namespace: "large", Name: fmt.Sprint(i)})
		require.Equal(t, 1, set.Len())
		value[0] = byte(i)
		require.True(t, bytes.Equal(value, set.Values()[0]))
	}
	t.Logf("%d objects, heartbeats %d and %d, RTT %v", n, fromA, fromB, la.Stats().Clock.RTT)
}

// TestTooLargeForReceiver: an object over the max_message of the receiver becomes a GAP, and a CHECK is owed.
func TestTooLargeForReceiver(t *testing.T) {
	a, b := at(t, 'a'), at(t, 'b')
	small := codec.DefaultLimits()
	small.MaxMessage = 1 << 20
	b.limits = &small
	require.NoError(t, a.rt.Enable("b"))
	end := join(t, a, b)
	a.put(key("x"), "1")
	b.holds(key("x"), "1")
	idle(t, a)
	b.repaired()
	end()
	a.put(store.Key{Namespace: "large", Name: "x"}, string(make([]byte, 2<<20)))
	a.put(key("x"), "2")
	defer join(t, a, b)()
	b.holds(key("x"), "2")
	idle(t, a)
	require.Equal(t, uint64(1), a.remote().Gaps.Operator)
	b.until(func() bool { return b.source().CheckOwed }, "no CHECK is owed")
	require.Equal(t, uint64(1), b.source().Gaps.Operator)
}

// TestVolatile: with queues in memory the end of the process loses what waits, and the receiver knows.
func TestVolatile(t *testing.T) {
	a, b := newSite(t, 'a'), at(t, 'b')
	a.cfg.Dir = ""
	a.open()
	require.NoError(t, a.rt.Enable("b"))
	end := join(t, a, b)
	a.put(key("x"), "1")
	b.holds(key("x"), "1")
	b.repaired()
	end()
	a.put(key("lost"), "2")
	a.close()
	a.open()
	defer join(t, a, b)()
	a.put(key("x"), "3")
	b.holds(key("x"), "3")
	require.Zero(t, b.get(key("lost")).Len())
	require.True(t, b.source().CheckOwed)
}
