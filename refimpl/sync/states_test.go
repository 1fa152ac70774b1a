package sync

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/codec"
	"handfast/refimpl/clock"
)

// The cells of the state tables of spec/sync.md that messages fill: true where the answer is PROTOCOL.

func node() []byte { return must(new(clock.Node).AppendBinary(nil)) }

// eachKind is one message of each column.
func eachKind() []struct {
	column string
	m      codec.SyncMessage
} {
	entries := make([]codec.SyncEntry, 1)
	return []struct {
		column string
		m      codec.SyncMessage
	}{
		{"SINCE", codec.SyncSince{Clock: node()}},
		{"CLOCK", codec.SyncClock{Clock: node()}},
		{"CLOCK with ALL", codec.SyncClock{All: true, Clock: node()}},
		{"CHECK", codec.SyncCheck{}},
		{"CHECK_KEY", codec.SyncCheckKey{Key: []byte("k"), Version: must(version(clock.Set{}))}},
		{"due DIGEST", codec.SyncDigest{}},
		{"other DIGEST", codec.SyncDigest{Prefix: codec.SyncPrefix{}.Next(7)}},
		{"REPAIR", codec.SyncRepair{Number: 1, Key: []byte("k"), Object: must(clock.Set{}.AppendBinary(nil))}},
		{"due RESULT", codec.SyncResult{First: 1, Entries: entries}},
		{"other RESULT", codec.SyncResult{First: 2, Entries: entries}},
		{"ERROR of an item", codec.SyncError{Code: codec.CodeSyncUnreadable}},
		{"SYNC_NEED_DIGEST", codec.SyncError{Code: codec.CodeSyncNeedDigest}},
		{"ERROR of the session", codec.SyncError{Session: true, Code: codec.CodeSyncStore}},
		{"COMPLETE", codec.SyncComplete{}},
	}
}

func isProtocol(t *testing.T, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	var e *codec.Error
	require.True(t, errors.As(err, &e), "%v", err)
	require.Equal(t, codec.CodeProtocol, e.Code)
	require.Equal(t, codec.ScopeStream, e.Scope)
	return true
}

func TestInitiatorStates(t *testing.T) {
	begin := func() *Initiator {
		i := NewInitiator("n", newMem(1), Plan{})
		_, err := i.Begin()
		require.NoError(t, err)
		return i
	}
	since := func() *Initiator {
		i := begin()
		_, err := i.Receive(codec.SyncDigest{})
		require.NoError(t, err)
		return i
	}
	settled := func() *Initiator {
		i := since()
		_, err := i.Receive(codec.SyncClock{All: true, Clock: node()})
		require.NoError(t, err)
		return i
	}
	settling := func() *Initiator {
		i := settled()
		i.NoteSent() // a REPAIR that waits for its RESULT
		return i
	}
	last := func() *Initiator {
		i := settled()
		require.True(t, i.Quiet())
		_, err := i.Complete()
		require.NoError(t, err)
		return i
	}
	walk := func() *Initiator {
		i := last()
		parts := make([]byte, 256)
		parts[0] = 1
		_, err := i.Receive(codec.SyncDigest{Form: codec.SyncParts, Entries: parts})
		require.NoError(t, err)
		i.NoteSent()
		return i
	}
	completing := func() *Initiator {
		i := walk()
		_, err := i.Receive(codec.SyncDigest{Prefix: i.asked[0].prefix})
		require.NoError(t, err)
		_, err = i.Receive(codec.SyncResult{First: 1, Entries: make([]codec.SyncEntry, 1)})
		require.NoError(t, err)
		require.True(t, i.Quiet())
		_, err = i.Complete()
		require.NoError(t, err)
		return i
	}
	over := func() *Initiator {
		i := completing()
		_, err := i.Receive(codec.SyncComplete{})
		require.NoError(t, err)
		return i
	}
	allowed := map[string][]string{
		"START":      {"CLOCK", "due DIGEST", "ERROR of an item", "SYNC_NEED_DIGEST", "ERROR of the session", "COMPLETE"},
		"SETTLING":   {"CLOCK", "due RESULT", "ERROR of an item", "SYNC_NEED_DIGEST", "ERROR of the session"},
		"LAST":       {"CLOCK", "due DIGEST", "ERROR of an item", "SYNC_NEED_DIGEST", "ERROR of the session", "COMPLETE"},
		"SINCE":      {"CLOCK", "CLOCK with ALL", "REPAIR", "ERROR of an item", "SYNC_NEED_DIGEST", "ERROR of the session"},
		"WALK":       {"CLOCK", "due DIGEST", "REPAIR", "due RESULT", "ERROR of an item", "SYNC_NEED_DIGEST", "ERROR of the session"},
		"COMPLETING": {"CLOCK", "ERROR of an item", "SYNC_NEED_DIGEST", "ERROR of the session", "COMPLETE"},
		"OVER":       {},
	}
	for name, make := range map[string]func() *Initiator{
		"START": begin, "SINCE": since, "SETTLING": settling, "LAST": last, "WALK": walk, "COMPLETING": completing, "OVER": over,
	} {
		for _, c := range eachKind() {
			t.Run(name+"/"+c.column, func(t *testing.T) {
				i := make()
				require.Equal(t, name, i.Phase())
				if i.theirs == nil && c.column == "REPAIR" {
					_, err := i.Receive(codec.SyncClock{Clock: node()})
					require.NoError(t, err)
				}
				if c.column == "due DIGEST" && len(i.asked) > 0 {
					c.m = codec.SyncDigest{Prefix: i.asked[0].prefix}
					if name == "LAST" { // to which SAME is none
						c.m = codec.SyncDigest{Form: codec.SyncItems}
					}
				}
				_, err := i.Receive(c.m)
				require.Equal(t, !slices.Contains(allowed[name], c.column), isProtocol(t, err), "%v", err)
			})
		}
	}
}

func TestResponderStates(t *testing.T) {
	fresh := func() *Responder {
		r := NewResponder("n", newMem(1))
		r.NoteSent()
		return r
	}
	after := func(m codec.SyncMessage) func() *Responder {
		return func() *Responder {
			r := fresh()
			_, err := r.Receive(m)
			require.NoError(t, err)
			return r
		}
	}
	always := []string{"CLOCK", "CLOCK with ALL", "CHECK", "CHECK_KEY", "due RESULT", "ERROR of an item", "SYNC_NEED_DIGEST", "ERROR of the session", "COMPLETE"}
	for name, tc := range map[string]struct {
		make    func() *Responder
		allowed []string
	}{
		"NEW":                {fresh, append([]string{"SINCE"}, always...)},
		"STATED by SINCE":    {after(codec.SyncSince{Clock: node()}), append([]string{"REPAIR"}, always...)},
		"STATED by CLOCK":    {after(codec.SyncClock{Clock: node()}), append([]string{"REPAIR"}, always...)},
		"DONE by COMPLETE":   {after(codec.SyncComplete{}), nil},
		"DONE by LAST":       {after(codec.SyncCheck{Last: true}), nil},
		"NEW behind a LAST":  {after(codec.SyncCheck{Last: true, Fingerprint: [16]byte{1}}), append([]string{"SINCE"}, always...)},
		"DONE by ERROR":      {after(codec.SyncError{Session: true}), nil},
		"NEW behind a CHECK": {after(codec.SyncCheck{}), append([]string{"SINCE"}, always...)},
	} {
		for _, c := range eachKind() {
			t.Run(name+"/"+c.column, func(t *testing.T) {
				_, err := tc.make().Receive(c.m)
				require.Equal(t, !slices.Contains(tc.allowed, c.column), isProtocol(t, err), "%v", err)
			})
		}
	}
}
