package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/refimpl/clock"
	"handfast/refimpl/store"
)

// The environment of a child: what it does, and where its store is.
const (
	childEnv = "HANDFAST_STORE_CHILD"
	pathEnv  = "HANDFAST_STORE_PATH"
)

func writeFile(path string, b []byte) error { return os.WriteFile(path, b, 0o600) }

// child is main of a child process.
func child(kind string) int {
	var err error
	switch kind {
	case "write":
		err = childWrites(1 << 30)
	case "full":
		err = childFull()
	case "sync":
		err = childSync()
	default:
		err = errors.New("unknown kind")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 1
	}
	return 0
}

// start begins a child. Its standard output is the ledger.
func start(t *testing.T, kind, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+kind, pathEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

const childWriters = 8

// childWrites has several writers put, merge and delete, each with a cursor, and print what was acknowledged, until each has made n
// writes or one is refused.
func childWrites(n int) error {
	s, err := store.Open(settings(os.Getenv(pathEnv)))
	if err != nil {
		return err
	}
	fmt.Println("opened")
	var wg sync.WaitGroup
	var mu sync.Mutex // guards the ledger
	errs := make([]error, childWriters)
	for w := range childWriters {
		wg.Go(func() {
			for i := 0; i < n && errs[w] == nil; i++ {
				line, err := childWrite(s, w)
				errs[w] = err
				if err == nil {
					mu.Lock()
					fmt.Println(line)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(append(errs, s.Close())...)
}

// childWrite makes one write and gives its line for the ledger. The number of the write is the writer's cursor, so that it goes on after a kill.
func childWrite(s *store.Bolt, w int) (line string, err error) {
	name := fmt.Sprint("w", w)
	err = s.Update(context.Background(), func(tx store.Tx) error {
		i := 1
		if b, err := tx.Cursor(name); err == nil {
			if _, err := fmt.Sscan(string(b), &i); err != nil {
				return err
			}
			i++
		}
		k := key(fmt.Sprintf("%s/%d", name, i%50))
		value := fmt.Sprint(i)
		line = fmt.Sprintln("ok", name, i)
		if err := childEffect(tx, k, i, value+strings.Repeat(" ", i%5*400)); err != nil {
			return err
		}
		return tx.SetCursor(name, []byte(value))
	})
	return strings.TrimSpace(line), err
}

// childEffect writes as a client, or merges as a peer, whose dots are the number; each 17th deletes.
func childEffect(tx store.Tx, k store.Key, i int, value string) error {
	was, err := tx.Get(k)
	if err != nil && store.CodeOf(err) != store.CodeNotFound {
		return err
	}
	switch {
	case i%17 == 0 && was.Len() > 0 && !was.Deleted():
		_, err := tx.Delete(k, was.Context())
		return err
	case i%3 == 0:
		var a clock.Actor
		copy(a[:], k.Name[:2])
		next, err := was.Put(was.Context(), clock.Dot{Actor: a, Counter: uint64(i)}, []byte(value))
		if err != nil {
			return err
		}
		if r := tx.Merge(k, next, nil); r.Err != nil {
			return r.Err
		}
		return nil
	default:
		_, err := tx.Put(k, was.Context(), []byte(value))
		return err
	}
}

// ledger is what was acknowledged: the last number of each writer.
type ledger map[string]int

func (l ledger) line(t *testing.T, text string) {
	t.Helper()
	var name string
	var i int
	_, err := fmt.Sscanf(text, "ok %s %d", &name, &i)
	require.NoError(t, err, text)
	require.Equal(t, l[name]+1, i, "numbers of %s follow each other", name)
	l[name] = i
}

// holds checks that everything acknowledged is there, and that each effect stands exactly where its cursor says.
func (l ledger) holds(t *testing.T, s *store.Bolt) (found ledger) {
	t.Helper()
	found = ledger{}
	for w := range childWriters {
		name := fmt.Sprint("w", w)
		i := 0
		if b, err := s.Cursor(name); err == nil {
			_, err := fmt.Sscan(string(b), &i)
			require.NoError(t, err)
		}
		found[name] = i
		require.GreaterOrEqual(t, i, l[name], "%s: acknowledged and lost", name)
		for j := max(1, i-49); j <= i; j++ { // the last write of each key
			values := get(t, s, key(fmt.Sprintf("%s/%d", name, j%50)))
			if len(values) == 0 {
				require.Zero(t, j%17, "%s: write %d is lost", name, j)
				continue
			}
			require.Len(t, values, 1)
			require.Equal(t, fmt.Sprint(j), strings.TrimSpace(values[0]), "%s", name)
		}
	}
	sound(t, s, [16]byte{})
	return found
}
