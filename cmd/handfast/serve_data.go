package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"handfast/refimpl"
	"handfast/refimpl/access"
	"handfast/refimpl/call"
	"handfast/refimpl/clock"
	"handfast/refimpl/dial"
	"handfast/refimpl/link"
	"handfast/refimpl/peers"
	"handfast/refimpl/realtime"
	"handfast/refimpl/repair"
	"handfast/refimpl/store"
	antientropy "handfast/refimpl/sync"
)

// dataFlags make a peer keep objects and replicate them.
type dataFlags struct {
	dir, cluster            string
	namespaces, allow, deny []string
	to                      []string
	queue                   uint64
	maxObject               int
	retryMax                time.Duration
	sync                    syncFlags
	salt                    saltFlag
	operators               []string
}

func (d *dataFlags) add(f *pflag.FlagSet) {
	f.StringVar(&d.dir, "data", "", "keep objects, cursors and queues in this `folder`, and serve object.get, object.put and object.delete")
	f.StringVar(&d.cluster, "cluster", "", "cluster id, 32 hexadecimal `digits` (default: that of --data, at first the node id)")
	f.StringSliceVar(&d.namespaces, "namespace", []string{"default"}, "`name` of a namespace that the store has; may be given several times")
	f.StringArrayVar(&d.to, "realtime-to", nil, "send what is written to a remote, `NAME=ADDR`; may be given several times")
	f.StringSliceVar(&d.allow, "realtime-allow", nil, "the only `namespaces` that are sent and taken by realtime (default: all)")
	f.StringSliceVar(&d.deny, "realtime-deny", nil, "`namespaces` that realtime neither sends nor takes")
	f.Uint64Var(&d.queue, "realtime-queue", 100<<20, "`bytes` that the queue of a remote holds; beyond it the oldest records are lost, and a CHECK is owed")
	f.IntVar(&d.maxObject, "max-object", clock.DefaultBytes, "`bytes` of an object with all its values, 1048576 to 1090519040 (1 GiB and 16 MiB); a value may have 65,536 less. Larger ones are refused, and a CHECK is owed for what a remote has sent")
	d.sync.add(f)
	d.salt.add(f)
	f.StringSliceVar(&d.operators, "operator", []string{"loopback"}, "`who` may call remote.* and peer.*, which change what this peer dials: loopback, all, or key: and the SHA-256 of a public key that TLS proves; may be given several times")
	f.DurationVar(&d.retryMax, "realtime-retry-max", 30*time.Second, "longest wait before a remote is dialled again")
}

// replica is what `serve --data` has beside a peer. The nil replica has nothing.
type replica struct {
	store   *store.Bolt
	rt      *realtime.Replicated
	dialers map[string]*realtime.Dialer // by the name of the remote
	addrs   map[string]string           // the same
	drain   time.Duration
	cluster [16]byte

	peers    *peers.List
	syncs    *antientropy.Manager
	repairs  *repair.Repairer // nil: what realtime owes is left to others
	sessions antientropy.Metrics
}

// identity is what stays of a peer when its process ends.
type identity struct {
	Node    string `json:"node"`
	Cluster string `json:"cluster"`
}

// open opens the folder and completes cfg. It gives nil where there is none.
func (d *dataFlags) open(cfg *refimpl.Config, node string, drain time.Duration, secure *tls.Config) (*replica, error) {
	if d.dir == "" {
		if len(d.to) > 0 {
			return nil, usageError("--realtime-to needs --data")
		}
		if len(d.sync.with) > 0 {
			return nil, usageError("--sync-with needs --data")
		}
		if d.salt.file != "" {
			return nil, usageError("--salt needs --data")
		}
		return nil, nil
	}
	remotes, err := parseRemotes(d.to)
	if err != nil {
		return nil, err
	}
	if d.retryMax <= 0 {
		return nil, usageError("--realtime-retry-max %v: it is more than 0", d.retryMax)
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, &exitError{code: exitMeasured, err: err}
	}
	if err := d.identify(&cfg.Link, node); err != nil {
		return nil, err
	}
	r := &replica{drain: drain, cluster: cfg.Link.Cluster, addrs: remotes, dialers: map[string]*realtime.Dialer{}}
	if err := d.openStore(r, cfg); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if err := d.sync.begin(r, cfg.Link, d.namespaces, realtime.Rules{Allow: d.allow, Deny: d.deny}, d.retryMax, secure); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	for name, addr := range remotes {
		if err := r.rt.Enable(name); err != nil {
			x := &exitError{code: exitMeasured, err: fmt.Errorf("remote %q: %w", name, err)}
			if errors.Is(err, realtime.ErrName) {
				x.code = exitUsage
			}
			return nil, errors.Join(x, r.Close())
		}
		r.dialers[name] = r.dialer(name, addr, cfg.Link, d.retryMax, secure)
	}
	return r, nil
}

func (d *dataFlags) openStore(r *replica, cfg *refimpl.Config) error {
	if d.maxObject < 1<<20 || d.maxObject > clock.MaxBytes {
		return usageError("--max-object %d: it is within 1048576 and %d", d.maxObject, clock.MaxBytes)
	}
	namespaces, err := defaultNamespaces(d.namespaces)
	if err != nil {
		return err
	}
	maxValue := d.maxObject - 64<<10
	for name, ns := range namespaces {
		ns.MaxObject, ns.MaxValue = d.maxObject, maxValue
		namespaces[name] = ns
	}
	operators, err := access.ParseOperators(d.operators)
	if err != nil {
		return usageError("--operator %v", err)
	}
	salt, err := d.salt.read()
	if err != nil {
		return err
	}
	path := filepath.Join(d.dir, "store")
	if r.store, err = store.Open(store.Config{Path: path, Namespaces: namespaces, Salt: salt, Cells: syncCells, Logger: cfg.Link.Logger}); err != nil {
		return &exitError{code: exitMeasured, err: err, hint: storeHint(err)}
	}
	rules := realtime.Rules{Allow: d.allow, Deny: d.deny}
	r.rt, err = realtime.New(realtime.Config{
		Store: r.store, Cluster: cfg.Link.Cluster, Dir: d.dir, QueueBytes: &d.queue, Send: rules, Take: rules,
		MaxObject: d.maxObject, MaxMessage: maxMessage(cfg), RetryMin: min(d.retryMax, 100*time.Millisecond), RetryMax: min(d.retryMax, 10*time.Second), Logger: cfg.Link.Logger,
	})
	if err != nil {
		return &exitError{code: exitMeasured, err: err, hint: storeHint(err)}
	}
	cfg.Link.Delivery = true
	if cfg.Link.Handlers == nil {
		cfg.Link.Handlers = map[string]link.Handler{}
	}
	cfg.Link.Handlers[realtime.Proto] = r.rt.Sink()
	if r.peers, err = peers.Open(r.store); err != nil {
		return &exitError{code: exitMeasured, err: err, hint: storeHint(err)}
	}
	cfg.Link.Admit = r.peers.Admit
	serveSync(cfg, antientropy.Settings{Store: r.rt, Through: r.through, Metrics: &r.sessions})
	methods := cfg.Methods
	cfg.Methods = func(srv *call.Server) {
		if methods != nil {
			methods(srv)
		}
		access.Add(srv, r.rt, maxValue)
		realtime.AddMethods(srv, r.rt, operators.Admit)
		peers.AddMethods(srv, r.peers, operators.Admit)
	}
	return nil
}

func maxMessage(cfg *refimpl.Config) uint64 {
	if cfg.Link.Limits == nil {
		return 0
	}
	return cfg.Link.Limits.MaxMessage
}

func storeHint(err error) string {
	switch store.CodeOf(err) {
	case store.CodeBusy:
		return "another process has this folder open"
	case store.CodeFull:
		return "the disk is full: make room and start again"
	}
	return ""
}

// parseRemotes reads the values of --realtime-to.
func parseRemotes(list []string) (map[string]string, error) {
	remotes := map[string]string{}
	for _, s := range list {
		name, addr, ok := strings.Cut(s, "=")
		if _, _, err := net.SplitHostPort(addr); !ok || err != nil {
			return nil, usageError("--realtime-to %q is not NAME=HOST:PORT", s)
		}
		if _, twice := remotes[name]; twice {
			return nil, usageError("--realtime-to names %q twice", name)
		}
		remotes[name] = addr
	}
	return remotes, nil
}

// identify gives the peer the ids of the folder, which are made at the first start. Channels are bound to the node: with another one every
// remote would take them for new.
func (d *dataFlags) identify(cfg *link.Config, node string) error {
	path := filepath.Join(d.dir, "identity.json")
	b, err := os.ReadFile(path)
	var id identity
	switch {
	case errors.Is(err, fs.ErrNotExist):
		id.Node = hex.EncodeToString(cfg.Node[:])
		if id.Cluster = d.cluster; id.Cluster == "" {
			id.Cluster = id.Node
		}
	case err != nil:
		return &exitError{code: exitMeasured, err: err}
	default:
		if err := json.Unmarshal(b, &id); err != nil {
			return &exitError{code: exitMeasured, err: fmt.Errorf("%s: %w", path, err)}
		}
		if node != "" && !strings.EqualFold(node, id.Node) {
			return usageError("--node is %s, but %s belongs to %s", node, d.dir, id.Node)
		}
		if d.cluster != "" && !strings.EqualFold(d.cluster, id.Cluster) {
			return usageError("--cluster is %s, but %s belongs to %s", d.cluster, d.dir, id.Cluster)
		}
	}
	if err := errors.Join(decodeID(id.Node, &cfg.Node), decodeID(id.Cluster, &cfg.Cluster)); err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	if b != nil {
		return nil
	}
	if b, err = json.Marshal(id); err == nil {
		err = writeDurably(path, b)
	}
	if err != nil {
		return &exitError{code: exitMeasured, err: err}
	}
	return nil
}

func decodeID(s string, to *[16]byte) error {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(to) {
		return fmt.Errorf("a node or cluster id is 32 hexadecimal digits, not %q", s)
	}
	copy(to[:], raw)
	return nil
}

// writeDurably makes a file at once or not at all.
func writeDurably(path string, b []byte) error {
	tmp := path + "." + rand.Text()[:8]
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// dialer keeps a link to a remote. On it the peer takes channels as on links that it has accepted; calls it does not serve there.
func (r *replica) dialer(name, addr string, cfg link.Config, retryMax time.Duration, secure *tls.Config) *realtime.Dialer {
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return realtime.NewDialer(realtime.DialerConfig{
		Dial:   func(ctx context.Context) (net.Conn, error) { return dial.Transport(ctx, addr, secure) },
		Link:   cfg,
		OnLink: func(_ context.Context, l *link.Link) error { return r.rt.Attach(name, l) },
		Min:    min(retryMax, 100*time.Millisecond),
		Max:    retryMax,
		Logger: log.With("remote", name),
	})
}

// run keeps the links to remotes until ctx ends. end ends them too, and returns when they are drained.
func (r *replica) run(ctx context.Context) (end func()) {
	if r == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, d := range r.dialers {
		wg.Go(func() { d.Run(ctx, r.drain) })
	}
	wg.Go(func() { r.syncs.Run(ctx) })
	if r.repairs != nil {
		wg.Go(func() { r.repairs.Run(ctx) })
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// Close closes what open has opened.
func (r *replica) Close() error {
	if r == nil {
		return nil
	}
	var err error
	if r.rt != nil {
		err = r.rt.Close()
	}
	if r.store != nil {
		err = errors.Join(err, r.store.Close())
	}
	return err
}
