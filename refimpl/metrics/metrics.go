// Package metrics serves what a peer counts in the text form of Prometheus. Names are the words of the specification: handfast_ and the keys of the
// method status (spec/access.md), and for sessions those of spec/sync.md. What is counted says the page, so that nothing has to be written twice.
package metrics

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"handfast/refimpl/status"
	"handfast/refimpl/sync"
)

// Handler answers each request with the state of that moment. read is called for each, by any goroutine; sessions may be nil.
func Handler(read func() (*status.Report, error), sessions *sync.Metrics) (http.Handler, error) {
	r := prometheus.NewRegistry()
	if err := r.Register(&collector{read, sessions}); err != nil {
		return nil, err
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 4}), nil
}

// collector makes metrics of a report. It describes none before, since labels come with what there is.
type collector struct {
	read     func() (*status.Report, error)
	sessions *sync.Metrics
}

func (c *collector) Describe(chan<- *prometheus.Desc) {}

// gauges are the keys whose value may fall. All others count.
var gauges = []string{
	"uptime_ms", "links", "streams", "unread", "unsent", "rtt_us", "offset_us", "offset_err_us", "drift_ppm", "drift_err_ppm", "stable", "objects", "tombstones", "started",
	"attached", "behind", "queue_bytes", "queue_limit", "queue_records", "next", "check_owed", "waiting", "running", "last_whole",
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := sink{ch}
	report, err := c.read()
	if err != nil {
		ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		return
	}
	s.one("uptime_ms", float64(report.UptimeMS), nil, nil)
	s.links(report.Links)
	if report.Store != nil {
		s.fields("store", reflect.ValueOf(*report.Store), nil, nil)
	}
	for i := range report.Remotes {
		s.fields("remote", reflect.ValueOf(report.Remotes[i]), []string{"name"}, []string{report.Remotes[i].Name})
	}
	for i := range report.Sources {
		one := &report.Sources[i]
		s.fields("source", reflect.ValueOf(*one), []string{"node", "name"}, []string{one.Node, one.Name})
	}
	for _, one := range report.Repairs {
		s.fields("repair", reflect.ValueOf(one), []string{"peer"}, []string{one.Peer})
	}
	for i := range report.Peers {
		s.fields("peer", reflect.ValueOf(report.Peers[i]), []string{"name"}, []string{report.Peers[i].Name})
	}
	for _, p := range []sync.Perspective{sync.Asked, sync.Answered} {
		s.sync(string(p), c.sessions.Totals(p))
	}
}

// sink takes metrics.
type sink struct{ ch chan<- prometheus.Metric }

func (s sink) one(name string, v float64, labels, values []string) {
	kind := prometheus.CounterValue
	key := name
	for _, area := range []string{"link_", "store_", "remote_", "source_", "repair_", "peer_"} {
		key = strings.TrimPrefix(key, area)
	}
	if slices.Contains(gauges, key) {
		kind = prometheus.GaugeValue
	}
	d := prometheus.NewDesc("handfast_"+name, "As spec/access.md and spec/sync.md say.", labels, nil)
	for i := range values { // a peer has chosen some of them
		values[i] = strings.ToValidUTF8(values[i], "?")
	}
	m, err := prometheus.NewConstMetric(d, kind, v, values...)
	if err != nil {
		m = prometheus.NewInvalidMetric(d, err)
	}
	s.ch <- m
}

// fields gives each number of a structure under its key; those of a structure or map within it have a label more, which is called like it.
func (s sink) fields(area string, v reflect.Value, labels, values []string) {
	for i := range v.NumField() {
		f, field := v.Type().Field(i), v.Field(i)
		if f.Anonymous {
			s.fields(area, field, labels, values)
			continue
		}
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		name := area + "_" + key
		if n, ok := number(field); ok {
			s.one(name, n, labels, slices.Clone(values))
			continue
		}
		switch field.Kind() {
		case reflect.Struct:
			for j := range field.NumField() {
				of, _, _ := strings.Cut(field.Type().Field(j).Tag.Get("json"), ",")
				if n, ok := number(field.Field(j)); ok {
					s.one(name, n, append(slices.Clone(labels), key), append(slices.Clone(values), of))
				}
			}
		case reflect.Map:
			for m := field.MapRange(); m.Next(); {
				if n, ok := number(m.Value()); ok {
					s.one(name, n, append(slices.Clone(labels), key), append(slices.Clone(values), m.Key().String()))
				}
			}
		}
	}
}

// number gives what a field counts. Text and what is not known are no number; a time is in seconds since 1970.
func number(v reflect.Value) (float64, bool) {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return 0, false
	case v.Kind() == reflect.Pointer:
		if t, ok := v.Interface().(*time.Time); ok {
			return float64(t.UnixMilli()) / 1000, true
		}
		return number(v.Elem())
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	case v.Kind() == reflect.Bool && v.Bool():
		return 1, true
	}
	return 0, v.Kind() == reflect.Bool
}

// links gives sums over the links of each remote, and over all that were accepted: a client that comes for a moment is no series of its own.
func (s sink) links(list []status.Link) {
	sums := map[string]*status.Link{}
	count := map[string]int{"": 0}
	for i := range list {
		l := &list[i]
		count[l.Remote]++
		sum := sums[l.Remote]
		if sum == nil {
			one := *l
			if l.Remote == "" {
				one.RTTUS, one.OffsetUS, one.OffsetErrUS, one.DriftPPM, one.DriftErrPPM = nil, nil, nil, nil, nil
			}
			sums[l.Remote] = &one
			continue
		}
		sum.Streams += l.Streams
		sum.FramesIn += l.FramesIn
		sum.BytesIn += l.BytesIn
		sum.BytesOut += l.BytesOut
		sum.Unread += l.Unread
		sum.Unsent += l.Unsent
	}
	labels := []string{"remote"}
	for remote, n := range count {
		s.one("links", float64(n), labels, []string{remote})
	}
	for remote, l := range sums {
		for key, v := range map[string]any{
			"rtt_us": l.RTTUS, "offset_us": l.OffsetUS, "offset_err_us": l.OffsetErrUS, "drift_ppm": l.DriftPPM, "drift_err_ppm": l.DriftErrPPM, "streams": l.Streams,
			"frames_in": l.FramesIn, "bytes_in": l.BytesIn, "bytes_out": l.BytesOut, "unread": l.Unread, "unsent": l.Unsent,
		} {
			if n, ok := number(reflect.ValueOf(v)); ok {
				s.one("link_"+key, n, labels, []string{remote})
			}
		}
	}
}

// sync gives what sessions have come to; role is initiator or responder.
func (s sink) sync(role string, t sync.Totals) {
	for _, o := range []sync.Outcome{sync.OK, sync.Partial, sync.Failed} {
		s.one("sync_sessions", float64(t.Sessions[o]), []string{"role", "outcome"}, []string{role, o.Word()})
	}
	for key, n := range map[string]uint64{
		"sent": t.Pushes, "received": t.Pulls, "noop": t.NoOps, "siblings": t.Siblings, "rejected": t.Rejected, "lost": t.Lost, "unequal": t.Unequal,
		"messages": t.Versions, "bytes_in": t.BytesIn, "bytes_out": t.BytesOut, "round_trips": t.Turns,
	} {
		s.one("sync_"+key, float64(n), []string{"role"}, []string{role})
	}
	phases := map[string]sync.Latency{"session": t.Took}
	if role == string(sync.Asked) {
		phases["SINCE"], phases["WALK"], phases["COMPLETING"] = t.Since, t.Walk, t.Completing
	}
	d := prometheus.NewDesc("handfast_sync_seconds", "How long sessions and their states took.", []string{"role", "state"}, nil)
	for state, l := range phases {
		s.ch <- prometheus.MustNewConstSummary(d, l.Count, l.Sum.Seconds(), nil, role, state)
	}
}
