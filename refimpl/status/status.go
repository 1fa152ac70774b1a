// Package status is what a peer says of itself: the method status of call, and its JSON form (spec/access.md).
package status

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"handfast/codec"
	"handfast/refimpl/call"
	"handfast/refimpl/link"
	"handfast/refimpl/peers"
	"handfast/refimpl/realtime"
	"handfast/refimpl/repair"
	"handfast/refimpl/store"
)

// Method is the method of call that replies with a Report.
const Method = "status"

// Report is the whole state of a peer. Its JSON form is that of spec/access.md.
type Report struct {
	Format   int                     `json:"format"` // 1
	Node     string                  `json:"node"`
	Cluster  string                  `json:"cluster,omitempty"`
	UptimeMS int64                   `json:"uptime_ms"`
	Process  Process                 `json:"process"`
	Links    []Link                  `json:"links"`
	Store    *Store                  `json:"store,omitempty"`
	Remotes  []Remote                `json:"remotes"`
	Sources  []realtime.SourceStatus `json:"sources"`
	Repairs  []repair.Status         `json:"repairs"`
	Peers    []peers.Entry           `json:"peers"`
	// Foreign counts connections that did not begin with this protocol by what their first bytes were (refimpl.Stats.Kinds).
	Foreign map[string]uint64 `json:"foreign,omitempty"`
}

// Link is one connection. Figures of the clock are what heartbeats say (chapter 9 of SPEC.md).
type Link struct {
	Peer        string   `json:"peer"` // identity: node: what it claims, key: what TLS has proved
	Cluster     string   `json:"cluster,omitempty"`
	Remote      string   `json:"remote,omitempty"` // the remote that this peer has dialled
	OpenMS      int64    `json:"open_ms"`
	RTTUS       *int64   `json:"rtt_us"`        // null before the first PONG
	OffsetUS    *int64   `json:"offset_us"`     // the other clock minus this one
	OffsetErrUS *int64   `json:"offset_err_us"` // bound of the offset
	DriftPPM    *float64 `json:"drift_ppm"`     // null before 300 s
	DriftErrPPM *float64 `json:"drift_err_ppm"` // bound of the drift
	Samples     int      `json:"samples"`
	Stable      bool     `json:"stable"` // the last PING was answered in time
	Draining    bool     `json:"draining"`
	Streams     int      `json:"streams"`
	FramesIn    uint64   `json:"frames_in"`
	BytesIn     uint64   `json:"bytes_in"`
	BytesOut    uint64   `json:"bytes_out"`
	Unread      uint64   `json:"unread"` // charge that waits for this peer
	Unsent      int      `json:"unsent"` // bytes that wait for the transport
}

// Store is what is kept.
type Store struct {
	Objects     uint64 `json:"objects"`
	Tombstones  uint64 `json:"tombstones"`
	Commits     uint64 `json:"commits"`
	Collisions  uint64 `json:"collisions"`
	Quarantined uint64 `json:"quarantined"`
}

// Remote is a cluster that is sent to.
type Remote struct {
	realtime.RemoteStatus
	Address string `json:"address,omitempty"`
	Tries   uint64 `json:"tries"`           // of dialling
	Error   string `json:"error,omitempty"` // of the last try, or why the last link has ended
}

// LinkOf reads one link.
func LinkOf(l *link.Link, remote string) Link {
	st := l.Stats()
	s := Link{
		Peer: l.Identity(), Cluster: ID(l.Peer().Cluster), Remote: remote, OpenMS: st.Open.Milliseconds(), Samples: st.Clock.Samples, Stable: !st.Suspect, Draining: st.Draining,
		Streams: st.Streams, FramesIn: st.FramesIn, BytesIn: st.BytesIn, BytesOut: st.BytesOut, Unread: st.Unread, Unsent: st.Unsent,
	}
	if st.Clock.Samples > 0 {
		s.RTTUS, s.OffsetUS, s.OffsetErrUS = new(st.Clock.RTT.Microseconds()), new(st.Clock.Offset.Microseconds()), new(st.Clock.Err.Microseconds())
	}
	if st.Clock.HasDrift {
		s.DriftPPM, s.DriftErrPPM = new(st.Clock.Drift), new(st.Clock.DriftErr)
	}
	return s
}

// StoreOf reads the counters of a store.
func StoreOf(st store.Stats) *Store {
	return &Store{Objects: st.Objects, Tombstones: st.Tombstones, Commits: st.Commits, Collisions: st.Collisions, Quarantined: st.Quarantined}
}

// ID gives an id in hexadecimal, and nothing for zeros.
func ID(id [16]byte) string {
	if id == ([16]byte{}) {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// Add registers the method. read is called for each call, by any goroutine.
func Add(srv *call.Server, read func() (*Report, error)) {
	srv.Handle(Method, func(_ context.Context, _ *call.Request, w *call.Writer) error {
		r, err := read()
		if err != nil {
			return &call.Error{Code: codec.CodeCallFailed, Text: err.Error(), Processed: codec.ProcessedNo}
		}
		r.sort()
		r.Process = ProcessNow()
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return w.Reply(b)
	})
}

// sort puts lists into a fixed order, and makes them lists where they are empty.
func (r *Report) sort() {
	r.Format = 1
	if r.Links == nil {
		r.Links = []Link{}
	}
	if r.Remotes == nil {
		r.Remotes = []Remote{}
	}
	if r.Sources == nil {
		r.Sources = []realtime.SourceStatus{}
	}
	if r.Repairs == nil {
		r.Repairs = []repair.Status{}
	}
	if r.Peers == nil {
		r.Peers = []peers.Entry{}
	}
	slices.SortFunc(r.Repairs, func(a, b repair.Status) int { return strings.Compare(a.Peer, b.Peer) })
	slices.SortFunc(r.Links, func(a, b Link) int { return strings.Compare(a.Peer+a.Remote, b.Peer+b.Remote) })
}

// Get asks a peer for its report. Errors are those of call.Call, and of JSON.
func Get(ctx context.Context, l *link.Link) (*Report, []byte, error) {
	b, err := call.Call(ctx, l, Method, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	r := &Report{}
	return r, b, json.Unmarshal(b, r)
}

// Uptime fills in the time since the start of a peer.
func (r *Report) Uptime(began time.Time) { r.UptimeMS = time.Since(began).Milliseconds() }
