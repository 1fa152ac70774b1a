package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"handfast/refimpl/store"
)

// TestCommitFails: a commit that finds no room is undone, and the next one may succeed; after any other failure the store takes no more
// writes. In both cases memory is what was committed before.
func TestCommitFails(t *testing.T) {
	eio := &fakeError{syscall.EIO}
	cases := []struct {
		name   string
		fault  func(*bolt.Tx) error
		want   store.Code
		lives  bool
		landed bool // the engine has written it, and nobody knows whether the disk has
	}{
		{"no room", func(*bolt.Tx) error { return &fakeError{syscall.ENOSPC} }, store.CodeFull, true, false},
		{"quota", func(*bolt.Tx) error { return &fakeError{syscall.EDQUOT} }, store.CodeFull, true, false},
		{"file too large", func(*bolt.Tx) error { return &fakeError{syscall.EFBIG} }, store.CodeFull, true, false},
		{"write fails", func(*bolt.Tx) error { return eio }, store.CodeDisk, false, false},
		{"last sync fails", func(bt *bolt.Tx) error { return errors.Join(bt.Commit(), eio) }, store.CodeDisk, false, true},
		{"last sync finds no room", func(bt *bolt.Tx) error { return errors.Join(bt.Commit(), syscall.ENOSPC) }, store.CodeDisk, false, true},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			cfg := settings(filepath.Join(t.TempDir(), "db"))
			s, err := store.Open(cfg)
			require.NoError(t, err)
			put(t, s, key("a"), "acknowledged")
			before, seen := root(t, s), s.Clock()
			s.CommitBy(tc.fault)
			write := func(value string) error {
				return s.Update(t.Context(), func(tx store.Tx) error {
					_, err := store.Overwrite(tx, key("a"), []byte(value))
					return errors.Join(err, tx.SetCursor("c", []byte(value)))
				})
			}
			err = write("refused")
			code(t, tc.want, err)
			require.Equal(t, before, root(t, s))
			require.True(t, seen.Equal(s.Clock()))
			s.CommitBy((*bolt.Tx).Commit)
			want := []string{"acknowledged"}
			if tc.lives {
				require.NoError(t, write("later"))
				want = []string{"later"}
				require.Equal(t, seen.Max(s.Actor())+1, s.Clock().Max(s.Actor()))
				sound(t, s, cfg.Salt)
			} else {
				code(t, store.CodeDisk, write("still refused"))
				_, err := s.Check(t.Context(), true)
				code(t, store.CodeDisk, err)
				if tc.landed {
					want = []string{"refused"} // an answer of failure does not promise that it was not written
				}
			}
			require.Equal(t, want, get(t, s, key("a")))
			require.NoError(t, s.Close())
			s = openAs(t, cfg)
			require.Equal(t, want, get(t, s, key("a")))
			sound(t, s, cfg.Salt)
		})
	}
}

// fakeError carries a number of the system as the engine does.
type fakeError struct{ errno syscall.Errno }

func (e *fakeError) Error() string { return fmt.Sprint("fake: ", e.errno) }
func (e *fakeError) Unwrap() error { return e.errno }
