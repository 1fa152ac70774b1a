package goref

import (
	"context"
	"encoding/hex"
	"path/filepath"
	"strconv"

	"handfast/codec"
	"handfast/conformance/driver"
	"handfast/refimpl/link"
	"handfast/refimpl/realtime"
	"handfast/refimpl/store"
)

// mostValue bounds a value that put may write, in bytes: enough for an object that goes out in PARTs.
const mostValue = 32 << 20

// offerRealtime adds the sub-protocol realtime to what a link offers.
func (d *Driver) offerRealtime(cfg *link.Config) {
	cfg.Protos[realtime.Proto] = []uint16{realtime.Version}
	cfg.Handlers[realtime.Proto] = (*sources)(d)
}

// sources takes channels into the driver's store, which the first one makes, as sessions do.
type sources Driver

// HandleStream is never called: sources is a link.ChannelHandler.
func (h *sources) HandleStream(st *link.Stream, _ []byte) { st.Reject(codec.CodeProtocol, "CHAN-003") }

// HandleChannel implements link.ChannelHandler. The first call makes the store, which a driver can wait for.
func (h *sources) HandleChannel(st *link.Stream, params []byte, ch *codec.Channel) link.ChannelReceiver {
	r, err := (*Driver)(h).replicated()
	if err != nil {
		st.RejectChannel(codec.CodeInternal, err.Error())
		return rejected{}
	}
	return r.Sink().(link.ChannelHandler).HandleChannel(st, params, ch)
}

// rejected is the receiver of a channel that was rejected: nothing comes of it but its end.
type rejected struct{}

func (rejected) OnRecords(*link.Stream, codec.Records, link.Charge) *codec.Error { return nil }
func (rejected) OnGap(*link.Stream, codec.Gap) (bool, *codec.Error)              { return true, nil }
func (rejected) OnFin(*link.Stream) *codec.Error                                 { return nil }
func (rejected) OnEnd(s *link.Stream, _ error)                                   { s.Done() }

// replicated gives what sends the store to remotes. It ends with reset. Its queues lie in memory.
func (d *Driver) replicated() (*realtime.Replicated, error) {
	s, err := d.storage()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.realtime == nil {
		cfg := realtime.Config{Store: s, Cluster: d.peer.Cluster, MaxObject: namespace().MaxObject}
		if dir := d.storeDir(); dir != "" {
			cfg.Dir = filepath.Join(dir, "queues")
		}
		if d.realtime, err = realtime.New(cfg); err != nil {
			return nil, err
		}
	}
	return d.realtime, nil
}

// namespace gives the limits of the namespace of the suite.
func namespace() store.Namespace {
	n := store.DefaultNamespace()
	n.MaxValue, n.MaxObject = mostValue, mostValue+n.MaxObject
	return n
}

// replicates makes a link that of a remote.
func (d *Driver) replicates(h *held, args map[string]string) driver.Answer {
	r, err := d.replicated()
	if err == nil {
		err = r.Enable(args["remote"])
	}
	if err == nil {
		err = r.Start(args["remote"])
	}
	if err == nil {
		err = r.Attach(args["remote"], h.l)
	}
	if err != nil {
		return driver.Brokenf("%v", err)
	}
	return driver.OK()
}

// put writes a value.
func (d *Driver) put(ctx context.Context, args map[string]string) driver.Answer {
	key, err := hex.DecodeString(args["key"])
	if err != nil {
		return driver.Brokenf("key: %v", err)
	}
	value, err := hex.DecodeString(args["hex"])
	if err != nil {
		return driver.Brokenf("hex: %v", err)
	}
	if text, ok := args["size"]; ok {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || n > mostValue {
			return driver.Unsupported()
		}
		value = make([]byte, n)
	}
	r, err := d.replicated()
	if err == nil {
		err = r.Update(ctx, func(tx store.Tx) error {
			_, err := tx.Put(store.Key{Namespace: driver.SyncNamespace, Name: string(key)}, nil, value)
			return err
		})
	}
	if err != nil {
		return driver.Brokenf("%v", err)
	}
	return driver.OK()
}

// closeRealtime ends what sends the store, when the links have ended and before the store does.
func (d *Driver) closeRealtime() {
	d.mu.Lock()
	r := d.realtime
	d.realtime = nil
	d.mu.Unlock()
	if r != nil {
		_ = r.Close() // nobody sees it again, or the next one finds what is wrong
	}
}
