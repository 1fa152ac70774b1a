package repair_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/repair"
)

// TestOverloadIsRepaired: a queue that is full drops records while there is no link. What is owed for it is there in the next process, a session carries
// it out as soon as there is a link, over which both sides then owe nothing, and the note is gone for good (REAL-040, REAL-041, CHAN-021).
func TestOverloadIsRepaired(t *testing.T) {
	a, b := newNode(t, 'a'), newNode(t, 'b').open()
	a.queue = 4000
	a.open()
	a.put("before", "before") // before the remote: the queue never has it
	require.NoError(t, a.rt.Enable("b"))
	end := join(t, a, b)
	a.put("1", "first")
	a.until(func() bool { return a.root() == b.root() && !a.owes() && !b.owes() }, "the first channel is not repaired")
	require.EqualValues(t, 2, b.root().Count)
	end()

	a.put(strings.Repeat("x", 300), names("k", 40)...)
	b.put("of b", names("b", 5)...)
	require.True(t, a.owes(), "nothing was lost")
	a.close()
	a.open()
	require.True(t, a.owes(), "the note is not in the next process")
	end = join(t, a, b)
	a.until(func() bool { return a.root() == b.root() && a.root().Count == 47 }, "they are not equal")
	a.until(func() bool { return !a.owes() && !b.owes() }, "a CHECK is still owed")
	sources, err := b.rt.Sources()
	require.NoError(t, err)
	require.NotZero(t, sources[0].Gaps.Overflow, "no record was lost: the channel could have brought it all")
	require.NotZero(t, a.p.Status()[0].Repaired)
	end()
	for _, n := range []*node{a, b} {
		n.close()
		n.open()
		require.False(t, n.owes())
	}
}

// TestReceiverRepairs: only the receiver owes a CHECK, since the object is over its own limit at first. It stays owed while sessions are partial, and ends
// with the first one that is whole.
func TestReceiverRepairs(t *testing.T) {
	a, b := newNode(t, 'a').open(), newNode(t, 'b')
	b.settings.MaxValue, b.settings.MaxObject = 1000, 1100
	b.open()
	require.NoError(t, a.rt.Enable("b"))
	end := join(t, a, b)
	a.until(func() bool { return !a.owes() && !b.owes() }, "the first channel is not repaired")
	a.put(strings.Repeat("x", 5000), "large")
	b.until(b.owes, "it owes no CHECK for what it has refused")
	b.until(func() bool { s := b.p.Status(); return len(s) > 0 && s[0].Tries > 3 && s[0].Error != "" }, "it does not try again")
	require.True(t, b.owes())
	end()
	b.close()
	b.settings = newNode(t, 'x').settings
	b.open()
	require.True(t, b.owes())
	join(t, a, b)
	b.until(func() bool { return !b.owes() && a.root() == b.root() }, "it is not repaired")
}

// TestOtherSideWithoutSync: there is nothing to try, and the note stays.
func TestOtherSideWithoutSync(t *testing.T) {
	a, b := newNode(t, 'a').open(), newNode(t, 'b')
	b.silent = true
	b.open()
	require.NoError(t, a.rt.Enable("b"))
	join(t, a, b)
	a.put("1", "first")
	a.until(func() bool { return a.root() == b.root() }, "the channel does not work")
	require.True(t, a.owes())
	require.Empty(t, a.p.Status())
}

// TestWhatASessionBringsGoesOn: objects that a repair brings go to other remotes, and not back to the cluster that they came from (REAL-001, REAL-015).
func TestWhatASessionBringsGoesOn(t *testing.T) {
	a, b, c := newNode(t, 'a').open(), newNode(t, 'b').open(), newNode(t, 'c').open()
	a.put("old", names("k", 30)...)
	require.NoError(t, b.rt.Enable("c"))
	join(t, b, c)
	b.until(func() bool { return !b.owes() && !c.owes() }, "the first channel is not repaired")
	require.Zero(t, b.queued())
	require.NoError(t, a.rt.Enable("b")) // what was written before, a repair has to bring
	join(t, a, b)
	c.until(func() bool { return c.root() == a.root() }, "it does not go on")
	b.until(func() bool { return b.queued() >= 30 }, "not all of it is queued") // a repair between b and c may have been faster
	require.EqualValues(t, 30, b.queued())
	require.Zero(t, a.queued())

	require.NoError(t, b.rt.Enable("a"))
	join(t, a, b)
	b.until(func() bool { return !b.owes() && !a.owes() }, "the way back is not repaired")
	for _, m := range b.rt.Remotes() {
		if m.Name == "a" {
			require.Zero(t, m.Queued, "it goes back")
		}
	}
}

func TestConfig(t *testing.T) {
	_, err := repair.New(repair.Config{})
	require.Error(t, err)
}
