package conformance

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"handfast/codec"
	"handfast/conformance/driver"
)

// realtimeSourceCases are about what a peer sends to its remotes. Only a driver can be asked to set one up: so they judge dialers alone.
func realtimeSourceCases() []Case {
	cases := forDialers(sourceCases(), cascadeCases(), sourcePartCases())
	for i := range cases {
		cases[i].Needs = append(cases[i].Needs, driver.FeatureDelivery, driver.FeatureRealtime)
	}
	return cases
}

// The clusters that the suite plays, and one that nobody is.
var (
	clusterA     = [16]byte{'c', 'l', 'u', 's', 't', 'e', 'r', 'A'}
	clusterB     = [16]byte{'c', 'l', 'u', 's', 't', 'e', 'r', 'B'}
	clusterOther = [16]byte{'c', 'l', 'u', 's', 't', 'e', 'r', 'X'}
)

// replica is a remote of the peer, played by hand.
type replica struct {
	*taker
	t    *T
	name string
}

// remote makes a link of a cluster that the driver replicates to under a name, and waits for the channel.
func (t *T) remote(name string, cluster [16]byte, changes ...func(h *codec.Hello)) *replica {
	r := &replica{taker: &taker{}, t: t, name: name}
	return r.again(cluster, changes...)
}

// again is remote for a further link.
func (r *replica) again(cluster [16]byte, changes ...func(h *codec.Hello)) *replica {
	c := r.t.Replicate(append([]func(h *codec.Hello){func(h *codec.Hello) { h.Cluster = cluster }}, changes...)...)
	o := c.order(driver.OpReplicate, with{"remote": r.name}, driver.KindOK)
	r.t.await(o)
	e := c.Expect(Matching("OPEN of the channel "+r.name, opensMirror(r.name)))
	m := e.Message.(codec.Open)
	if m.Proto != realtimeProto {
		r.t.Fail("an OPEN of realtime", "one of %s", m.Proto)
	}
	r.c, r.s, r.ch, r.items, r.taker.part, r.fin = c, c.StreamAt(m.Stream), *m.Channel, nil, nil, false
	return r
}

// put makes the driver write a value, and waits until it is acknowledged.
func (t *T) put(key []byte, value string) {
	t.await(t.putting(key, with{"hex": hex.EncodeToString([]byte(value))}))
}

// putting makes the driver write.
func (t *T) putting(key []byte, what with) *op {
	what["key"] = hex.EncodeToString(key)
	return t.ask(driver.OpPut, what, driver.KindOK)
}

// sent is an OBJECT that has come.
type sentObject struct {
	path           [][16]byte
	namespace, key string
	o              object
}

// objects waits for the next record, which has to be an OBJECT in its form.
func (r *replica) object() sentObject {
	i := r.comes()
	if i.gap || i.first != r.next {
		r.t.Fail(fmt.Sprintf("record %d", r.next), "%s", i)
	}
	r.next++
	return r.read(i.data)
}

// read takes an OBJECT apart.
func (r *replica) read(b []byte) (s sentObject) {
	wrong := func(why string, args ...any) {
		r.t.Fail("an OBJECT in its form, with the cluster of the peer at the end of a path of 1 to 16", "%s: %s", fmt.Sprintf(why, args...), brief(b))
	}
	if len(b) < 8 || b[0] != 1 || b[1] != 0 || b[6] != 0 || b[7] != 0 {
		wrong("a head of another form")
	}
	hops, ns, key := int(b[2]), int(b[3]), int(binary.BigEndian.Uint16(b[4:]))
	at := 8 + 16*hops
	if hops == 0 || hops > 16 || len(b) < at+ns+key {
		wrong("%d hops, and %d bytes", hops, len(b))
	}
	for i := range hops {
		s.path = append(s.path, [16]byte(b[8+16*i:]))
	}
	if own := r.c.Peer().Cluster; s.path[hops-1] != own {
		wrong("the path ends with %x, and the cluster is %x", s.path[hops-1], own)
	}
	s.namespace, s.key = string(b[at:at+ns]), string(b[at+ns:at+ns+key])
	o, err := parseObject(b[at+ns+key:])
	if err != nil {
		wrong("no object")
	}
	s.o = o
	return s
}

// has checks that the next record is an object of one value.
func (r *replica) has(key []byte, value string) sentObject {
	s := r.object()
	if s.namespace != syncNamespace || s.key != string(key) || len(s.o.siblings) != 1 || string(s.o.siblings[0].value) != value {
		r.t.Fail(fmt.Sprintf("%s with the value %q", key, value), "%s of %s with %d siblings", s.key, s.namespace, len(s.o.siblings))
	}
	return s
}

// passes checks that the next record is an object as it came, by a path.
func (r *replica) passes(key []byte, o object, path ...[16]byte) {
	s := r.object()
	if s.key != string(key) || !bytes.Equal(s.o.encode(), o.encode()) {
		r.t.Fail(fmt.Sprintf("%s as it came", key), "%s: %s", s.key, brief(s.o.encode()))
	}
	if path != nil && !slices.Equal(s.path, append(path, r.c.Peer().Cluster)) {
		r.t.Fail(fmt.Sprintf("a path of %x and the peer's own cluster", path), "%x", s.path)
	}
}

// acks acknowledges what has come.
func (r *replica) acks() *replica {
	r.c.Send(r.ack(r.next - 1))
	return r
}

func sourceCase(slug, req, title string, run func(t *T)) Case {
	c := realtimeCase("source-"+slug, req, title, nil)
	c.Run = run
	return c
}

// sourceCases are about writes at the peer itself.
func sourceCases() []Case {
	return []Case{
		sourceCase("writes-are-sent", "REAL-001 REAL-002", "each write goes to a remote, as a record whose path is the peer's own cluster", func(t *T) {
			r := t.remote("a", clusterA)
			r.take()
			for i := range 20 {
				key := t.key()
				t.put(key, fmt.Sprint("value ", i))
				if s := r.has(key, fmt.Sprint("value ", i)); len(s.path) != 1 {
					t.Fail("a path of one cluster", "%x", s.path)
				}
			}
		}),
		sourceCase("goes-to-every-remote", "REAL-001", "a write goes to every remote", func(t *T) {
			a, b, key := t.remote("a", clusterA), t.remote("b", clusterB), t.key()
			a.take()
			b.take()
			t.put(key, "for both")
			a.has(key, "for both")
			b.has(key, "for both")
		}),
		sourceCase("queued-without-a-link", "REAL-019", "what is written while there is no link to a remote, and what was not acknowledged before, comes on the next one in its order", func(t *T) {
			r := t.remote("a", clusterA)
			r.take()
			node := ofNode(r.c)
			keys := make([][]byte, 10)
			for i := range keys {
				keys[i] = t.key()
			}
			for i, key := range keys[:5] {
				t.put(key, fmt.Sprint(i))
				r.has(key, fmt.Sprint(i))
			}
			r.c.Send(r.ack(2))
			id := r.ch.ID
			r.c.HangUp()
			t.do(driver.OpWait, with{"link": r.c.dialled.name}, driver.KindEnded)
			for i, key := range keys[5:] {
				t.put(key, fmt.Sprint(5+i))
			}
			r.again(clusterA, node)
			if r.ch.ID != id || r.ch.Next != 11 {
				t.Fail("the channel with id "+hex.EncodeToString(id[:4])+", next 11", "%x, next %d", r.ch.ID[:4], r.ch.Next)
			}
			r.resume(2)
			for i, key := range keys[2:] {
				r.has(key, fmt.Sprint(2+i))
			}
		}),
	}
}

// cascadeCases are about what others have sent to the peer.
func cascadeCases() []Case {
	// given makes the peer take an object that a remote has sent, by a path.
	given := func(r *replica, key []byte, o object, path ...[16]byte) *source {
		f := r.t.newFeed("to-" + r.name)
		f.proto = realtimeProto
		f.attach(r.c)
		s := &source{f, r.t}
		return s.gives(s.recordIn(syncNamespace, key, o.encode(), path...))
	}
	both := func(t *T) (a, b *replica) {
		a, b = t.remote("a", clusterA), t.remote("b", clusterB)
		a.take()
		b.take()
		return a, b
	}
	return []Case{
		sourceCase("not-sent-back", "REAL-015 REAL-016", "what a remote has sent goes to another one, with the clusters of the path before the peer's own, and not back", func(t *T) {
			a, b := both(t)
			key, o, behind := t.key(), value(t.write(0), "from a"), t.key()
			given(a, key, o, clusterOther, clusterA)
			b.passes(key, o, clusterOther, clusterA)
			t.put(behind, "behind")
			a.has(behind, "behind")
			b.has(behind, "behind")
		}),
		sourceCase("not-sent-where-it-was", "REAL-015", "what came through a remote by another one is not sent to it", func(t *T) {
			a, b := both(t)
			key, o, behind := t.key(), value(t.write(0), "from b by a"), t.key()
			given(a, key, o, clusterB, clusterA)
			t.put(behind, "behind")
			b.has(behind, "behind")
		}),
		sourceCase("no-change-goes-nowhere", "REAL-012", "a record that has changed nothing is not passed on", func(t *T) {
			a, b := both(t)
			key, old, behind := t.key(), t.write(0), t.key()
			o := value(t.write(0), "new", old)
			s := given(a, key, o, clusterA)
			b.passes(key, o)
			s.gives(s.recordIn(syncNamespace, key, o.encode(), clusterA), s.recordIn(syncNamespace, key, value(old, "old").encode(), clusterOther, clusterA))
			t.put(behind, "behind")
			b.has(behind, "behind")
		}),
		sourceCase("path-of-sixteen", "REAL-003 REAL-001", "what came through 16 clusters goes on, by a path of 16 at most", func(t *T) {
			a, b := both(t)
			key, o := t.key(), value(t.write(0), "far")
			path := make([][16]byte, 16)
			for i := range path {
				path[i] = [16]byte{byte(i), 'f', 'a', 'r'}
			}
			path[15] = clusterA
			given(a, key, o, path...)
			b.passes(key, o)
		}),
		sourceCase("learned-cluster", "REAL-017", "what waits for a remote and has come through it goes by a GAP with reason 4, when the peer learns its cluster", func(t *T) {
			r := t.remote("a", clusterOther)
			r.take()
			r.c.HangUp()
			t.do(driver.OpWait, with{"link": r.c.dialled.name}, driver.KindEnded)
			b := t.remote("b", clusterB)
			b.take()
			key, o, behind := t.key(), value(t.write(0), "from b"), t.key()
			given(b, key, o, clusterB)
			t.put(behind, "behind")
			r.again(clusterB).take()
			r.lacks(1, codec.GapFiltered)
			r.has(behind, "behind")
		}),
	}
}

// sourcePartCases are about objects that are too large for one record.
func sourcePartCases() []Case {
	const size = 16 << 20 // of a value: its OBJECT is over the bound of one
	large := func(h *codec.Hello) { h.Limits.MaxMessage = 32 << 20 }
	return []Case{
		sourceCase("parts", "REAL-027", "an OBJECT of more than 16,777,216 bytes comes in PARTs of at most 1,048,576 bytes, in their order", func(t *T) {
			r := t.remote("a", clusterA, large)
			r.take()
			key := t.key()
			written := t.putting(key, with{"size": strconv.Itoa(size)})
			r.parts(key, size)
			t.await(written)
		}),
		sourceCase("parts-of-two-objects", "REAL-028", "the PARTs of one object come behind those of another", func(t *T) {
			r := t.remote("a", clusterA, large)
			r.take()
			written := []*op{t.putting(t.key(), with{"size": strconv.Itoa(size)}), t.putting(t.key(), with{"size": strconv.Itoa(size)})}
			r.parts(nil, size)
			r.parts(nil, size)
			for _, o := range written {
				t.await(o)
			}
		}),
	}
}

// parts takes the PARTs of an object of one value; nil is any key.
func (r *replica) parts(key []byte, size int) {
	var whole []byte
	var id []byte
	for total := uint64(1); uint64(len(whole)) < total; {
		i := r.comes()
		b := i.data
		want := fmt.Sprintf("a PART of at most %d bytes that begins at %d", mostPart, len(whole))
		if i.gap || i.first != r.next {
			r.t.Fail(want, "%s", i)
		}
		if len(b) <= partHead || len(b) > mostPart || b[0] != 2 || id != nil && !bytes.Equal(b[8:16], id) ||
			binary.BigEndian.Uint64(b[24:]) != uint64(len(whole)) || len(whole) > 0 && binary.BigEndian.Uint64(b[16:]) != total {
			r.t.Fail(want, "%d bytes: %s", len(b), brief(b))
		}
		total, id = binary.BigEndian.Uint64(b[16:]), b[8:16]
		whole = append(whole, b[partHead:]...)
		r.next++
		r.acks()
	}
	if s := r.read(whole); key != nil && s.key != string(key) || len(s.o.siblings) != 1 || len(s.o.siblings[0].value) != size {
		r.t.Fail(fmt.Sprintf("an object with a value of %d bytes", size), "%s with %d siblings", s.key, len(s.o.siblings))
	}
}
