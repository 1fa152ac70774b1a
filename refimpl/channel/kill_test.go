package channel_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"handfast/refimpl/channel"
	"handfast/refimpl/delivery"
	"handfast/refimpl/link"
)

var kills = flag.Int("delivery.kills", 100, "processes that TestKilledPeers kills")

const (
	roleEnv = "CHANNEL_TEST_ROLE"
	dirEnv  = "CHANNEL_TEST_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "source":
		childSource(os.Getenv(dirEnv))
		return
	case "sink":
		childSink(os.Getenv(dirEnv))
		return
	}
	goleak.VerifyTestMain(m)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// content is what the record of a number must hold.
func content(seq uint64) []byte {
	rnd := rand.New(rand.NewPCG(seq, 1))
	b := binary.BigEndian.AppendUint64(nil, seq)
	for range rnd.IntN(100) {
		b = binary.BigEndian.AppendUint64(b, rnd.Uint64())
	}
	return b
}

// childSource pushes records into a durable queue until its stdin ends, says so after each, and then waits until all are stable.
func childSource(dir string) {
	q, err := delivery.OpenDurable(filepath.Join(dir, "queue"), "q", plenty)
	must(err)
	src := newSource(q)
	ctx, stop := context.WithCancel(context.Background())
	go func() { // ends with the process
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() { // ends with the process: dials again and again
		for {
			addr, _ := os.ReadFile(filepath.Join(dir, "addr"))
			conn, err := net.Dial("tcp", string(addr))
			if err != nil {
				continue
			}
			if l, err := link.Dial(context.Background(), conn, config(1, nil)); err == nil {
				src.Attach(l)
				<-l.Done()
			}
		}
	}()
	for next := q.Head().Next; ctx.Err() == nil; next++ {
		seq, err := src.Push(context.Background(), content(next))
		must(err)
		if seq != next {
			must(fmt.Errorf("number %d, want %d", seq, next))
		}
		fmt.Println(seq)
	}
	last := q.Head().Next - 1
	must(src.AwaitStable(context.Background(), last))
	fmt.Println("stable", last)
}

var bucketLedger = []byte("ledger")

// childSink applies what it is sent to a file, says so after each commit, and serves until it is killed.
func childSink(dir string) {
	db, err := bbolt.Open(filepath.Join(dir, "sink"), 0o600, nil)
	must(err)
	store, err := channel.NewBolt(db, func(tx *bbolt.Tx, _ delivery.Key, items []channel.Item) error {
		b, err := tx.CreateBucketIfNotExists(bucketLedger)
		if err != nil {
			return err
		}
		for _, i := range items {
			if i.Gap != nil {
				return fmt.Errorf("a gap %+v", i.Gap)
			}
			n, _ := b.NextSequence()
			if err := b.Put(binary.BigEndian.AppendUint64(nil, n), slices.Concat(binary.BigEndian.AppendUint64(nil, i.Record.Seq), i.Record.Data)); err != nil {
				return err
			}
		}
		fmt.Println(len(items)) // in the middle of the commit
		return nil
	})
	must(err)
	sink, err := channel.NewSink(channel.SinkConfig{Transactional: store})
	must(err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	tmp := filepath.Join(dir, "addr.new")
	must(os.WriteFile(tmp, []byte(ln.Addr().String()), 0o600))
	must(os.Rename(tmp, filepath.Join(dir, "addr")))
	for {
		conn, err := ln.Accept()
		must(err)
		go func() { _, _ = link.Accept(context.Background(), conn, config(2, sink)) }()
	}
}

// child is a process that plays a peer.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines chan string // closed at the end of its output
}

func startChild(t *testing.T, role, dir string) *child {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), roleEnv+"="+role, dirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &child{cmd: cmd, stdin: in, lines: make(chan string, 1<<16)}
	go func() { // ends with the process
		defer close(c.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	return c
}

// kill ends the process with SIGKILL.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	for range c.lines {
	}
	_ = c.cmd.Wait()
}

// TestKilledPeers: a source with a durable queue and a transactional sink, each a process, that are killed at random points. In
// the end the sink has every record once, in order, with the right content.
func TestKilledPeers(t *testing.T) {
	if testing.Short() {
		*kills = min(*kills, 20)
	}
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(uint64(*kills), 3))
	roles := []string{"source", "sink"}
	children := map[string]*child{}
	for _, role := range roles {
		children[role] = startChild(t, role, dir)
	}
	defer func() {
		for _, c := range children {
			c.kill()
		}
	}()
	killed := map[string]int{}
	for range *kills {
		victim := roles[rnd.IntN(2)]
		c := children[victim]
		for range rnd.IntN(25) { // it goes on meanwhile: where it is then is anybody's guess
			if _, ok := <-c.lines; !ok {
				t.Fatalf("the %s has ended by itself", victim)
			}
		}
		c.kill()
		killed[victim]++
		children[victim] = startChild(t, victim, dir)
	}
	src := children["source"]
	require.NoError(t, src.stdin.Close())
	var last uint64
	for line := range src.lines {
		_, _ = fmt.Sscanf(line, "stable %d", &last)
	}
	require.NoError(t, src.cmd.Wait())
	children["sink"].kill()
	clear(children)
	require.NotZero(t, last)

	db, err := bbolt.Open(filepath.Join(dir, "sink"), 0o600, nil)
	require.NoError(t, err)
	defer db.Close()
	want := uint64(0)
	require.NoError(t, db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketLedger).ForEach(func(_, v []byte) error {
			want++
			if seq := binary.BigEndian.Uint64(v); seq != want {
				return fmt.Errorf("record %d where %d was due", seq, want)
			}
			if !bytes.Equal(v[8:], content(want)) {
				return fmt.Errorf("record %d has another content", want)
			}
			return nil
		})
	}))
	require.Equal(t, last, want)
	t.Logf("%d records, killed %v", last, killed)
}
