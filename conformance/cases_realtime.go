package conformance

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"handfast/codec"
)

// ProfileRealtime is the profile of spec/realtime.md. Its cases judge an acceptor as the receiver: the suite sends objects of the namespace conform, and looks at
// what became of them by object.get and status (spec/access.md). A peer sends only to a remote that somebody has set up, as a driver does: so dialers are judged as senders.
const ProfileRealtime = "realtime"

const realtimeProto = "realtime"

// Replicate makes a link on which a channel of realtime is taken.
func (t *T) Replicate(changes ...func(h *codec.Hello)) *Conn {
	c := t.Open(Options{Hello: func(h *codec.Hello) {
		h.Caps["delivery"], h.Protos[realtimeProto] = true, []uint16{1}
		for _, change := range changes {
			change(h)
		}
	}})
	c.mu.Lock()
	agreed := c.wire.Agreed
	c.mu.Unlock()
	if agreed == nil || agreed.Caps["delivery"] != true || agreed.Protos[realtimeProto] != 1 {
		c.t.Fail("a peer that offers the capability delivery and version 1 of the sub-protocol realtime", "one that does not")
	}
	return c
}

// source is the sender of objects, played by hand.
type source struct {
	*feed
	t *T
}

// newSource makes a channel and attaches it.
func (t *T) newSource() *source {
	f := t.newFeed(string(t.key()))
	f.proto = realtimeProto
	f.attach(t.Replicate())
	return &source{f, t}
}

// again attaches the channel on a new link of the same node.
func (s *source) again() *source {
	s.attach(s.t.Replicate(ofNode(s.c)))
	return s
}

// record makes an OBJECT of the namespace of the suite, that came through no other cluster.
func (s *source) record(key []byte, o object) []byte {
	return s.recordIn(syncNamespace, key, o.encode(), s.c.Self().Cluster)
}

func (s *source) recordIn(namespace string, key, object []byte, path ...[16]byte) []byte {
	b := []byte{1, 0, byte(len(path)), byte(len(namespace))}
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(key))), 0, 0)
	for _, id := range path {
		b = append(b, id[:]...)
	}
	return slices.Concat(b, []byte(namespace), key, object)
}

// part makes a PART of a record.
func part(id byte, record []byte, from, to int) []byte {
	b := append([]byte{2, 0, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{id}, 8)...)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(len(record))), uint64(from))
	return append(b, record[from:to]...)
}

// A PART has so many bytes at most, of which so many stand before those of the object.
const (
	mostPart = 1 << 20
	partHead = 32
)

// large sends a record in as many frames as it takes, and waits until it is acknowledged.
func (s *source) large(record []byte) *source {
	for size := 32 << 10; len(record) > 0; { // no peer grants less at once
		n := min(size, len(record), int(min(s.c.Peer().Limits.MaxFrame, s.c.Self().Limits.MaxFrame))-pieceLength-8)
		flags := codec.Flags(codec.FlagMore)
		if n == len(record) {
			flags = 0
		}
		s.s.AwaitCredit(uint64(n) + codec.MessageCharge)
		s.c.Send(s.records(flags, record[:n]))
		record = record[n:]
	}
	s.done()
	return s
}

// crowded gives an object with more actors in its context, so many in all.
func (o object) crowded(actors uint64) object {
	for i := uint64(len(o.context)); i < actors; i++ {
		d := dot{counter: 1}
		binary.BigEndian.PutUint64(d.actor[8:], i+1)
		o.context = append(o.context, d)
	}
	slices.SortFunc(o.context, dot.compare)
	return o
}

// gives sends records and waits until they are acknowledged.
func (s *source) gives(records ...[]byte) *source {
	s.send(records...).done()
	return s
}

// asked calls a method of spec/access.md.
func (s *source) asked(method string, args []byte) Answer {
	a := s.c.Call(method, args)
	if a.Err != nil && a.Err.Code == codec.CodeCallUnknownMethod {
		s.t.Unsupported("the peer does not serve " + method + " (spec/access.md), by which the case looks at its store")
	}
	return a
}

// shows checks that the peer has an object, as it is written here.
func (s *source) shows(key []byte, want object) *source {
	a := s.asked("object.get", Args("ns", syncNamespace, "key", key))
	if a.Err != nil || len(a.Replies) != 1+len(want.siblings) {
		s.t.Fail(fmt.Sprintf("%d siblings of the object", len(want.siblings)), "%s", describeGet(a))
	}
	for i, one := range want.siblings {
		b := a.Replies[1+i]
		if len(b) < 32 || !bytes.Equal(b[:16], one.actor[:]) || binary.BigEndian.Uint64(b[16:]) != one.counter || b[24]&1 != 0 != one.gone || !bytes.Equal(b[32:], one.value) {
			s.t.Fail(fmt.Sprintf("sibling %x:%d, %s", one.actor[:4], one.counter, brief(one.value)), "%x", brief(b))
		}
	}
	return s
}

// lacks checks that the peer has no object under a key.
func (s *source) lacks(namespace string, key []byte) *source {
	if a := s.asked("object.get", Args("ns", namespace, "key", key)); a.Err == nil {
		s.t.Fail("an ERROR: there is no such object", "%s", describeGet(a))
	}
	return s
}

func describeGet(a Answer) string {
	if a.Err != nil {
		return fmt.Sprintf("ERROR(%v) %q", a.Err.Code, a.Err.Name)
	}
	return fmt.Sprintf("%d siblings", len(a.Replies)-1)
}

// became is what the peer counts of the records of a channel.
type became struct {
	Name    string `json:"name"`
	Applied uint64 `json:"applied"`
	NoOps   uint64 `json:"no_ops"`
	Denied  uint64 `json:"denied"`
	Refused uint64 `json:"refused"`
}

// counts checks what became of the records of the channel, on the links so far.
func (s *source) counts(applied, noOps, denied, refused uint64) *source {
	a := s.asked("status", nil)
	if a.Err != nil || len(a.Replies) != 1 {
		s.t.Fail("one REPLY of status", "%s", describeGet(a))
	}
	var report struct {
		Sources []became `json:"sources"`
	}
	if err := json.Unmarshal(a.Replies[0], &report); err != nil {
		s.t.Fail("a JSON object", "%v", err)
	}
	want := became{s.ch.Name, applied, noOps, denied, refused}
	i := slices.IndexFunc(report.Sources, func(b became) bool { return b.Name == s.ch.Name })
	if i < 0 {
		s.t.Fail("a source with the name of the channel", "none of %d", len(report.Sources))
	}
	if got := report.Sources[i]; got != want {
		s.t.Fail(fmt.Sprintf("%+v", want), "%+v", got)
	}
	return s
}

// realtimeCases are those of the profile realtime.
func realtimeCases() []Case {
	cases := append(forAcceptors(realtimeTakenCases(), realtimeRefusedCases(), realtimePartCases()), realtimeSourceCases()...)
	for i := range cases {
		cases[i].Profile, cases[i].Level = ProfileRealtime, LevelBeyond
	}
	return cases
}

func realtimeCase(slug, req, title string, run func(s *source)) Case {
	return Case{ID: "realtime/" + slug, Req: strings.Fields(req), Title: title, Run: func(t *T) { run(t.newSource()) }}
}

// realtimeTakenCases are about objects that are merged.
func realtimeTakenCases() []Case {
	one := realtimeCase
	killed := func(slug, req, title string, run func(s *source)) Case {
		c := one(slug, req, title, run)
		c.Tags = []string{TagRestart}
		return c
	}
	return []Case{
		one("acknowledged-is-merged", "REAL-007 REAL-008", "an object that is acknowledged is in the store", func(s *source) {
			for i := range 20 {
				key, o := s.t.key(), value(s.t.write(0), fmt.Sprint("value ", i))
				s.gives(s.record(key, o)).shows(key, o)
			}
			s.counts(20, 0, 0, 0)
		}),
		one("siblings-are-merged", "REAL-007", "two objects that do not know each other's writes become one with two siblings; a write that has seen both replaces them", func(s *source) {
			key, a, b := s.t.key(), s.t.write(0), s.t.write(1)
			s.gives(s.record(key, value(a, "a")), s.record(key, value(b, "b")))
			s.shows(key, holds([]sibling{{dot: a, value: []byte("a")}, {dot: b, value: []byte("b")}}))
			o := value(s.t.write(2), "both", a, b)
			s.gives(s.record(key, o)).shows(key, o).counts(3, 0, 0, 0)
		}),
		one("tombstones-are-merged", "REAL-007", "an object whose sibling is a tombstone is in the store as such", func(s *source) {
			key, a := s.t.key(), s.t.write(0)
			o := tombstone(s.t.write(1), a)
			s.gives(s.record(key, value(a, "a")), s.record(key, o)).shows(key, o).counts(2, 0, 0, 0)
		}),
		one("known-is-acknowledged", "REAL-010", "a record whose content the store has is acknowledged and changes nothing, also where it is older, or comes by another channel", func(s *source) {
			key, a := s.t.key(), s.t.write(0)
			old, o := value(a, "old"), value(s.t.write(1), "new", a)
			s.gives(s.record(key, o), s.record(key, o), s.record(key, old)).shows(key, o).counts(1, 2, 0, 0)
			other := s.t.newSource()
			other.gives(other.record(key, old), other.record(key, o)).shows(key, o).counts(0, 2, 0, 0)
		}),
		one("path-of-sixteen", "REAL-004", "an object that came through 16 clusters is taken", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), "far")
			s.gives(s.recordIn(syncNamespace, key, o.encode(), make([][16]byte, 16)...)).shows(key, o).counts(1, 0, 0, 0)
		}),
		one("unused-bits", "REAL-006", "reserved fields of a record are of no meaning", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), "x")
			r := s.record(key, o)
			r[1], r[6], r[7] = 0xAA, 0x55, 0xFF
			s.gives(r).shows(key, o).counts(1, 0, 0, 0)
		}),
		killed("merged-after-a-kill", "REAL-007 REAL-008", "what was acknowledged before SIGKILL is in the store after it", func(s *source) {
			objects := map[string]object{}
			for range 20 {
				key := s.t.key()
				objects[string(key)] = value(s.t.write(0), "kept")
				s.gives(s.record(key, objects[string(key)]))
			}
			s.t.Restart()
			s.again()
			for key, o := range objects {
				s.shows([]byte(key), o)
			}
			if s.at.Stable != 20 {
				s.t.Fail("a position of 20", "%d", s.at.Stable)
			}
		}),
		killed("parts-after-a-kill", "REAL-031", "PARTs that were acknowledged before SIGKILL are there after it, and the rest makes the object whole", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), "in two parts")
			r := s.record(key, o)
			s.gives(part(1, r, 0, 50))
			s.t.Restart()
			s.again().gives(part(1, r, 50, len(r))).shows(key, o)
		}),
	}
}

// realtimeRefusedCases are about what is not merged. The channel goes on behind each.
func realtimeRefusedCases() []Case {
	refused := func(slug, req, what string, bad func(s *source, key []byte, o object) []byte) Case {
		return realtimeCase("refused-"+slug, req, what+" is refused, counted, and consumed; what is behind it is taken", func(s *source) {
			key, behind := s.t.key(), s.t.key()
			o := value(s.t.write(0), "x")
			s.gives(bad(s, key, o), s.record(behind, value(s.t.write(0), "behind"))).counts(1, 0, 0, 1)
			s.lacks(syncNamespace, key).gives(s.record(key, o)).shows(key, o)
		})
	}
	edited := func(edit func(r []byte) []byte) func(s *source, key []byte, o object) []byte {
		return func(s *source, key []byte, o object) []byte { return edit(s.record(key, o)) }
	}
	at := func(i int, v byte) func(s *source, key []byte, o object) []byte {
		return edited(func(r []byte) []byte { r[i] = v; return r })
	}
	inObject := func(i int, v byte) func(s *source, key []byte, o object) []byte {
		return func(s *source, key []byte, o object) []byte {
			r, size := s.record(key, o), len(o.encode())
			r[len(r)-size+i] = v
			return r
		}
	}
	return []Case{
		refused("empty", "REAL-004 REAL-005", "a record without bytes", edited(func([]byte) []byte { return nil })),
		refused("kind-0", "REAL-004 REAL-005", "a record of kind 0", at(0, 0)),
		refused("kind-unknown", "REAL-004 REAL-005", "a record of kind 200", at(0, 200)),
		refused("head-cut", "REAL-004 REAL-005", "a record of 7 bytes", edited(func(r []byte) []byte { return r[:7] })),
		refused("no-hops", "REAL-004 REAL-005", "a record whose path has no cluster", func(s *source, key []byte, o object) []byte { return s.recordIn(syncNamespace, key, o.encode()) }),
		refused("seventeen-hops", "REAL-004 REAL-005", "a record whose path has 17 clusters", func(s *source, key []byte, o object) []byte {
			return s.recordIn(syncNamespace, key, o.encode(), make([][16]byte, 17)...)
		}),
		refused("no-namespace", "REAL-004", "a record with a namespace of no bytes", at(3, 0)),
		refused("namespace-upper", "REAL-004", "a record with a capital letter in its namespace", func(s *source, key []byte, o object) []byte {
			return s.recordIn("Conform", key, o.encode(), s.c.Self().Cluster)
		}),
		refused("no-key", "REAL-004", "a record with a key of no bytes", func(s *source, _ []byte, o object) []byte {
			return s.recordIn(syncNamespace, nil, o.encode(), s.c.Self().Cluster)
		}),
		refused("key-too-long", "REAL-004", "a record with a key of 1,025 bytes", func(s *source, _ []byte, o object) []byte {
			return s.recordIn(syncNamespace, make([]byte, 1025), o.encode(), s.c.Self().Cluster)
		}),
		refused("path-cut", "REAL-004 REAL-005", "a record that ends inside its path", func(s *source, key []byte, o object) []byte {
			return s.recordIn(syncNamespace, key, o.encode(), make([][16]byte, 8)...)[:30]
		}),
		refused("names-cut", "REAL-004 REAL-005", "a record that ends inside its key", func(s *source, key []byte, _ object) []byte {
			r := s.recordIn(syncNamespace, key, nil, s.c.Self().Cluster)
			return r[:len(r)-1]
		}),
		refused("no-object", "REAL-004 REAL-005", "a record that ends where its object should begin", func(s *source, key []byte, _ object) []byte {
			return s.recordIn(syncNamespace, key, nil, s.c.Self().Cluster)
		}),
		refused("object-cut", "REAL-009 OBJ-004", "an object that ends early", edited(func(r []byte) []byte { return r[:len(r)-1] })),
		refused("object-version", "REAL-009 OBJ-004", "an object of version 2", inObject(0, 2)),
		refused("object-reserved", "REAL-009 OBJ-004", "an object with a reserved byte that is not 0", inObject(6, 1)),
		refused("object-tail", "REAL-009 OBJ-004", "an object with a byte behind its last sibling", edited(func(r []byte) []byte { return append(r, 0) })),
		realtimeCase("refused-too-many-actors", "REAL-009 OBJ-007", "an object with 1,025 entries in its context is refused, counted, and consumed; what is behind it is taken", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), "x")
			s.large(s.record(key, o.crowded(1025))).lacks(syncNamespace, key).counts(0, 0, 0, 1)
			s.gives(s.record(key, o)).shows(key, o).counts(1, 0, 0, 1)
		}),
		realtimeCase("refused-too-many-siblings", "REAL-009 OBJ-007", "an object with 1,025 siblings is refused, counted, and consumed", func(s *source) {
			key, list := s.t.key(), make([]sibling, 1025)
			for i := range list {
				list[i].dot = s.t.write(0)
			}
			s.large(s.record(key, holds(list))).lacks(syncNamespace, key).counts(0, 0, 0, 1)
		}),
		realtimeCase("refused-two-values", "REAL-009 OBJ-009", "an object that has another value under a dot that the store knows is refused, and the first one stays", func(s *source) {
			key, a := s.t.key(), s.t.write(0)
			first := value(a, "first")
			s.gives(s.record(key, first), s.record(key, value(a, "other"))).shows(key, first).counts(1, 0, 0, 1)
		}),
		realtimeCase("namespace-not-taken", "REAL-013", "a record of a namespace that is not taken is consumed without a change, and is no refusal", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), "x")
			s.gives(s.recordIn(syncForeign, key, o.encode(), s.c.Self().Cluster)).counts(0, 0, 1, 0).lacks(syncForeign, key)
			s.gives(s.record(key, o)).shows(key, o).counts(1, 0, 1, 0)
		}),
	}
}

// realtimePartCases are about objects that come in PARTs. They are small: a receiver takes PARTs of any size.
func realtimePartCases() []Case {
	// script sends records that are made of one object, of which nothing comes of it but by whole.
	script := func(slug, req, title string, refused uint64, records func(s *source, r []byte) [][]byte) Case {
		return realtimeCase(slug, req, title, func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), strings.Repeat("bytes ", 20))
			r := s.record(key, o)
			s.gives(records(s, r)...).lacks(syncNamespace, key).counts(0, 0, 0, refused)
			s.gives(part(9, r, 0, 60), part(9, r, 60, len(r))).shows(key, o).counts(1, 0, 0, refused)
		})
	}
	return []Case{
		realtimeCase("parts-make-an-object", "REAL-031 REAL-032", "PARTs make an object, other records and other links between them or not", func(s *source) {
			key, other := s.t.key(), s.t.key()
			o, p := value(s.t.write(0), strings.Repeat("bytes ", 20)), value(s.t.write(0), "between")
			r := s.record(key, o)
			s.gives(part(1, r, 0, 1), part(1, r, 1, 100)).lacks(syncNamespace, key)
			s.gives(s.record(other, p)).shows(other, p)
			s.c.HangUp()
			s.again().gives(part(1, r, 100, len(r)-1)).lacks(syncNamespace, key).gives(part(1, r, len(r)-1, len(r))).shows(key, o).counts(2, 0, 0, 0)
		}),
		realtimeCase("part-of-all", "REAL-006 REAL-032", "one PART may be all of an object, and its reserved bytes are of no meaning", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), "whole")
			r := s.record(key, o)
			p := part(1, r, 0, len(r))
			p[1], p[7] = 0xAA, 0x55
			s.gives(p).shows(key, o).counts(1, 0, 0, 0)
		}),
		script("part-left-out", "REAL-029 REAL-033", "a PART that does not begin where the one before has ended is refused, and so is the rest", 2,
			func(_ *source, r []byte) [][]byte {
				return [][]byte{part(1, r, 0, 50), part(1, r, 60, 100), part(1, r, 100, len(r))}
			}),
		script("part-twice", "REAL-029 REAL-033", "a PART that comes twice is refused, and so is the rest", 2,
			func(_ *source, r []byte) [][]byte {
				return [][]byte{part(1, r, 0, 50), part(1, r, 50, 100), part(1, r, 50, 100), part(1, r, 100, len(r))}
			}),
		script("part-of-another-object", "REAL-029 REAL-033", "a PART with another id does not go on with the one before", 1,
			func(_ *source, r []byte) [][]byte { return [][]byte{part(1, r, 0, 50), part(2, r, 50, len(r))} }),
		script("part-with-another-total", "REAL-029 REAL-033", "a PART with another total does not go on with the one before", 1,
			func(_ *source, r []byte) [][]byte {
				p := part(1, r, 50, len(r))
				binary.BigEndian.PutUint64(p[16:], uint64(len(r)+1))
				return [][]byte{part(1, r, 0, 50), p}
			}),
		script("part-begins-anew", "REAL-033", "PARTs of an object that is not whole are dropped when those of another begin", 1,
			func(_ *source, r []byte) [][]byte {
				return [][]byte{part(1, r, 0, 50), part(2, r, 0, 50), part(1, r, 50, len(r))}
			}),
		script("part-without-bytes", "REAL-029", "a PART without bytes is refused", 1, func(_ *source, r []byte) [][]byte { return [][]byte{part(1, r, 0, 0)} }),
		script("part-head-cut", "REAL-029", "a PART that ends inside its head is refused", 1, func(_ *source, r []byte) [][]byte { return [][]byte{part(1, r, 0, 9)[:31]} }),
		script("part-beyond-its-total", "REAL-029", "a PART that goes beyond its total is refused", 1,
			func(_ *source, r []byte) [][]byte {
				p := part(1, r, 0, len(r))
				binary.BigEndian.PutUint64(p[16:], uint64(len(r)-1))
				return [][]byte{p}
			}),
		script("part-total-too-great", "REAL-030", "a PART whose total is over every max_object there may be is refused at once", 1,
			func(_ *source, r []byte) [][]byte {
				p := part(1, r, 0, 50)
				binary.BigEndian.PutUint64(p[16:], 1_090_519_040+1_353)
				return [][]byte{p}
			}),
		script("part-is-no-object", "REAL-032 REAL-005", "what PARTs have made is refused where it is no OBJECT, and counted once", 1,
			func(_ *source, r []byte) [][]byte {
				bad := slices.Clone(r)
				bad[2] = 0
				return [][]byte{part(1, bad, 0, 50), part(1, bad, 50, len(bad))}
			}),
		script("part-of-parts", "REAL-032 REAL-004", "PARTs make no PART", 1,
			func(_ *source, r []byte) [][]byte {
				inner := part(2, r, 0, len(r))
				return [][]byte{part(1, inner, 0, 50), part(1, inner, 50, len(inner))}
			}),
		realtimeCase("part-of-a-namespace-not-taken", "REAL-032 REAL-013", "what PARTs have made of a namespace that is not taken is no refusal", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), "x")
			r := s.recordIn(syncForeign, key, o.encode(), s.c.Self().Cluster)
			s.gives(part(1, r, 0, 20), part(1, r, 20, len(r))).counts(0, 0, 1, 0).lacks(syncForeign, key)
		}),
		realtimeCase("part-of-another-channel", "REAL-029 REAL-033", "PARTs of an object that is not whole are dropped with their channel: those that come under another id do not go on with them", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), strings.Repeat("bytes ", 20))
			r := s.record(key, o)
			s.gives(part(1, r, 0, 50))
			other := &source{s.t.newFeed(s.ch.Name), s.t}
			other.proto = realtimeProto
			other.attach(s.c)
			other.gives(part(1, r, 50, len(r))).lacks(syncNamespace, key).counts(0, 0, 0, 1)
			other.gives(s.record(key, o)).shows(key, o)
		}),
		realtimeCase("part-of-one-mebibyte", "REAL-029", "a PART of 1,048,576 bytes is taken, and one of a byte more is refused", func(s *source) {
			if s.c.Peer().Limits.MaxMessage <= mostPart {
				s.t.Unsupported("the peer takes no record of more than 1,048,576 bytes")
			}
			o := value(s.t.write(0), strings.Repeat("bytes ", 200_000))
			r := s.record(s.t.key(), o)
			fits := mostPart - partHead
			s.large(part(1, r, 0, fits+1)).large(part(2, r, 0, fits)).large(part(2, r, fits, len(r))).counts(1, 0, 0, 1)
		}),
		realtimeCase("part-behind-a-gap", "REAL-033", "PARTs of an object that is not whole are dropped with a GAP", func(s *source) {
			key, o := s.t.key(), value(s.t.write(0), strings.Repeat("bytes ", 20))
			r := s.record(key, o)
			s.gives(part(1, r, 0, 50))
			s.c.Send(s.gap(1, codec.GapOverflow))
			s.gives(part(1, r, 50, len(r))).lacks(syncNamespace, key).counts(0, 0, 0, 1)
		}),
	}
}
