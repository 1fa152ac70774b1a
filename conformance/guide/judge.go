package guide

import (
	"cmp"
	"context"
	"slices"

	"handfast/conformance"
	"handfast/conformance/vectors"
	"handfast/spec"
	"handfast/testdata"
)

// Item is a vector or a case that is to pass.
type Item struct {
	ID    string
	Level int
}

// Judge judges one role of a peer, by items in the order in which they are implemented.
type Judge struct {
	Role  string // codec, acceptor or dialer
	Items []Item // by level

	// Again gives the command that judges by one item alone.
	Again func(id string) string
	// Run judges by some of the items and gives a result for each, in any order. The error says that there is nothing to judge.
	Run func(ctx context.Context, ids []string) ([]conformance.Result, error)
	// Lenient passes over what is unsupported: a peer need not have it.
	Lenient bool
}

// The roles of judges.
const (
	RoleCodec    = "codec"
	RoleAcceptor = "acceptor"
	RoleDialer   = "dialer"
)

// Codec judges a parser by the vectors of the profile core. Of the configuration Profile and Run are set here.
func (l *Library) Codec(config vectors.Config, again func(id string) string) *Judge {
	config.Profile = conformance.DefaultProfile
	return &Judge{Role: RoleCodec, Items: l.curriculum(), Again: again, Run: func(ctx context.Context, ids []string) ([]conformance.Result, error) {
		config := config
		config.Run = ids
		report, err := l.Vectors.Run(ctx, config)
		if err != nil {
			return nil, err
		}
		return report.Cases, nil
	}}
}

// Acceptor judges the acceptor at a target by the cases for acceptors, Dialer the dialer behind its driver by those for dialers. Of the configuration
// Cases, Profile and Run are set here.
func (l *Library) Acceptor(config conformance.Config, again func(id string) string) *Judge {
	return l.byCases(RoleAcceptor, conformance.Acceptors, config, again)
}

// Dialer is described at Acceptor.
func (l *Library) Dialer(config conformance.Config, again func(id string) string) *Judge {
	return l.byCases(RoleDialer, conformance.Dialers, config, again)
}

func (l *Library) byCases(role string, in conformance.Roles, config conformance.Config, again func(id string) string) *Judge {
	j := &Judge{Role: role, Again: again, Lenient: true}
	for i := range l.Cases {
		if c := &l.Cases[i]; c.Roles&in != 0 && (c.Profile == "" || c.Profile == conformance.DefaultProfile) {
			j.Items = append(j.Items, Item{c.ID, c.Level})
		}
	}
	slices.SortStableFunc(j.Items, func(a, b Item) int { return cmp.Compare(a.Level, b.Level) })
	config.Cases, config.Profile = l.Cases, conformance.DefaultProfile
	j.Run = func(ctx context.Context, ids []string) ([]conformance.Result, error) {
		config := config
		config.Run = ids
		report, err := conformance.Run(ctx, config)
		if err != nil {
			return nil, err
		}
		return report.Cases, nil
	}
	return j
}

// curriculum orders the vectors of the profile core as a parser is written: by level; within one in the order of the sentences that they are
// about, what needs to be told more about the receiver later. No vector comes before its twin, and none before the plain form of what it is.
func (l *Library) curriculum() []Item {
	place := make(map[string]int)
	for i, r := range spec.Requirements() {
		place[r.ID] = i
	}
	rank := func(v *vectors.Vector) int {
		req := v.Req[0]
		if v.Error != nil && v.Error.Req != "" {
			req = v.Error.Req
		}
		if v.MaxFrame != 0 || v.BeforeReady {
			return len(place) + place[req]
		}
		return place[req]
	}
	list := slices.DeleteFunc(slices.Clone(l.Vectors.Vectors), func(v *vectors.Vector) bool { return profileOf(v) != conformance.DefaultProfile })
	slices.SortStableFunc(list, func(a, b *vectors.Vector) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(rank(a), rank(b)))
	})
	var items []Item
	there := make(map[string]bool)
	add := func(v *vectors.Vector) {
		if !there[v.ID] {
			there[v.ID] = true
			items = append(items, Item{v.ID, v.Level})
		}
	}
	type kind struct {
		name  string
		level int
	}
	plain := make(map[kind]*vectors.Vector)
	for _, v := range list {
		k := kind{vectors.NameOf(v.Vector), v.Level}
		if k.name != "" && plain[k] == nil && v.Verdict == testdata.Accept && !v.Noncanonical {
			plain[k] = v
		}
	}
	for _, v := range list {
		if first := plain[kind{vectors.NameOf(v.Vector), v.Level}]; first != nil {
			add(first)
		}
		if v.Twinned != nil && v.Twinned.Level == v.Level {
			add(v.Twinned)
		}
		add(v)
	}
	return items
}
