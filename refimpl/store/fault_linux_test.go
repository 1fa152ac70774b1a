package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/faulty"
	"handfast/refimpl/store"
)

// TestDiskFull has a process write until the system refuses to let its file grow: writes are refused with CodeFull and lose nothing, reads go
// on, deletions free room for more, and the file is sound.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	cmd, out := start(t, "full", path)
	acked, full := ledger{}, 0
	for out.Scan() {
		switch text := out.Text(); {
		case text == "opened":
		case text == "full":
			full++
		default:
			acked.line(t, text)
		}
	}
	require.NoError(t, cmd.Wait())
	require.Equal(t, 3, full, "each time it was full")
	s := openAs(t, settings(path))
	acked.holds(t, s)
}

// childFull writes until the disk is full, three times; in between it gives the file a little more room.
func childFull() error {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := store.Open(settings(os.Getenv(pathEnv)))
	if err != nil {
		return err
	}
	fmt.Println("opened")
	filler := strings.Repeat("x", 30_000)
	for round := range uint64(3) {
		limit := syscall.Rlimit{Cur: (round + 1) << 20, Max: 1 << 40}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		for i := 0; ; i++ {
			line, err := childWrite(s, i%childWriters)
			if err == nil {
				fmt.Println(line)
				err = s.Update(context.Background(), func(tx store.Tx) error {
					_, err := store.Overwrite(tx, key(fmt.Sprint("filler", round, i)), []byte(filler))
					return err
				})
			}
			if err != nil {
				if store.CodeOf(err) != store.CodeFull || !errors.Is(err, syscall.EFBIG) {
					return err
				}
				break
			}
		}
		fmt.Println("full")
		if _, err := s.Get(key(fmt.Sprint("filler", 0, 0))); err != nil {
			return err
		}
		if report, err := s.Check(context.Background(), false); err != nil || !report.Sound() {
			return fmt.Errorf("%+v: %w", report, err)
		}
	}
	return s.Close()
}

// TestSyncFails has a process whose syncs fail from one moment on: no write is acknowledged any more, and none that was is lost.
func TestSyncFails(t *testing.T) {
	if !faulty.CanFailSyncs {
		const why = "the filter of system calls is written for amd64 and arm64"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip("NOT TESTED: " + why)
	}
	path := filepath.Join(t.TempDir(), "db")
	cmd, out := start(t, "sync", path)
	acked, failed := ledger{}, 0
	for out.Scan() {
		switch text := out.Text(); {
		case text == "opened":
		case text == "failed":
			failed++
		default:
			require.Zero(t, failed, "acknowledged behind the failure: %s", text)
			acked.line(t, text)
		}
	}
	require.NoError(t, cmd.Wait())
	require.Equal(t, 1, failed)
	require.Len(t, acked, childWriters)
	acked.holds(t, openAs(t, settings(path)))
}

// childSync writes, has the system answer each sync with EIO, and writes again.
func childSync() error {
	s, err := store.Open(settings(os.Getenv(pathEnv)))
	if err != nil {
		return err
	}
	fmt.Println("opened")
	for i := range 100 {
		line, err := childWrite(s, i%childWriters)
		if err != nil {
			return err
		}
		fmt.Println(line)
	}
	if err := faulty.FailSyncs(); err != nil {
		return err
	}
	for range 3 {
		if line, err := childWrite(s, 0); store.CodeOf(err) != store.CodeDisk || !errors.Is(err, syscall.EIO) {
			return fmt.Errorf("%q: %w", line, err)
		}
	}
	fmt.Println("failed")
	if _, err := s.Get(key("w0/1")); err != nil {
		return fmt.Errorf("reads go on: %w", err)
	}
	return s.Close()
}
