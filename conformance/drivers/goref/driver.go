package goref

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/refimpl/link"
	"handfast/refimpl/mirror"
	"handfast/refimpl/realtime"
)

// Config says how the driver presents itself.
type Config struct {
	Software string // sw of HELLO, and the version in the answer to hello
	Version  string

	// Dir is the folder in which the driver keeps its node and what mirror takes, over the end of its process. Default: none.
	Dir string

	OpenTimeout time.Duration // as in link.Config; 0 is the 10 s of the specification
}

// Driver is a driver of the reference peer as a dialer. Its requests may be answered concurrently.
type Driver struct {
	config Config
	peer   link.Config // what every link has in common
	work   sync.WaitGroup
	once   sync.Once // sees to it that the end of the first request's context, which is that of all, is the end of the driver

	mu       sync.Mutex // guards the fields below
	links    map[string]*held
	mirror   *mirror.Mirror       // nil before the first dial
	store    *kept                // nil before the first session, and the first channel of realtime
	realtime *realtime.Replicated // nil before the first channel of realtime, and the first remote
}

// held is one link that the driver holds.
type held struct {
	l    *link.Link
	conn net.Conn
	ctx  context.Context // ends with reset, which ends what waits
	stop context.CancelFunc

	mu      sync.Mutex // guards streams
	streams map[string]*link.Stream
}

// New makes a driver that holds no links. The error is that of the folder.
func New(config Config) (*Driver, error) {
	d := &Driver{config: config, links: make(map[string]*held)}
	d.peer = link.Config{Software: config.Software, OpenTimeout: config.OpenTimeout, Incarnation: uint64(time.Now().UnixMilli())}
	err := d.identify()
	d.peer.Cluster = d.peer.Node
	return d, err
}

// Program gives the driver to the loop of package driver.
func (d *Driver) Program() driver.Program {
	p := driver.Program{
		Hello: driver.Answer{
			Impl: "handfast reference peer", Version: d.config.Version,
			Roles: []string{driver.RoleCodec, driver.RoleDialer}, Spec: []string{"1"},
			Features: append(gocodec.Features(),
				driver.FeatureConcurrent, driver.FeatureTLS, driver.FeatureTLSBind, driver.FeatureLimits, driver.FeatureNeed, driver.FeatureStreams,
				driver.FeatureDelivery, driver.FeatureSync, driver.FeatureRealtime,
			),
		},
		Handle:     d.Handle,
		Concurrent: true,
	}
	if d.config.Dir != "" {
		p.Hello.Features = append(p.Hello.Features, driver.FeatureDurable)
	}
	return p
}

// Handle answers one request.
func (d *Driver) Handle(ctx context.Context, r driver.Request) driver.Answer {
	d.once.Do(func() { context.AfterFunc(ctx, d.Close) })
	switch r.Op {
	case driver.OpReset:
		d.Close()
		if err := d.forget(); err != nil {
			return driver.Brokenf("%v", err)
		}
		return driver.OK()
	case driver.OpDial:
		return d.dial(ctx, r.Args)
	case driver.OpPut:
		return d.put(ctx, r.Args)
	case driver.OpDecode, driver.OpDecodes, driver.OpEncode:
		return gocodec.Handle(r)
	}
	on := map[string]func(h *held, args map[string]string) driver.Answer{
		driver.OpCall: called, driver.OpOpen: opened, driver.OpSend: sent, driver.OpRecv: received,
		driver.OpCancel: cancelled, driver.OpDrain: d.drain, driver.OpClose: closed, driver.OpWait: waited, driver.OpSync: d.synced, driver.OpReplicate: d.replicates,
	}[r.Op]
	if on == nil {
		return driver.Unsupported()
	}
	h := d.find(r.Args["link"])
	if h == nil {
		return driver.Brokenf("no link %q", r.Args["link"])
	}
	stop := context.AfterFunc(ctx, h.abandon) // what waits for the link must not outlive the driver
	defer stop()
	return on(h, r.Args)
}

// abandon ends a link without ceremony.
func (h *held) abandon() {
	h.stop()
	_ = h.conn.Close() // the link ends by it
}

// Close ends every link without ceremony and waits for what belongs to it. What is kept in a folder stays there.
func (d *Driver) Close() {
	d.mu.Lock()
	all := d.links
	d.links = make(map[string]*held)
	d.mu.Unlock()
	for _, h := range all {
		h.abandon()
		<-h.l.Done()
	}
	d.work.Wait()
	d.closeMirror()
	d.closeRealtime()
	d.closeStore()
}

func (d *Driver) find(name string) *held {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.links[name]
}

// codeOf finds the code of a name.
func codeOf(name string) (codec.Code, bool) {
	for _, info := range codec.Errors() {
		if strings.EqualFold(info.Name, name) {
			return info.Code, true
		}
	}
	return 0, false
}
